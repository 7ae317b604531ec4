"""Where the lines of a process go, and in which format: stderr, by a sink while it serves.

Owns: that all lines of a process are one stream. Must not know: what they say.
"""

from __future__ import annotations

import io
import logging
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar, Final, TextIO, cast

from proxy.config.model import Log
from proxy.logger import structlog
from proxy.logs.colours import is_coloured
from proxy.logs.events import Events, OfLogging
from proxy.sink import Sink

DROPPED: Final = "log lines dropped: nobody took them"

Out = TextIO | Sink

SHARED_PIECE: Final = 4096
"""Bytes that a pipe takes as a whole (PIPE_BUF of Linux): lines of several workers don't mix."""
PIECE: Final = 64 * 1024
"""Bytes that leave together where nothing can come between them: each handing over to the sink's thread costs the loop
two turns of the interpreter's lock, with short pieces a microsecond per request.
"""


class _Serving:
    """The sink of this process, while it serves, and how much it takes in one piece."""

    sink: ClassVar[Sink | None] = None
    piece: ClassVar[int] = SHARED_PIECE


def dropped() -> int:
    """Lines that nobody took since this process serves."""
    return 0 if _Serving.sink is None else _Serving.sink.dropped


def stderr() -> Out:
    """Where lines go."""
    return _Serving.sink or sys.stderr


def piece() -> int:
    """How many bytes of whole lines leave at once: as many as stay together."""
    return _Serving.piece


@contextmanager
def serving(log: Log, *, shared: bool) -> Iterator[None]:
    """Lines of all kinds through one sink, those that asyncio gives to `logging` too; written out at the end.

    `shared`: with other workers, which write at the same time.
    """
    handle = descriptor(sys.stderr)
    sink = Sink(handle, gap=_gap_of(log))
    last_resort = logging.lastResort
    _Serving.sink = sink
    _Serving.piece = SHARED_PIECE if shared and not stat.S_ISREG(os.fstat(handle).st_mode) else PIECE
    configure(log, sink)
    logging.lastResort = logging.StreamHandler(sink)
    logging.lastResort.setFormatter(OfLogging(_events(log, sink)))
    try:
        yield
    finally:
        logging.lastResort = last_resort
        _Serving.sink, _Serving.piece = None, SHARED_PIECE
        sink.drain()


def descriptor(stream: TextIO | None) -> int:
    """Its own, or one that leads nowhere: it may be closed, or captured."""
    try:
        return os.open(os.devnull, os.O_WRONLY) if stream is None else stream.fileno()
    except io.UnsupportedOperation:
        return os.open(os.devnull, os.O_WRONLY)


def configure(log: Log, out: Out | None = None) -> None:
    """Set up structlog for the process."""
    stream = out or sys.stderr
    structlog.configure(
        processors=[structlog.processors.format_exc_info, _events(log, stream)],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, log.level.upper())),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", stream)),
        cache_logger_on_first_use=False,
    )


def is_configured() -> bool:
    """By whom ever: a program of which Keyless is a part may have a log of its own."""
    return structlog.is_configured()


def _events(log: Log, out: Out) -> Events:
    return Events(as_json=log.format == "json", coloured=is_coloured(out))


def _gap_of(log: Log) -> Callable[[int], str]:
    events = Events(as_json=log.format == "json", coloured=False)
    return lambda lines: events.line("warning", DROPPED, {"lines": lines}) + "\n"
