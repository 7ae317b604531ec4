"""The last hour of each route in minutes: how many, how they ended, how long they took.

Owns: the minutes. Must not know: clocks, charts. It is made by comparing counts once a minute, so requests pay nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container
from typing import Any, Final, NamedTuple

from proxy.figures.counts import Counts, RouteCounts
from proxy.figures.histogram import API, OWN

MINUTES: Final = 60


class Minute(NamedTuple):
    """`classes`: requests that ended in it, by the first digit of the status: 2, 3, 4, 5, and all others. `upstream`
    and `own`: seconds by bucket, those of the histograms.
    """

    classes: tuple[int, ...]
    upstream: tuple[int, ...]
    own: tuple[int, ...]

    def since(self, before: Minute) -> Minute:
        """What came on top of that; all of it, where it was begun anew."""
        less = self.less(before)
        return self if any(count < 0 for count in less.classes) else less

    def less(self, other: Minute) -> Minute:
        return Minute(
            *(tuple(a - b for a, b in zip(ours, theirs, strict=True)) for ours, theirs in zip(self, other, strict=True))
        )

    def plus(self, other: Minute) -> Minute:
        """With what another worker has counted."""
        return Minute(
            *(tuple(a + b for a, b in zip(ours, theirs, strict=True)) for ours, theirs in zip(self, other, strict=True))
        )


NOTHING: Final = Minute((0,) * 5, (0,) * (len(API) + 1), (0,) * (len(OWN) + 1))


class Series:
    """`tick` is called once a minute; minutes are numbered by their Unix time. A route that was never used has none."""

    def __init__(self, counts: Counts, minutes: int = MINUTES) -> None:
        self._counts = counts
        self._most = minutes
        self._totals: dict[str, Minute] = {}
        self._minutes: dict[str, deque[tuple[int, Minute]]] = {}

    def tick(self, wall: float) -> None:
        """The minute that ends at Unix time `wall` is over."""
        minute = int(wall // 60) - 1
        for prefix, counts in self._counts.routes.items():
            total = _total(counts)
            came = total.since(self._totals.get(prefix, NOTHING))
            self._totals[prefix] = total
            if any(came.classes):
                self._minutes.setdefault(prefix, deque(maxlen=self._most)).append((minute, came))
        self._forget(minute)

    def of(self, prefix: str, wall: float) -> list[Minute]:
        """Those of the last hour, oldest first; the one under way is the last."""
        now = int(wall // 60)
        past = dict(self._minutes.get(prefix, ()))
        counts = self._counts.routes.get(prefix)
        came = NOTHING if counts is None else _total(counts).since(self._totals.get(prefix, NOTHING))
        return [past.get(minute, NOTHING) for minute in range(now - self._most + 1, now)] + [came]

    def _forget(self, minute: int) -> None:
        for prefix, minutes in list(self._minutes.items()):
            while minutes and minutes[0][0] <= minute - self._most:
                minutes.popleft()
            if not minutes:
                del self._minutes[prefix]
        _keep(self._totals, self._counts.routes)
        _keep(self._minutes, self._counts.routes)


def _keep(kept: dict[str, Any], prefixes: Container[str]) -> None:
    for prefix in [prefix for prefix in kept if prefix not in prefixes]:
        del kept[prefix]


def _total(counts: RouteCounts) -> Minute:
    classes = [0] * 5
    for status, count in counts.statuses.items():
        classes[_class(status)] += count
    for (status, _), count in counts.faults.items():
        classes[_class(status)] += count
    return Minute(tuple(classes), tuple(counts.upstream.counts), tuple(counts.own.counts))


def _class(status: int) -> int:
    return status // 100 - 2 if 200 <= status < 600 else 4
