"""Lines of events, whoever tells them: structlog, or asyncio by way of `logging`.

Owns: their two formats, text and JSON (docs/logs.md). Must not know: where they go, what requests are.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

from proxy.logs.words import Stamp, begin, rounded, shown

AT_LEAST: Final = 30
"""Columns of an event, so that what follows stands in line."""
_BLOCKS: Final = ("exception", "stack")
"""Of several lines: they follow the line."""


class Events:
    """The last of structlog's processors; and what gives the lines of `logging` the same looks."""

    def __init__(self, *, as_json: bool, coloured: bool) -> None:
        self._json = as_json
        self._coloured = coloured
        self._stamp = Stamp()

    def __call__(self, _: Any, level: str, event: MutableMapping[str, Any]) -> str:
        return self.line(level, str(event.pop("event", "")), event)

    def line(self, level: str, event: str, more: Mapping[str, Any]) -> str:
        """Without its end."""
        level = "error" if level == "exception" else level
        stamp = self._stamp.of(time.time())
        if self._json:
            known = {"timestamp": stamp, "level": level, "event": event}
            more = {name: _number(value) for name, value in more.items()}
            return json.dumps(known | more, ensure_ascii=False, default=repr)
        blocks = "".join(f"\n{more[name]}" for name in _BLOCKS if name in more)
        pairs = "".join(f" {name}={_value(value)}" for name, value in more.items() if name not in _BLOCKS)
        event = f"{_one_line(event):<{AT_LEAST}}" if pairs else _one_line(event)
        return f"{begin(stamp, level, self._coloured)} {event}{pairs}{blocks}"


class OfLogging(logging.Formatter):
    """Lines of libraries that know no other log."""

    def __init__(self, events: Events) -> None:
        super().__init__()
        self._events = events

    def format(self, record: logging.LogRecord) -> str:
        event, *rest = record.getMessage().splitlines() or [""]
        more = {"logger": record.name}
        if rest:
            more["stack"] = "\n".join(rest)
        if record.exc_info:
            more["exception"] = self.formatException(record.exc_info)
        return self._events.line(record.levelname.lower(), event, more)


def _one_line(event: str) -> str:
    return event if event.isprintable() else shown(event)[1:-1]


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return ",".join(map(_value, value))
    return shown(value if isinstance(value, str) else str(_number(value)))


def _number(value: object) -> object:
    return rounded(value) if isinstance(value, float) else value
