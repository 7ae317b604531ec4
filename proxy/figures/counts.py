"""What is counted of requests, per route: plain integers, a few additions per request.

Owns: what is counted. Must not know: requests, clocks, how numbers are shown. Routes are those of the config, and one
more for what none takes: nothing here grows with what clients send.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from proxy.figures.histogram import API, OWN, Histogram
from proxy.figures.timeline import Timeline

ODD: Final = 0
"""Counted in place of a status that is none: an API may say 999."""

_SKIPPED: Final = "skipped"
_CACHED: Final = "cached"


class RouteCounts:
    """Of one route, since the process started. `begun` less `ended` are under way.

    `statuses`: how often each was answered, our own answers without a code among them. `faults`: by code, which says
    the status that it had; `replays`: by reason and outcome; `skipped`: refusals that were not replayed, by why;
    `cached`: what came of requests on a route with a cache, by outcome.
    """

    __slots__ = (
        *("_others", "_rare", "_usual", "begun", "ended", "faults", "first_byte", "own", "received", "replays", "sent"),
        "upstream",
    )

    def __init__(self) -> None:
        self.begun = 0
        self.ended = 0
        self.received = 0  # bytes
        self.sent = 0
        self._usual = 0  # answered with 200; a dictionary costs ten times as much
        self._others: dict[int, int] = {}
        self.faults: dict[tuple[int, str], int] = {}
        self.replays: dict[tuple[str, str], int] = {}
        self._rare: dict[tuple[str, str], int] = {}  # by what it is that is counted, and its label
        self.upstream = Histogram(API)
        self.own = Histogram(OWN)
        self.first_byte = Histogram(API)

    @property
    def statuses(self) -> dict[int, int]:
        return ({200: self._usual} if self._usual else {}) | self._others

    @property
    def skipped(self) -> dict[str, int]:
        return self._labelled(_SKIPPED)

    @property
    def cached(self) -> dict[str, int]:
        return self._labelled(_CACHED)

    def over(self, status: int, code: str, times: Timeline) -> None:
        """One is over. `code` is that of our own answer, or "": API's replies have none."""
        self.ended += 1
        if code:
            self.faults[status, code] = self.faults.get((status, code), 0) + 1
        elif status == 200:
            self._usual += 1
        else:
            known = status if 100 <= status < 600 else ODD
            self._others[known] = self._others.get(known, 0) + 1
        if times.sent:
            self.upstream.add(times.upstream)
            self.own.add(times.own)
            if times.streamed:
                self.first_byte.add(times.first_byte)

    def replayed(self, reason: str, outcome: str) -> None:
        self.replays[reason, outcome] = self.replays.get((reason, outcome), 0) + 1

    def not_replayed(self, why: str) -> None:
        self._add(_SKIPPED, why)

    def looked_up(self, outcome: str) -> None:
        self._add(_CACHED, outcome)

    def _add(self, what: str, label: str) -> None:
        self._rare[what, label] = self._rare.get((what, label), 0) + 1

    def _labelled(self, what: str) -> dict[str, int]:
        return {label: count for (its, label), count in self._rare.items() if its == what}

    def traced(self, times: Timeline, trace: str) -> None:
        """The trace of what was last counted."""
        if times.sent:
            self.upstream.show(times.upstream, trace, times.wall)


class Counts:
    """Of all routes that were asked for, by prefix; "" is no route."""

    __slots__ = ("routes",)

    def __init__(self) -> None:
        self.routes: dict[str, RouteCounts] = {}

    def route(self, prefix: str) -> RouteCounts:
        counts = self.routes.get(prefix)
        if counts is None:
            counts = self.routes[prefix] = RouteCounts()
        return counts

    def begin(self, prefix: str) -> RouteCounts:
        """Of a request that is under way from now on."""
        counts = self.route(prefix)
        counts.begun += 1
        return counts

    def keep(self, prefixes: Container[str]) -> None:
        """Forget routes that are gone, so that reloads do not add up."""
        for prefix in [prefix for prefix in self.routes if prefix and prefix not in prefixes]:
            del self.routes[prefix]
