"""Small charts of an hour, as paths of SVG. Pure.

Owns: their scale and shape. Must not know: colours, routes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

HEIGHT = 24
FAST = 0.001
"""Seconds: a line is not scaled up beyond that."""


class Mix(NamedTuple):
    """Bars of a minute each: what went well, what the client or a person has to mend, what failed. `most`: in one."""

    good: str
    refused: str
    failed: str
    most: int


def mix(minutes: Sequence[tuple[int, ...]]) -> Mix:
    """Of requests by class: 2, 3, 4, 5, others."""
    most = max((sum(classes) for classes in minutes), default=0)
    paths: list[list[str]] = [[], [], []]
    for place, (two, three, four, five, other) in enumerate(minutes):
        top = 0
        counts = (two + three + other, four, five)
        if not any(counts):
            continue
        for path, count, height in zip(paths, counts, _heights(counts, most), strict=True):
            if count:
                path.append(f"M{place} {HEIGHT - top}v-{height}h1v{height}z")
                top += height
    good, refused, failed = ("".join(path) for path in paths)
    return Mix(good, refused, failed, most)


def _heights(counts: Sequence[int], most: int) -> list[int]:
    """What happened at all is seen."""
    return [max(1, round(HEIGHT * count / most)) if count else 0 for count in counts]


def line(values: Sequence[float | None], most: float) -> str:
    """A point per minute; none where nothing was measured."""
    points, before = [], False
    for place, value in enumerate(values):
        if value is not None:
            height = round(HEIGHT - (HEIGHT - 1) * min(1.0, value / max(most, FAST)), 1)
            points.append(f"{'L' if before else 'M'}{place + 0.5:g} {height:g}" + ("" if before else "h.01"))
        before = value is not None
    return "".join(points)
