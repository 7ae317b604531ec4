"""A line for each request, from a writer of its own: it costs a microsecond or two.

Owns: what stands in the line (docs/logs.md), and that lines leave in batches. Must not know: sockets, routes. A request
line holds no query (docs/traps.md 25).
"""

from __future__ import annotations

import asyncio
from json.encoder import encode_basestring_ascii as quoted
from typing import Final

from proxy.figures.ended import Ended
from proxy.logs.colours import is_coloured
from proxy.logs.setup import SHARED_PIECE, Out, stderr
from proxy.logs.words import Stamp, begin, clipped, decimal, number, shown, took

FLUSH_AFTER: Final = 0.2


class AccessLog:
    """It watches. A piece of `size` bytes at most leaves when it is full, or FLUSH_AFTER; a longer line goes alone.

    `flush` writes what has not left yet.
    """

    def __init__(self, as_json: bool, out: Out | None = None, size: int = SHARED_PIECE) -> None:
        self._json = as_json
        self._out = out or stderr()
        self._coloured = is_coloured(self._out)
        self._stamp = Stamp()
        self._size = size
        self._left = size
        self._lines: list[str] = []
        self._timer: asyncio.TimerHandle | None = None

    def ended(self, ended: Ended) -> None:
        """The line of a request that is over."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_AFTER, self.flush)
        times = ended.times
        stamp = self._stamp.of(times.wall + times.seconds)
        line = as_json(ended, stamp) if self._json else as_text(ended, stamp, self._coloured)
        length = len(line) if line.isascii() else len(line.encode("utf-8", "backslashreplace"))
        if length > self._left:
            self._leave()
        self._lines.append(line)
        self._left -= length

    def flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._leave()

    def _leave(self) -> None:
        if self._lines:
            self._out.write("".join(self._lines))
            self._out.flush()
            self._lines.clear()
            self._left = self._size


def level_of(ended: Ended) -> str:
    """An answer of our own that blames us is an error; one for which somebody should do something, a warning."""
    if not ended.code or (ended.status < 500 and ended.status != 424):
        return "info"
    return "error" if ended.code == "internal_error" else "warning"


def as_text(ended: Ended, stamp: str, coloured: bool) -> str:
    """The duration stands in front of what not every line has."""
    path = ended.path if ended.path.isprintable() else quoted(ended.path)
    seconds = took(ended.times.seconds)
    rest = f" client={shown(ended.client)}" if ended.client else ""
    if ended.note or ended.id or ended.trace or ended.cut or ended.attempts > 1:
        rest += _rest(ended)
    if not (ended.code or coloured):
        return f"{stamp} info    {ended.method} {path} {number(ended.status)} {seconds}{rest}\n"
    why = f" {ended.code}" if ended.code else ""
    if ended.code and ended.cause:
        why += f" {shown(clipped(ended.cause))}"
    return f"{begin(stamp, level_of(ended), coloured)} {ended.method} {path} {ended.status}{why} {seconds}{rest}\n"


def _rest(ended: Ended) -> str:
    note = " replayed" if ended.attempts > 1 else f" {ended.note}" if ended.note else ""
    cut = " cut" if ended.cut else ""
    known = f" id={ended.id}" if ended.id else ""
    trace = f" trace={ended.trace}" if ended.trace else ""
    return f"{note}{cut}{known}{trace}"


def as_json(ended: Ended, stamp: str) -> str:
    """Written by hand: json.dumps takes four times as long. What is empty is left out.

    Methods, codes, notes and ids are of letters that need no quoting, as the parser and http/request_id.py see to.
    """
    level = level_of(ended) if ended.code else "info"
    tenths = int(ended.times.seconds * 10_000 + 0.5)
    route = f',"route":{quoted(ended.route)}' if ended.route else ""
    provider = f',"provider":{quoted(ended.provider)}' if ended.provider else ""
    client = f',"client":{quoted(ended.client)}' if ended.client else ""
    has_more = ended.code or ended.note or ended.id or ended.trace or ended.cut or ended.attempts > 1
    rest = _rest_of_json(ended) if has_more else "}\n"
    return (
        f'{{"timestamp":"{stamp}","level":"{level}","event":"request","method":"{ended.method}",'
        f'"path":{quoted(ended.path)},"status":{number(ended.status)},"ms":{decimal(tenths)}'
        f"{route}{provider}{client}{rest}"
    )


def _rest_of_json(ended: Ended) -> str:
    why = f',"code":"{ended.code}","cause":{quoted(clipped(ended.cause))}' if ended.code else ""
    note = ',"note":"replayed"' if ended.attempts > 1 else f',"note":"{ended.note}"' if ended.note else ""
    cut = ',"cut":true' if ended.cut else ""
    known = f',"id":"{ended.id}"' if ended.id else ""
    trace = f',"trace":"{ended.trace}"' if ended.trace else ""
    return f"{why}{note}{cut}{known}{trace}}}\n"
