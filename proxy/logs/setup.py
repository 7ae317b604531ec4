"""Where the lines of a process go, and in which format: stderr, by a sink while it serves.

Owns: that all lines of a process are one stream. Must not know: what they say.
"""

from __future__ import annotations

import io
import logging
import os
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


class _Serving:
    """The sink of this process, while it serves."""

    sink: ClassVar[Sink | None] = None


def dropped() -> int:
    """Lines that nobody took since this process serves."""
    return 0 if _Serving.sink is None else _Serving.sink.dropped


def stderr() -> Out:
    """Where lines go."""
    return _Serving.sink or sys.stderr


@contextmanager
def serving(log: Log) -> Iterator[None]:
    """Lines of all kinds through one sink, those that asyncio gives to `logging` too; written out at the end."""
    sink = Sink(descriptor(sys.stderr), gap=_gap_of(log))
    last_resort = logging.lastResort
    _Serving.sink = sink
    configure(log, sink)
    logging.lastResort = logging.StreamHandler(sink)
    logging.lastResort.setFormatter(OfLogging(_events(log, sink)))
    try:
        yield
    finally:
        logging.lastResort = last_resort
        _Serving.sink = None
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
