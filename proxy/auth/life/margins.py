"""How long before its death a token is replaced (docs/lifecycle.md#margins; docs/traps.md 9, 10).

Pure arithmetic on a token's life; `draw` is a number from [0, 1), drawn once per mint.
"""

from __future__ import annotations

from typing import NamedTuple

HARD_CAP = 60.0
SOFT_CAP = 300.0
SOFT_CAP_LONG = 3600.0
LONG_LIFE = 86400.0
LEAST_USE = 5.0


class Margins(NamedTuple):
    """Seconds left at which requests begin to wait for the next token, and at which its refresh begins."""

    hard: float
    soft: float


def margins(life: float, refresh_in: float | None, before: float | None, draw: float) -> Margins:
    """`refresh_in` is the issuer's wish, `before` the config's (`refresh.before`)."""
    hard = min(HARD_CAP, life / 8)
    if refresh_in is not None and 0 < refresh_in < life:
        # No jitter: a caching issuer hands out the old token till then. And a wish for 0 s costs no mint per request.
        return Margins(hard, max(hard, life - max(refresh_in, min(LEAST_USE, life / 2))))
    if before is not None:
        return Margins(hard, max(hard, min(_jittered(before, draw), life / 2)))
    return Margins(hard, _jittered(min(SOFT_CAP_LONG if life > LONG_LIFE else SOFT_CAP, life / 4), draw))


def _jittered(soft: float, draw: float) -> float:
    """So that proxies that were started together do not refresh together."""
    return soft + draw * min(60.0, soft / 5)
