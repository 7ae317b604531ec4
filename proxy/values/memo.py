"""What was worked out once for a text that others sent, remembered for the next who sends it.

Owns: the bounds. Anybody may send any text: without a bound on their number and on the length of each, they would fill
the memory; once there are enough, the next is worked out anew each time. Must not know: what is remembered.
"""

from __future__ import annotations

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

MOST = 4096
"""As many as ordinary clients need by far."""


def remember(memo: dict[K, V], key: K, value: V, length: int, longest: int) -> V:
    """The value. It is kept if its key is no longer than ordinary ones are: `length` and `longest` in bytes."""
    if length <= longest and len(memo) < MOST:
        memo[key] = value
    return value
