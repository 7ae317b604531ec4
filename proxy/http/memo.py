"""What was worked out once for a text that others sent, remembered for the next who sends it.

Owns: that it is bounded. Anybody may send any text: without a bound on their number and on the length of each, they
would fill the memory; once there are enough, the next is worked out anew each time. Must not know: what is remembered.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Bound(NamedTuple):
    """`most` texts, none longer than the `longest` that ordinary clients send, in bytes."""

    most: int
    longest: int


def remember(memo: dict[K, V], key: K, value: V, length: int, bound: Bound) -> V:
    """The value, kept if there is room for it; `length` is the key's."""
    if length <= bound.longest and len(memo) < bound.most:
        memo[key] = value
    return value
