"""Log lines: events through structlog, requests through a writer of their own that costs a microsecond.

Owns: formats, levels, where lines go (stderr), how a bug is told. Must not know: tokens. A request line holds no query
(docs/traps.md 25). A process that serves gives all of them to one sink, so that no reader of stderr can hold it up.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import PurePath
from typing import ClassVar, Final, TextIO, cast

import structlog

from proxy.config.model import Log
from proxy.figures.ended import Ended
from proxy.sink import Sink

FLUSH_AFTER: Final = 0.2
WHOLE: Final = 4096
"""Bytes that a pipe takes in one piece (PIPE_BUF of Linux): lines of several workers don't mix."""


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


def _gap_of(log: Log) -> Callable[[int], str]:
    def gap(lines: int) -> str:
        told = {"event": "log lines dropped: nobody took them", "lines": lines, "level": "warning"}
        if log.format == "json":
            return json.dumps(told | {"timestamp": _iso(time.time())}) + "\n"
        return f"{_iso(time.time())} [warning] {told['event']} lines={lines}\n"

    return gap


def _iso(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).isoformat().replace("+00:00", "Z")


def configure(log: Log, out: Out | None = None) -> None:
    """Set up structlog for the process."""
    stream = out or sys.stderr
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log.format == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, log.level.upper())),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", stream)),
        cache_logger_on_first_use=False,
    )


class AccessLog:
    """One line per request, written in batches. `None` in its place switches it off."""

    def __init__(self, as_json: bool, out: Out | None = None) -> None:
        self._json = as_json
        self._out = out or stderr()
        self._lines: list[str] = []
        self._timer: asyncio.TimerHandle | None = None

    def ended(self, ended: Ended) -> None:
        """The line of a request that is over."""
        note = "replayed" if ended.attempts > 1 else ended.note
        self.line(ended.method, ended.path, ended.status, ended.times.seconds, note, ended.client)

    def line(self, method: str, path: str, status: int, seconds: float, note: str, client: str = "") -> None:
        """`path` comes without its query; `note` says what was special; `client` is who asked, if known."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_AFTER, self.flush)
        if self._json:
            known = {"event": "request", "time": time.time(), "method": method, "path": path, "status": status}
            self._lines.append(json.dumps(known | {"ms": round(seconds * 1000, 1), "note": note, "client": client}))
        else:
            printable = path if path.isprintable() else ascii(path)
            who = f" client={client if client.isprintable() else ascii(client)}" if client else ""
            tenths = int(seconds * 10_000 + 0.5)  # of a ms: whole numbers are written in half the time of fractions
            self._lines.append(f"{method} {printable} {status} {tenths // 10}.{tenths % 10}ms{who} {note}".rstrip())

    def flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._lines:
            for batch in batches(self._lines):
                self._out.write(batch)
                self._out.flush()
            self._lines.clear()


def batches(lines: Iterable[str], size: int = WHOLE) -> Iterator[str]:
    """Whole lines, as many at a time as fit into `size` bytes; a longer one goes alone."""
    batch: list[str] = []
    left = size
    for line in lines:
        length = len(line.encode("utf-8", "backslashreplace")) + 1
        if batch and length > left:
            yield "".join(batch)
            batch, left = [], size
        batch.append(f"{line}\n")
        left -= length
    if batch:
        yield "".join(batch)


def raised_at(error: BaseException) -> str:
    """File and line of the deepest frame: a traceback's text could show values."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"


def kind(error: BaseException) -> str:
    """Its type and the line that raised it: enough to find a bug by, and nothing that it was working on."""
    where = PurePath(raised_at(error)).name
    return f"{type(error).__name__} at {where}" if where else type(error).__name__
