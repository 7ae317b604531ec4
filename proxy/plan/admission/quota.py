"""What a client or a route may use up, and the words in which that is told. Pure: counts and times are arguments.

Owns: the limits that `rate` means, the arithmetic of their windows, the fields `RateLimit` and `RateLimit-Policy`
(draft-ietf-httpapi-ratelimit-headers-11). Must not know: where counts are kept.

A rate per second, minute or hour is a sliding window, approximated as the limits library does it: the requests of the
window before count by the part of it that the last `seconds` still cover. A rate per day is a budget: it is counted
from midnight to midnight, UTC.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from proxy.errors import Fault
from proxy.values.record import record
from proxy.values.units import Rate

DAY = 86400


@record
class Limit:
    """One rate of one client or route.

    `key` names its counter: there are as many as the config has rates. `name` is it as clients read it, without the
    owner: an upstream's own fields may stand beside it, other owners' can't. `policy` is its RateLimit-Policy.
    """

    scope: str
    owner: str
    rate: Rate
    name: str
    key: str
    policy: str
    amount: int
    seconds: int
    daily: bool

    @classmethod
    def of(cls, scope: str, owner: str, rate: Rate) -> Limit:
        """`scope` is client or route, `owner` which of them."""
        name = f"{scope} {rate}"
        return cls(
            scope,
            owner,
            rate,
            name,
            key=f"{scope}:{owner}:{rate.per}",  # not the amount: replicas count together while one has the newer config
            policy=f'"{name}";q={rate.amount};w={rate.seconds}',
            amount=rate.amount,
            seconds=rate.seconds,
            daily=rate.seconds == DAY,
        )

    def counter(self, window: int) -> str:
        """The name of what counts the `window`-th of its windows since 1970."""
        return f"{self.key}:{window}"


class Room(NamedTuple):
    """`left` requests may still be made. `turn`: seconds until the window turns. `wait`: until one may be made."""

    left: int
    turn: float
    wait: float


def limits_of(scope: str, owner: str, rates: Sequence[Rate] | None) -> tuple[Limit, ...]:
    """Shortest window first, so that a request which one of them refuses is not taken from a day's budget."""
    return tuple(Limit.of(scope, owner, rate) for rate in sorted(rates or (), key=lambda rate: rate.seconds))


def sliding(limit: Limit, before: int, before_left: float, current: int, turn: float) -> Room:
    """`before` requests in the window before, of which `before_left` seconds still count; `turn` as in Room."""
    window = float(limit.seconds)
    turn = turn if 0 < turn < window else window
    left = limit.amount - current - math.floor(before * before_left / window)
    if left > 0:
        return Room(left, turn, 0.0)
    if current >= limit.amount:  # used up: with its end it begins to fade
        return Room(0, turn, turn + window * (1 - limit.amount / current))
    return Room(0, turn, max(before_left - (limit.amount - current) * window / before, 0.0))


def daily(limit: Limit, count: int, wall: float) -> Room:
    left, turn = max(limit.amount - count, 0), DAY - wall % DAY
    return Room(left, turn, 0.0 if left else turn)


# ---------------------------------------------------------------------------------------------- what is told


def told(limits: Sequence[Limit], rooms: Sequence[Room]) -> bytes:
    """The lines for a reply that goes through; `rooms` are what is left after it."""
    return f"RateLimit: {_rate_limit(limits, rooms)}\r\nRateLimit-Policy: {_policies(limits)}\r\n".encode("ascii")


def exceeded(limits: Sequence[Limit], full: Sequence[tuple[Limit, Room]]) -> Fault:
    """429: `full` are those of the `limits` that refuse. Retry-After is no earlier than the `t` of any (its §6)."""
    spent = [Room(0, room.wait, room.wait) for _, room in full]
    return Fault(
        "rate_limited",
        " and ".join(_used_up(limit) for limit, _ in full),
        retry_after=max(room.wait for room in spent),
        headers=(
            ("RateLimit", _rate_limit([limit for limit, _ in full], spent)),
            ("RateLimit-Policy", _policies(limits)),
        ),
    )


def _used_up(limit: Limit) -> str:
    whose = f"client {limit.owner} has" if limit.scope == "client" else f"all clients of {limit.owner} together have"
    return f"{whose} used up {limit.rate}{', counted from midnight UTC' if limit.daily else ''}"


def _policies(limits: Sequence[Limit]) -> str:
    return ", ".join([limit.policy for limit in limits])


def _rate_limit(limits: Sequence[Limit], rooms: Sequence[Room]) -> str:
    both = zip(limits, rooms, strict=True)
    return ", ".join([f'"{limit.name}";r={room.left};t={math.ceil(room.turn)}' for limit, room in both])
