"""All figures of one process at one moment, as one worker tells them to another.

Owns: their shape, and reading it back. Must not know: how they are counted, what a scrape looks like.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, field
from typing import Any, Self

from proxy.figures.counts import RouteCounts
from proxy.figures.histogram import Histogram
from proxy.figures.mints import MintCounts
from proxy.values.record import record

Readings = Mapping[str, "Reading | None"]
"""By worker; "" is the only one. None is one that did not answer."""


@record
class Buckets:
    """A histogram: how many by bucket, their sum in seconds, and examples by bucket (trace, seconds, Unix time)."""

    counts: list[int]
    sum: float
    exemplars: dict[str, list[Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, histogram: Histogram) -> Self:
        exemplars = {
            str(place): [example.trace, example.seconds, example.wall] for place, example in histogram.exemplars.items()
        }
        return cls(list(histogram.counts), histogram.sum, exemplars)


@record
class RouteReading:
    """Lists of several texts with a count at their end: status and code; reason and outcome of replays."""

    under_way: int
    received: int
    sent: int
    requests: list[list[Any]]
    replays: list[list[Any]]
    skipped: dict[str, int]
    cached: dict[str, int]
    upstream: Buckets
    own: Buckets
    first_byte: Buckets

    @classmethod
    def of(cls, counts: RouteCounts) -> Self:
        requests: list[list[Any]] = [[str(status or "other"), "", count] for status, count in counts.statuses.items()]
        requests += [[str(status), code, count] for (status, code), count in counts.faults.items()]
        return cls(
            counts.begun - counts.ended,
            counts.received,
            counts.sent,
            requests,
            [[reason, outcome, count] for (reason, outcome), count in counts.replays.items()],
            counts.skipped,
            counts.cached,
            Buckets.of(counts.upstream),
            Buckets.of(counts.own),
            Buckets.of(counts.first_byte),
        )

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        parts = {name: Buckets(**document[name]) for name in ("upstream", "own", "first_byte")}
        return cls(**{**document, **parts})


@record
class MintReading:
    """Of one credential; lists of trigger, outcome and count."""

    ended: list[list[Any]]
    waited: int
    calls: Buckets

    @classmethod
    def of(cls, counts: MintCounts) -> Self:
        ended = [[trigger, outcome, count] for (trigger, outcome), count in counts.ended.items()]
        return cls(ended, counts.waited, Buckets.of(counts.calls))

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        return cls(document["ended"], document["waited"], Buckets(**document["calls"]))


@record
class TokenReading:
    """`state`: a word of docs/lifecycle.md. `expires_at`: Unix time; None of what has no end, or is not there."""

    state: str
    expires_at: float | None


@record
class Reading:
    """`tokens` are by provider; `mints` by the first of the providers that share a credential."""

    routes: dict[str, RouteReading]
    tokens: dict[str, TokenReading]
    mints: dict[str, MintReading]
    store_failures: int = 0
    dropped_lines: int = 0
    reloads: dict[str, int] = field(default_factory=dict)
    lost_traces: int = 0

    def document(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """From JSON. Raises ValueError for what is none of ours."""
        try:
            return cls(
                {prefix: RouteReading.read(part) for prefix, part in document["routes"].items()},
                {name: TokenReading(**part) for name, part in document["tokens"].items()},
                {name: MintReading.read(part) for name, part in document["mints"].items()},
                *(document[name] for name in ("store_failures", "dropped_lines", "reloads", "lost_traces")),
            )
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"not a worker's figures: {error!r}") from None
