"""How long a minted token lives, from whatever its issuer said about it.

The order of the sources: docs/lifecycle.md#lifetime. Why so many: docs/traps.md 8, 11.

Owns: units, dates, the order in which the sources count, and the bounds: a life is always above zero and never for
ever. Must not know: what is done with the time, or any clock but the moment it is given.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from proxy.auth.paths import read_json

LONGEST = 10 * 365 * 86400.0
"""Ten years. What claims to live longer is either an absolute time in the wrong field, or is cut to this."""
DEFAULT = 300.0

_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_NOT_FINITE = re.compile(r"\s*[+-]?(nan|inf|infinity)\s*", re.IGNORECASE)
_SECONDS = {"ms": 0.001, "s": 1.0, "minutes": 60.0, "hours": 3600.0}

Finder = Callable[[str], Any]


class UnusableLifetimeError(ValueError):
    """The issuer did speak of the lifetime, and nothing can be made of it."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Where a reply speaks of time: locators that a Finder understands, with their units."""

    expires_in: str | None = None
    expires_in_unit: str = "s"
    expires_at: str | None = None
    expires_at_unit: str = "s"
    refresh_in: str | None = None
    ttl: float | None = None

    def read(self, find: Finder, token: str, wall: float) -> tuple[float, float | None]:
        """Seconds to live and seconds until the issuer wants a refresh, both counted from `wall`.

        Raises UnusableLifetimeError if the reply's word is zero, negative or nonsense and no `ttl` stands in for it.
        """
        wish = self._wish(find, wall)
        stated = self._stated(find, token, wall)
        if stated is not None:
            life = min(stated, LONGEST)
            return life, (wish if wish is not None and wish < life else None)
        if wish is not None:
            return min(wish, LONGEST), None
        return (DEFAULT if self.ttl is None else self.ttl), None

    def _wish(self, find: Finder, wall: float) -> float | None:
        if self.refresh_in is None:
            return None
        seconds = relative(find(self.refresh_in), "s", wall)
        return seconds if seconds is not None and 0 < seconds < math.inf else None

    def _stated(self, find: Finder, token: str, wall: float) -> float | None:
        """None if nothing was said at all. What was said but can't be read leaves the word to the next source."""
        unreadable: list[str] = []
        for source, seconds in self._sources(find, token, wall):
            if seconds is None:
                unreadable.append(source)
            elif 0 < seconds < math.inf:
                return seconds
            elif self.ttl is None:
                raise UnusableLifetimeError(f"{source} gives a lifetime of {seconds:.0f} s")
            else:
                return self.ttl
        if unreadable and self.ttl is None:
            raise UnusableLifetimeError(f"{' and '.join(unreadable)} can't be read as a time")
        return None

    def _sources(self, find: Finder, token: str, wall: float) -> list[tuple[str, float | None]]:
        """The sources that say something, with the seconds that each gives."""
        said: list[tuple[str, float | None]] = []
        if self.expires_in is not None and (value := find(self.expires_in)) is not None:
            said.append((f"`{self.expires_in}`", relative(value, self.expires_in_unit, wall)))
        if self.expires_at is not None and (value := find(self.expires_at)) is not None:
            moment = absolute(value, self.expires_at_unit)
            said.append((f"`{self.expires_at}`", None if moment is None else moment - wall))
        if (end := jwt_end(token)) is not None:
            said.append(("the token's `exp`", end - wall))
        return said


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
    """Seconds from `wall`, for a duration, or for a date that stands where a duration should."""
    amount = number(value)
    if amount is None:
        moment = _date(value)
        return None if moment is None else moment - wall
    seconds = amount * _SECONDS[unit]
    if seconds > LONGEST:
        # Dapr and others were sent Unix times here: taken for durations they mean 'for ever'.
        for left in (amount - wall, amount / 1000 - wall):
            if 0 < left <= LONGEST:
                return left
        return LONGEST
    return seconds


def absolute(value: Any, unit: str) -> float | None:
    """Unix time, for a number or a date. A number of seconds beyond the year 5000 can only be milliseconds."""
    amount = number(value)
    if amount is None:
        return _date(value)
    seconds = amount / 1000 if unit == "ms" else amount
    return seconds / 1000 if seconds > 1e11 else seconds


def jwt_end(token: str) -> float | None:
    """The `exp` of a JWT, unverified: we're not its audience, only its bearer. None for any other text."""
    claims = jwt_claims(token)
    end = number(claims.get("exp")) if claims is not None else None
    return end if end is not None and not math.isnan(end) else None


def jwt_claims(token: str) -> dict[str, Any] | None:
    """The payload of a JWT; None for any other text."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = read_json(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    return claims if isinstance(claims, dict) else None


def http_date(text: str) -> float | None:
    """Unix time of an RFC 9110 date."""
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


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
