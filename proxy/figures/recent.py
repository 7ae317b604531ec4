"""The last exchanges, numbered, for those who look on.

Owns: how many are kept, how large one may be, who is told of a new one. Must not know: who that is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from proxy.figures.ended import Ended

MOST: Final = 500
LONGEST: Final = 1024
"""Characters of a path that are kept."""

Seen = Callable[[int, Ended], None]


class Recent:
    """`number` is that of the last one; the first is 1."""

    def __init__(self, most: int = MOST) -> None:
        self._kept: deque[Ended] = deque(maxlen=most)
        self._seen: list[Seen] = []
        self.number = 0

    def add(self, ended: Ended) -> None:
        self.number += 1
        kept = ended.shortened(LONGEST)
        self._kept.append(kept)
        for seen in self._seen:
            seen(self.number, kept)

    def after(self, number: int) -> list[tuple[int, Ended]]:
        """Those with a higher number that are still kept, oldest first."""
        first = self.number - len(self._kept) + 1
        return [(first + place, ended) for place, ended in enumerate(self._kept) if first + place > number]

    def subscribe(self, seen: Seen) -> Callable[[], None]:
        """`seen` is called with each new one and its number; it must neither wait nor raise. Gives back its end."""
        self._seen = [*self._seen, seen]

        def leave() -> None:
            self._seen = [other for other in self._seen if other is not seen]

        return leave
