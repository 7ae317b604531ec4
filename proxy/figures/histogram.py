"""How long things took: how many fell under each of some fixed bounds.

Owns: the bounds. Must not know: what is measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

API: Final[tuple[float, ...]] = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Seconds. Models think for minutes. Said to be of any length, since mypyc takes a constant tuple of floats for
one that was never set (findings/).
"""
OWN: Final[tuple[float, ...]] = (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5)
"""Seconds that a proxy may take for itself."""


class Exemplar:
    """The last one of a bucket that was traced: which trace, how many seconds, and its Unix time."""

    __slots__ = ("seconds", "trace", "wall")

    def __init__(self, trace: str, seconds: float, wall: float) -> None:
        self.trace = trace
        self.seconds = seconds
        self.wall = wall


class Histogram:
    """`counts` has one place per bound, for what is not above it, and one for the rest. `exemplars` are by place."""

    __slots__ = ("bounds", "counts", "exemplars", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0
        self.exemplars: dict[int, Exemplar] = {}

    def add(self, seconds: float) -> None:
        self.sum += seconds
        counts, place = self.counts, _place(self.bounds, seconds)
        counts[place] = counts[place] + 1  # compiled, `+= 1` would add objects

    def show(self, seconds: float, trace: str, wall: float) -> None:
        """An example of what took so long."""
        self.exemplars[_place(self.bounds, seconds)] = Exemplar(trace, seconds, wall)


def _place(bounds: tuple[float, ...], seconds: float) -> int:
    """Most are among the first; compiled, a few comparisons cost less than a call of `bisect`."""
    place = 0
    for bound in bounds:
        if seconds <= bound:
            break
        place += 1
    return place


def median(bounds: Sequence[float], counts: Sequence[int]) -> float | None:
    """Estimated within its bucket, to microseconds; None of nothing. What is above all bounds is the last of them."""
    half = sum(counts) / 2
    if not half:
        return None
    below = 0
    for place, count in enumerate(counts[: len(bounds)]):
        if count and below + count >= half:
            low = bounds[place - 1] if place else 0.0
            return round(low + (bounds[place] - low) * (half - below) / count, 6)
        below += count
    return bounds[-1]
