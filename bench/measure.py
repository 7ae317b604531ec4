"""Numbers out of samples. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """The median of some rounds, with the lowest and the highest."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Figure:
        return cls(median(values), min(values), max(values))

    def over(self, other: Figure | None) -> float | None:
        return self.middle / other.middle if other is not None and other.middle else None


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile; 0 for no values."""
    if not values:
        return 0.0
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


Sample = dict[str, float]


def figures(samples: Sequence[Sample]) -> dict[str, Figure]:
    """One figure per metric that any sample has."""
    names = dict.fromkeys(name for sample in samples for name in sample)
    return {name: Figure.of([sample[name] for sample in samples if name in sample]) for name in names}
