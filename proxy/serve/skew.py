"""What an API's reply tells of the difference between its clock and ours, for requests that are signed with the time.

Owns: when a difference is worth learning, and where it is noted. Must not know: how requests are signed or sent again.
"""

from __future__ import annotations

from typing import Final

from proxy.auth.reading.times import dated
from proxy.http.fields import Fields
from proxy.logger import get_logger
from proxy.plan.route import RoutePlan

log: Final = get_logger("keyless.skew")

LEAST: Final = 30.0
"""Seconds that no API minds, and that a slow reply may take: not learnt."""

MOST: Final = 256
"""APIs of one credential, each with a clock of its own: with `hosts` a client chooses them."""


def learnt(plan: RoutePlan, headers: Fields, wall: float) -> bool:
    """Takes the `Date` of a reply that came at Unix time `wall`. True if a request that is signed now has another time
    than before.
    """
    skews = None if plan.provider is None or plan.provider.scheme is None else plan.provider.scheme.skews
    told = dated({name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers})
    if skews is None or told is None:
        return False
    ahead, origin = told - wall, plan.target.origin
    if abs(ahead - skews.get(origin, 0.0)) < LEAST:
        return False
    skews.pop(origin, None)
    skews[origin] = ahead
    if len(skews) > MOST:
        del skews[next(iter(skews))]
    name = "" if plan.provider is None else plan.provider.name
    log.warning("clock differs", provider=name, route=plan.prefix, api_ahead=round(ahead))
    return True
