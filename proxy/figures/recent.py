"""The last exchanges, numbered, for those who look on.

Owns: how many are kept and how large one may be. Must not know: who looks on.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from proxy.figures.ended import Ended

MOST: Final = 500
LONGEST: Final = 1024
"""Characters of a path that are kept."""


class Recent:
    """`number` is that of the last one; the first is 1."""

    def __init__(self, most: int = MOST) -> None:
        self._kept: deque[Ended] = deque(maxlen=most)
        self.number = 0

    def add(self, ended: Ended) -> None:
        self.number += 1
        self._kept.append(ended.shortened(LONGEST))

    def after(self, number: int) -> list[tuple[int, Ended]]:
        """Those with a higher number that are still kept, oldest first."""
        first = self.number - len(self._kept) + 1
        return [(first + place, ended) for place, ended in enumerate(self._kept) if first + place > number]
