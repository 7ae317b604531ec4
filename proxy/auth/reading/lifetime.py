"""How long a minted token lives, from whatever its issuer said about it.

The order of the sources: docs/lifecycle.md#lifetime. Why so many: docs/traps.md 8, 11.

Owns: the order in which the sources count, by whose clock, and the bounds: a life is always above zero and never for
ever. Must not know: how times are written (auth/reading/times.py), what is done with them, or any clock but the
moments it is given.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from typing import Any, NamedTuple

from proxy.auth.paths import read_json
from proxy.auth.reading.times import LONGEST, absolute, number, relative, unread
from proxy.values.record import record

DEFAULT = 300.0
WOBBLE = 1.0
"""Date counts whole seconds."""
SKEW_TOLD = 10.0
"""Seconds that clocks differ by before anybody is told."""

Finder = Callable[[str], Any]


class Span(NamedTuple):
    """Seconds to live, and until the issuer wants a refresh. `doubt`: why its word on the life was not taken."""

    life: float
    refresh_in: float | None
    doubt: str | None = None


@record
class Lifetime:
    """Where a reply speaks of time: locators that a Finder understands, with their units."""

    expires_in: str | None = None
    expires_in_unit: str = "s"
    expires_at: str | None = None
    expires_at_unit: str = "s"
    refresh_in: str | None = None
    ttl: float | None = None

    def read(
        self, find: Finder, token: str, wall: float, dated: float | None = None, *, cookie: float | None = None
    ) -> Span:
        """All counts from `wall`, when the request was sent; `dated` is what the issuer's clock said in its reply, and
        `cookie` the seconds that the cookie lives, which the token is.

        The issuer's absolute times are by the issuer's clock, whatever ours says.
        """
        now = wall if dated is None or abs(dated - wall) <= WOBBLE else dated
        wish = self._wish(find, now)
        said = self._sources(find, token, now, guess=dated is None, cookie=cookie)
        stated = next((seconds for _, seconds, _ in said if seconds is not None and 0 < seconds < math.inf), None)
        if stated is not None:
            life = min(stated, LONGEST)
            return Span(life, wish if wish is not None and wish < life else None)
        if wish is not None:
            return Span(min(wish, LONGEST), None)
        if self.ttl is not None:
            return Span(self.ttl, None)
        return Span(DEFAULT, None, "; ".join(_doubt(*word) for word in said) or None)

    def ended(self, find: Finder, token: str, wall: float) -> float | None:
        """Seconds since its end, where that is a moment and lies before `wall`; nobody's clock but ours is known."""
        said = None if self.expires_at is None else absolute(find(self.expires_at), self.expires_at_unit)
        past = [wall - end for end in (said, jwt_end(token)) if end is not None and end <= wall]
        return max(past, default=None)

    def _wish(self, find: Finder, now: float) -> float | None:
        if self.refresh_in is None:
            return None
        seconds = relative(find(self.refresh_in), "s", now)
        return seconds if seconds is not None and 0 < seconds < math.inf else None

    def _sources(
        self, find: Finder, token: str, now: float, *, guess: bool, cookie: float | None
    ) -> list[tuple[str, float | None, Any]]:
        """The sources that say something, with the seconds that each gives, None for what can't be read, and what it
        says.
        """
        said: list[tuple[str, float | None, Any]] = []
        if self.expires_in is not None and (value := find(self.expires_in)) is not None:
            said.append((f"`{self.expires_in}`", relative(value, self.expires_in_unit, now), value))
        if self.expires_at is not None and (value := find(self.expires_at)) is not None:
            moment = absolute(value, self.expires_at_unit)
            said.append((f"`{self.expires_at}`", None if moment is None else moment - now, value))
        if cookie is not None:
            said.append(("the cookie", cookie, cookie))
        if (left := _jwt_left(token, now, guess=guess)) is not None:
            said.append(("the token's `exp`", left, left))
        return said


def _doubt(source: str, seconds: float | None, value: Any) -> str:
    if seconds is None or math.isnan(seconds):
        return f"{source} {unread(value)}"
    return f"{source} gives a lifetime of {seconds:.0f} s"


def _jwt_left(token: str, now: float, *, guess: bool) -> float | None:
    """Never more than the whole life. `guess`: no clock but ours is known, and a token that it calls dead is new."""
    claims = jwt_claims(token) or {}
    end, begin = _moment(claims.get("exp")), _moment(claims.get("iat"))
    if end is None:
        return None
    left, whole = end - now, math.inf if begin is None or begin >= end else end - begin
    if left <= 0 and guess and whole < math.inf:
        return whole
    return min(left, whole)


def jwt_end(token: str) -> float | None:
    """The `exp` of a JWT, unverified: we're not its audience, only its bearer. None for any other text."""
    return _moment((jwt_claims(token) or {}).get("exp"))


def _moment(claim: Any) -> float | None:
    moment = number(claim)
    return None if moment is None or math.isnan(moment) else moment


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


def skew(sent: float, came: float, dated: float) -> float:
    """Seconds that the issuer's clock is certainly ahead of ours; below zero: behind. All Unix time.

    It was read at some moment between `sent` and `came`, and its fraction of a second was cut off.
    """
    if dated + WOBBLE < sent:
        return dated + WOBBLE - sent
    return max(0.0, dated - came)


def skew_told(seconds: float) -> str | None:
    """The same in words, if it is worth them."""
    if abs(seconds) < SKEW_TOLD:
        return None
    return f"the issuer's clock is {abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} this machine's"
