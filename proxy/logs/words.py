"""Times, numbers and texts as people read them in a line, and so that no text can look like another line.

Owns: how one is written. Must not know: what lines say. Pure.
"""

from __future__ import annotations

import math
import time
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Final

LONGEST: Final = 200
"""Characters of a cause: much of it is what a client has sent."""
_NUMBERS: Final = tuple(map(str, range(1000)))
_DECIMALS: Final = tuple(f"{tenths // 10}.{tenths % 10}" for tenths in range(1000))
_WIDE: Final = {level: f"{level:<7}" for level in ("debug", "info", "warning", "error")}
_COLOURS: Final = {"debug": "\x1b[2m", "info": "\x1b[32m", "warning": "\x1b[33m", "error": "\x1b[31m"}
_DIM: Final = "\x1b[2m"
_PLAIN: Final = "\x1b[0m"


class Stamp:
    """Unix time as RFC 3339 has it, in UTC and milliseconds: all of one width. Under load many lines have the same."""

    __slots__ = ("_last", "_millisecond", "_minute", "_minutes")

    def __init__(self) -> None:
        self._millisecond = -1
        self._last = ""
        self._minute = -1
        self._minutes = ""

    def of(self, wall: float) -> str:
        millisecond = int(wall * 1000)
        if millisecond != self._millisecond:
            self._millisecond = millisecond
            self._last = self._made(millisecond)
        return self._last

    def _made(self, millisecond: int) -> str:
        minute, within = divmod(millisecond, 60_000)
        if minute != self._minute:
            self._minute = minute
            self._minutes = time.strftime("%Y-%m-%dT%H:%M:", time.gmtime(minute * 60))
        digits = str(100_000 + within)
        return f"{self._minutes}{digits[1:3]}.{digits[3:]}Z"


def begin(stamp: str, level: str, coloured: bool) -> str:
    """Of each line of text: what follows stands in line."""
    wide = _WIDE.get(level) or level
    if coloured:
        return f"{_DIM}{stamp}{_PLAIN} {_COLOURS.get(level, _PLAIN)}{wide}{_PLAIN}"
    return f"{stamp} {wide}"


def number(whole: int) -> str:
    """Of those in every line; one that is looked up costs a fifth of one that is written."""
    return _NUMBERS[whole] if 0 <= whole < 1000 else str(whole)


def decimal(tenths: int) -> str:
    """So many tenths."""
    return _DECIMALS[tenths] if 0 <= tenths < 1000 else f"{tenths // 10}.{tenths % 10}"


def took(seconds: float) -> str:
    """A duration, as exact as somebody wants to know it."""
    tenths = int(seconds * 10_000 + 0.5)  # of a ms: whole numbers are written in half the time of fractions
    if tenths < 1000:
        return decimal(tenths) + "ms"
    if tenths < 9995:
        return f"{(tenths + 5) // 10}ms"
    tenths = int(seconds * 10 + 0.5)
    if tenths < 600:
        return decimal(tenths) + "s"
    whole = int(seconds + 0.5)
    return f"{whole // 60}m{100 + whole % 60}s".replace("m1", "m", 1)


def rounded(number: float) -> float | int:
    """To three digits or whole numbers, whatever says more."""
    if not math.isfinite(number):
        return number
    return float(f"{number:.3g}") if abs(number) < 100 else round(number)


def shown(text: str) -> str:
    """A text in a line of text: in quotes where it could be taken for several words, or do something to a terminal."""
    if text.isalnum():  # most names
        return text
    if not text.isprintable():
        return encode_basestring_ascii(text)
    quoted = encode_basestring(text)
    return quoted if " " in text or len(quoted) != len(text) + 2 or not text else text


def clipped(text: str, longest: int = LONGEST) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
