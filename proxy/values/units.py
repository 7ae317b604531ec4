"""Durations, sizes and rates as people write them: `10s 5m 24h 30d`, `64KiB 1MiB`, `600/min`."""

from __future__ import annotations

import re
from typing import NamedTuple

DURATION = r"^\d+(\.\d+)?(ms|s|m|h|d)?$"
SIZE = r"^\d+(B|KiB|MiB|GiB|kB|KB|MB|GB)?$"
RATE = r"^0*[1-9]\d{0,8}/(s|sec|second|min|minute|h|hour|d|day)$"

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "": 1.0}
_BYTES = {
    "": 1,
    "B": 1,
    "kB": 1000,
    "KB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "KiB": 1024,
    "MiB": 1024**2,
    "GiB": 1024**3,
}
_WINDOWS = {"s": 1, "min": 60, "hour": 3600, "day": 86400}
_ALSO = {"sec": "s", "second": "s", "minute": "min", "h": "hour", "d": "day"}


class Rate(NamedTuple):
    """`amount` requests `per` s, min, hour or day."""

    amount: int
    per: str

    @property
    def seconds(self) -> int:
        return _WINDOWS[self.per]

    def __str__(self) -> str:
        return f"{self.amount}/{self.per}"


def duration(written: object) -> float:
    """Seconds. A bare number is seconds. Raises ValueError for anything else."""
    match = re.match(DURATION, _text(written))
    if match is None:
        raise ValueError("expected a duration such as 10s, 5m, 24h or 30d")
    unit = match[2] or ""
    return float(match[0].removesuffix(unit)) * _SECONDS[unit]


def size(written: object) -> int:
    """Bytes. A bare number is bytes. Raises ValueError for anything else."""
    match = re.match(SIZE, _text(written))
    if match is None:
        raise ValueError("expected a size such as 65536, 64KiB or 1MiB")
    unit = match[1] or ""
    return int(match[0].removesuffix(unit)) * _BYTES[unit]


def rate(written: object) -> Rate:
    """Requests per time. Raises ValueError for anything else, nought included."""
    text = _text(written)
    if re.match(RATE, text) is None:
        raise ValueError("expected a rate such as 10/s, 600/min, 5000/hour or 10000/day")
    amount, _, per = text.partition("/")
    return Rate(int(amount), _ALSO.get(per, per))


def _text(written: object) -> str:
    return "" if isinstance(written, bool) else str(written).strip()
