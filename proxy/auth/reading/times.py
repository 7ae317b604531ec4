"""Times as issuers write them: numbers, dates, and durations in words (docs/traps.md 8): the one parser of lifetimes.

Owns: units, spellings, and what can't be what it claims to be. Must not know: which part of a reply counts, or any
clock but the moment it is given.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

LONGEST = 10 * 365 * 86400.0
"""Ten years. What claims to live longer is either an absolute time in the wrong field, or is cut to this."""

_UNSET = 1_577_836_800.0
"""The year 2020, before this was written: a clock that says less counts from its own birth."""

_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_NOT_FINITE = re.compile(r"\s*[+-]?(nan|inf|infinity)\s*", re.IGNORECASE)
_UNITS = {"ms": 0.001, "s": 1.0, "minutes": 60.0, "hours": 3600.0}

_DAY = 86400.0
_WORDS = {
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds"), 0.001),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), _DAY),
    **dict.fromkeys(("w", "week", "weeks"), 7 * _DAY),
}
_AMOUNT = r"(\d{1,15}(?:\.\d{1,9})?)"
_PART = re.compile(rf"{_AMOUNT}\s*([a-z]+)(?:\s*,?\s*(?:and\s+)?|$)", re.ASCII)
_PARTS = re.compile(rf"(?:{_PART.pattern})+", re.ASCII)
_CLOCK = re.compile(r"(?:(\d{1,5})(?:\.|\s*days?,\s*))?(\d{1,5}):([0-5]\d):([0-5]\d(?:\.\d{1,9})?)", re.ASCII)
_TWO_MEANINGS = {
    re.compile(r"\s*\d{1,5}:\d{1,2}\s*", re.ASCII): "hours and minutes, or minutes and seconds",
    re.compile(r"\s*\d{1,5} ?M\s*", re.ASCII): "months or minutes",
}
_KINDS = {bool: "true or false", list: "a list", dict: "an object"}
_ISO = re.compile(
    rf"P(?:{_AMOUNT}Y)?(?:{_AMOUNT}M)?(?:{_AMOUNT}W)?(?:{_AMOUNT}D)?"
    rf"(?:T(?:{_AMOUNT}H)?(?:{_AMOUNT}M)?(?:{_AMOUNT}S)?)?",
    re.ASCII,
)
_ISO_PARTS = (365 * _DAY, 28 * _DAY, 7 * _DAY, _DAY, 3600.0, 60.0, 1.0)
"""A month has 28 days at least: renewing too early does no harm."""


def number(value: Any) -> float | None:
    """A number or a numeric text; NaN and infinities come out as NaN. Booleans are no numbers."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _finite(value)
    if isinstance(value, str) and len(value) < 64:
        if _NUMBER.fullmatch(value):
            return _finite(float(value))
        if _NOT_FINITE.fullmatch(value):
            return math.nan
    return None


def relative(value: Any, unit: str, wall: float) -> float | None:
    """Seconds from `wall`, for a duration, or for a date that stands where a duration should.

    `unit` is that of a bare number; words bring their own.
    """
    amount = number(value)
    if amount is None:
        seconds = in_words(value)
        moment = _date(value) if seconds is None else None
        return seconds if moment is None else moment - wall
    seconds = amount * _UNITS[unit]
    if seconds > LONGEST:
        # Dapr and others were sent Unix times here: taken for durations they mean 'for ever'.
        for left in (amount - wall, amount / 1000 - wall):
            if 0 < left <= LONGEST:
                return left
        return LONGEST
    return seconds


def in_words(value: Any) -> float | None:
    """Seconds, for `30d`, `2h`, `1h30m`, `90 minutes`, `1 day, 2:00:00`, `1:00:00`, `PT1H` (ISO 8601); else None."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    text = value.strip()
    if (clock := _CLOCK.fullmatch(text)) is not None:
        days, hours, minutes, seconds = (float(part or 0) for part in clock.groups())
        return days * _DAY + hours * 3600 + minutes * 60 + seconds
    if text[:1] in ("P", "p"):
        return _iso(text.upper())  # RFC 3339's grammar (appendix A) takes small letters, too
    return None if text[-1:] == "M" else _spelt(text.lower())  # a month or a minute?


def unread(value: Any) -> str:
    """What stands where a time should, in words: not itself, which may be anything, but where it is nearly one."""
    if isinstance(value, str):
        for form, doubt in _TWO_MEANINGS.items():
            if form.fullmatch(value):
                return f"is {value.strip()}: {doubt}?"
        return f"can't be read as a time: a text of {len(value)} characters"
    kind = next((word for kind, word in _KINDS.items() if isinstance(value, kind)), "no number")
    return f"can't be read as a time: {kind}"


def _iso(text: str) -> float | None:
    match = _ISO.fullmatch(text)
    if match is None or text[-1] in "PT":
        return None
    return sum(float(amount or 0) * seconds for amount, seconds in zip(match.groups(), _ISO_PARTS, strict=True))


def _spelt(text: str) -> float | None:
    if not _PARTS.fullmatch(text):
        return None
    parts = _PART.findall(text)
    if not all(word in _WORDS for _, word in parts):
        return None
    return sum(float(amount) * _WORDS[word] for amount, word in parts)


def absolute(value: Any, unit: str) -> float | None:
    """Unix time, for a number or a date. A number of seconds beyond the year 5000 can only be milliseconds."""
    amount = number(value)
    if amount is None:
        return _date(value)
    seconds = amount / 1000 if unit == "ms" else amount
    return seconds / 1000 if seconds > 1e11 else seconds


def http_date(text: str) -> float | None:
    """Unix time of an RFC 9110 date."""
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def dated(headers: Mapping[str, str]) -> float | None:
    """What the clock of a reply's sender says, Unix time: its Date, and what caches have added since (RFC 9111 §5.1).

    None without one, or where nobody has ever set that clock. Header names are lower case.
    """
    moment, age = http_date(headers.get("date", "")), number(headers.get("age"))
    if moment is None or moment < _UNSET:
        return None
    return moment + age if age is not None and 0 < age < LONGEST else moment


def _date(value: Any) -> float | None:
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return http_date(value)


def _finite(value: float) -> float:
    try:
        amount = float(value)
    except OverflowError:  # an integer of more than 308 digits
        return math.nan
    return amount if math.isfinite(amount) else math.nan
