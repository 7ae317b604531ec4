"""Dates and times as people write them in the config: `2027-01-31`, `2027-01-31T12:00:00Z`.

Must not know: what time it is.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

MOMENT = r"^\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?([Zz]|[+-]\d{2}:\d{2}))?$"
_DAY = timedelta(days=1)


def begin(written: object) -> float:
    """Unix time. A date is its first moment, in UTC. Raises ValueError."""
    return _unix(written, timedelta())


def end(written: object) -> float:
    """Unix time. A date counts to its end, in UTC, as it does on a ticket. Raises ValueError."""
    return _unix(written, _DAY)


def shown(moment: float) -> str:
    """As `end` reads it: a date where that is all there is to say."""
    at = datetime.fromtimestamp(moment, UTC)
    if at.time() == datetime.min.time():
        return (at - _DAY).date().isoformat()
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _unix(written: object, of_date: timedelta) -> float:
    """A time needs its offset: whose noon would it be (RFC 3339 §5.6)? `of_date` is added where there is none."""
    if isinstance(written, str) and re.fullmatch(MOMENT, written):
        try:
            moment = datetime.fromisoformat(written.upper())
            return (moment.replace(tzinfo=UTC) + of_date if moment.tzinfo is None else moment).timestamp()
        except (ValueError, OverflowError):  # the 31st of February; the day after the last one
            pass
    raise ValueError("expected a date such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z")
