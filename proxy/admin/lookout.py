"""What the page knows of requests: the last ones, and the last hour of routes, of this process and of its siblings.

Owns: the words between workers about them. Must not know: what is shown of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from proxy.admin.told.why import why
from proxy.figures.figures import Figures
from proxy.figures.series import MINUTES, NOTHING, Minute
from proxy.values.now import Now

Rows = list[tuple[int, dict[str, Any]]]
"""Records as JSON, with their numbers."""
Hours = dict[str, list[Minute]]
"""By route, oldest first."""


async def minutes(figures: Figures, clock: Callable[[], Now]) -> None:
    """Have each minute kept that ends, from the moment that somebody looks on."""
    while True:
        await asyncio.sleep(60 - clock().wall % 60 + 0.01)
        if figures.series is not None:
            figures.series.tick(clock().wall)


def recent(figures: Figures, number: int, most: int) -> Rows:
    """The newest after `number`. A process that has begun anew counts from 1 again: then of all that it has."""
    if figures.recent is None:
        return []
    after = number if number <= figures.recent.number else 0
    return [(found, ended.document() | {"why": why(ended)}) for found, ended in figures.recent.after(after)[-most:]]


def hours(figures: Figures, prefixes: Sequence[str], wall: float) -> Hours:
    """Of routes that were asked for."""
    if figures.series is None:
        return {}
    return {prefix: figures.series.of(prefix, wall) for prefix in prefixes if prefix in figures.counts.routes}


def joined(several: Sequence[Hours], prefixes: Sequence[str]) -> Hours:
    """What several processes have counted."""
    whole = {}
    for prefix in prefixes:
        counted = [each[prefix] for each in several if prefix in each] or [[NOTHING] * MINUTES]
        whole[prefix] = [_sum(each) for each in zip(*counted, strict=True)]
    return whole


def _sum(several: Sequence[Minute]) -> Minute:
    total = several[0]
    for each in several[1:]:
        total = total.plus(each)
    return total


def written(found: Hours) -> dict[str, Any]:
    """For JSON: minutes without a request are left out."""
    return {prefix: [None if each == NOTHING else each for each in minutes] for prefix, minutes in found.items()}


def read_rows(document: Mapping[str, Any]) -> Rows:
    """Raises ValueError for what is none."""
    try:
        return [(int(number), dict(record)) for number, record in document["rows"]]
    except (TypeError, KeyError) as error:
        raise ValueError(f"not the last requests: {error!r}") from None


def read_hours(document: Mapping[str, Any]) -> Hours:
    """Raises ValueError for what is none."""
    try:
        return {prefix: [_minute(each) for each in minutes] for prefix, minutes in document.items()}
    except (TypeError, AttributeError) as error:
        raise ValueError(f"not the minutes of routes: {error!r}") from None


def _minute(written: Any) -> Minute:
    return NOTHING if written is None else Minute(*map(tuple, written))
