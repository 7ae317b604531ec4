"""How long to wait after a failed login (docs/lifecycle.md#back-off, #the-issuer-call).

Pure arithmetic: `draw` is a number from [0, 1), given by the caller.
"""

from __future__ import annotations

import math

from proxy.errors import FailureClass, IssuerError

RETRY_AFTER_CAP = 3600.0
TRIES = 3

_FIRST_AND_CAP = {
    FailureClass.PASSING: (0.5, 60.0),
    FailureClass.CREDENTIAL: (60.0, 900.0),
    FailureClass.LOGIN: (math.inf, math.inf),
}
_BETWEEN_TRIES = (1.0, 2.0)
_LONGEST_WAIT_IN_FLIGHT = 5.0


def pause(error: IssuerError, failures: int, draw: float) -> float:
    """Seconds before the next flight, after `failures` failed ones in a row (1 or more) of this class."""
    first, cap = _FIRST_AND_CAP[error.failure]
    waits = min(cap, first * 2.0 ** min(failures - 1, 30))
    if error.failure is FailureClass.PASSING:
        waits *= 0.5 + draw / 2
    if error.retry_after is not None:
        waits = max(waits, min(error.retry_after, RETRY_AFTER_CAP))
    return waits


def wait_in_flight(error: IssuerError, tries: int, draw: float) -> float | None:
    """Seconds before the next try of the same flight, or None when the flight has failed."""
    if not error.again or tries >= TRIES:
        return None
    waits = _BETWEEN_TRIES[tries - 1] * (0.9 + 0.2 * draw)
    if error.retry_after is None:
        return waits
    return None if error.retry_after > _LONGEST_WAIT_IN_FLIGHT else max(waits, error.retry_after)
