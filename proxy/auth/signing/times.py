"""A time as a description has it written: what is signed, and what a login says of itself.

Must not know: what the time is for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from proxy.auth.signing.request import Moment


def time_of(written: str, zone: float, moment: Moment) -> str:
    """`written` is a word of `_TIMES`, else a pattern of strftime, `zone` seconds ahead of UTC."""
    if written in _TIMES:
        return _TIMES[written](moment)
    return _patterned(written, zone, int(moment.wall))


@lru_cache(maxsize=8)
def _patterned(written: str, zone: float, second: int) -> str:
    """Signed in one second are many."""
    return datetime.fromtimestamp(second, timezone(timedelta(seconds=zone))).strftime(written)


_TIMES: Mapping[str, Callable[[Moment], str]] = {
    "s": lambda moment: str(int(moment.wall)),
    "ms": lambda moment: str(int(moment.wall * 1000)),
    "iso": lambda moment: moment.iso,
    "iso_ms": lambda moment: _iso_ms(moment.wall),
    "http": lambda moment: moment.http,
}


def _iso_ms(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
