"""How long an API keeps a connection that nobody uses, as far as it has been seen.

Owns: what is learnt from an API that closed one, and when that is forgotten. Pure: told the time, and how long a
connection was idle, in seconds. Must not know: sockets, pools, requests. Three numbers per API.
"""

from __future__ import annotations

import math
from typing import Final

_MARGIN: Final = 1.0  # some servers look once a second (lighttpd), and a close needs its way
_LEAST_MARGIN: Final = 0.02
_LIVES: Final = 60  # what was learnt holds for so many idle lives, and
_LEAST_TRUST: Final = 1.0


class IdleLife:
    """A restart closes connections of any age: one that lives longer, or some time, puts right what that taught."""

    __slots__ = ("_margin", "_shortest", "_until")

    def __init__(self) -> None:
        self._shortest = self._margin = self._until = math.inf

    def closed(self, idle: float, now: float) -> None:
        """The API closed one that had been idle for so long."""
        if idle <= self._shortest or now >= self._until:
            self._shortest = idle
            self._margin = min(_MARGIN, max(_LEAST_MARGIN, idle))
            self._until = now + max(_LEAST_TRUST, _LIVES * idle)

    def outlived(self, idle: float) -> None:
        """One is still open after so long."""
        if idle > self._shortest + self._margin:
            self._shortest = self._margin = self._until = math.inf

    def is_near(self, idle: float, now: float) -> bool:
        """May the API be about to close one that has been idle for so long?"""
        return now < self._until < math.inf and idle > self._shortest - self._margin
