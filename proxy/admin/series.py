"""Every metric of `/-/metrics`: its name, its labels, what it says, where it is read (docs/metrics.md).

Owns: names and labels. A label takes its values from the config or from a list of ours, never from a client or an API.
Must not know: what a scrape looks like.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

from proxy.auth.life.lifecycle import State
from proxy.figures.histogram import API, OWN
from proxy.figures.reading import Buckets, MintReading, Reading, RouteReading

NONE = "none"
"""What stands for the route of requests that no route takes: prefixes begin with a slash."""
STATES = (*(str(state) for state in State), "unconfigured")

Row = tuple[tuple[str, ...], Any]
Rows = Callable[[Reading, float], Iterator[Row]]
"""Labels and value, of one worker at a Unix time."""


class Series(NamedTuple):
    """`bounds` are those of a histogram, whose values are Buckets."""

    kind: Literal["counter", "gauge", "histogram"]
    name: str
    labels: tuple[str, ...]
    help: str
    rows: Rows
    bounds: tuple[float, ...] = ()


def _of_routes(rows: Callable[[RouteReading], Iterator[Row]]) -> Rows:
    def all_rows(reading: Reading, _now: float) -> Iterator[Row]:
        for prefix, route in reading.routes.items():
            for labels, value in rows(route):
                yield (prefix or NONE, *labels), value

    return all_rows


def _of_route(value: Callable[[RouteReading], int | Buckets]) -> Rows:
    return _of_routes(lambda route: iter([((), value(route))]))


def _of_mints(rows: Callable[[MintReading], Iterator[Row]]) -> Rows:
    def all_rows(reading: Reading, _now: float) -> Iterator[Row]:
        for provider, mints in reading.mints.items():
            for labels, value in rows(mints):
                yield (provider, *labels), value

    return all_rows


def _listed(lists: list[list[Any]]) -> Iterator[Row]:
    for *labels, count in lists:
        yield tuple(labels), count


def _by(counts: dict[str, int]) -> Iterator[Row]:
    for label, count in counts.items():
        yield (label,), count


def _states(reading: Reading, _now: float) -> Iterator[Row]:
    for provider, token in reading.tokens.items():
        for state in STATES:
            yield (provider, state), float(token.state == state)


def _expiry(reading: Reading, now: float) -> Iterator[Row]:
    for provider, token in reading.tokens.items():
        if token.expires_at is not None:
            yield (provider,), token.expires_at - now


ROUTES: tuple[Series, ...] = (
    Series(
        *("counter", "keyless_requests", ("route", "status", "code")),
        "Requests that are over, by the status of the answer and, where it is the proxy's own, its code.",
        _of_routes(lambda route: _listed(route.requests)),
    ),
    Series(
        *("gauge", "keyless_requests_in_flight", ("route",)),
        "Requests under way.",
        _of_route(lambda route: route.under_way),
    ),
    Series(
        *("histogram", "keyless_upstream_seconds", ("route",)),
        "Time from sending a request until the head of the API's reply, a new connection and a replay included.",
        _of_route(lambda route: route.upstream),
        API,
    ),
    Series(
        *("histogram", "keyless_overhead_seconds", ("route",)),
        "The proxy's own part of a request that was sent to an API; waiting for a token is none of it.",
        _of_route(lambda route: route.own),
        OWN,
    ),
    Series(
        *("histogram", "keyless_stream_first_byte_seconds", ("route",)),
        "Time from the request to the first byte of an answer that did not come whole.",
        _of_route(lambda route: route.first_byte),
        API,
    ),
    Series(
        *("counter", "keyless_received_bytes", ("route",)),
        "Bytes from clients, heads included, counted when a request is over.",
        _of_route(lambda route: route.received),
    ),
    Series(
        *("counter", "keyless_sent_bytes", ("route",)),
        "Bytes to clients, heads included, counted when a request is over.",
        _of_route(lambda route: route.sent),
    ),
    Series(
        *("counter", "keyless_replays", ("route", "reason", "outcome")),
        "Requests that were sent once more: because the token was refused, or the API taught what was lacking.",
        _of_routes(lambda route: _listed(route.replays)),
    ),
    Series(
        *("counter", "keyless_replays_skipped", ("route", "reason")),
        "Refusals that were passed on without a replay, and why.",
        _of_routes(lambda route: _by(route.skipped)),
    ),
    Series(
        *("counter", "keyless_cache_requests", ("route", "outcome")),
        "Requests on a route with `cache`, by what came of them.",
        _of_routes(lambda route: _by(route.cached)),
    ),
)

PROVIDERS: tuple[Series, ...] = (
    Series(
        *("gauge", "keyless_provider_state", ("provider", "state")),
        "1 for the state that the provider's credential is in, 0 for the others.",
        _states,
    ),
    Series(
        *("gauge", "keyless_token_expiry_seconds", ("provider",)),
        "Seconds until the token expires, below zero once it has; none where it has no end.",
        _expiry,
    ),
    Series(
        *("counter", "keyless_mints", ("provider", "trigger", "outcome")),
        "Attempts to get a token that are over, by what made them necessary and how they ended.",
        _of_mints(lambda mints: _listed(mints.ended)),
    ),
    Series(
        *("counter", "keyless_mint_waiters", ("provider",)),
        "Callers who joined an attempt that another had begun.",
        _of_mints(lambda mints: iter([((), mints.waited)])),
    ),
    Series(
        *("histogram", "keyless_issuer_seconds", ("provider",)),
        "Time that calls to the issuer took, whatever it answered.",
        _of_mints(lambda mints: iter([((), mints.calls)])),
        API,
    ),
)

PROCESS: tuple[Series, ...] = (
    Series(
        *("counter", "keyless_store_failures", ()),
        "Failures of the store.",
        lambda reading, _now: iter([((), reading.store_failures)]),
    ),
    Series(
        *("counter", "keyless_reloads", ("outcome",)),
        "Configs that were read anew: taken over, held back until somebody says so, or failed, as they can't be used.",
        lambda reading, _now: _by(reading.reloads),
    ),
    Series(
        *("counter", "keyless_log_lines_dropped", ()),
        "Log lines that were dropped because nobody took them.",
        lambda reading, _now: iter([((), reading.dropped_lines)]),
    ),
    Series(
        *("counter", "keyless_traces_lost", ()),
        "Traced requests whose spans no collector has taken.",
        lambda reading, _now: iter([((), reading.lost_traces)]),
    ),
)

SERIES: tuple[Series, ...] = (*ROUTES, *PROVIDERS, *PROCESS)
