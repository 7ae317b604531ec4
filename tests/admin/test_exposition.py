"""Scrapes: what prometheus-client's own parsers make of them, and that labels are bounded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain
from prometheus_client.samples import Sample

from proxy.admin.exposition import render
from proxy.admin.series import SERIES, STATES
from proxy.figures.counts import Counts
from proxy.figures.mints import MintCounts
from proxy.figures.reading import MintReading, Reading, RouteReading, TokenReading
from proxy.figures.timeline import Timeline

NOW = 1_700_000_000.0
OPEN = "application/openmetrics-text; version=1.0.0"
EMPTY = Reading({}, {}, {})


def times(*, streamed: bool = False) -> Timeline:
    made = Timeline(10.0, NOW)
    made.sent, made.first, made.ended, made.streamed = 10.0001, 10.2, 10.2, streamed
    return made


def full(prefix: str = "/a", provider: str = "p") -> Reading:
    """All that can be told."""
    counts, mints = Counts(), MintCounts()
    for route in (counts.route(prefix), counts.route("")):
        route.begun, route.received, route.sent = 4, 100, 200
        route.over(200, "", times())
        route.over(200, "", times(streamed=True))
        route.over(403, "origin_refused", times())
        route.replayed("refused", "accepted")
        route.not_replayed("body_too_large")
        route.looked_up("hit")
    counts.route(prefix).traced(times(), "0af7651916cd43dd8448eb211c80319c")
    mints.end("request", "minted")
    mints.waited = 3
    mints.calls.add(0.3)
    routes = {name: RouteReading.of(route) for name, route in counts.routes.items()}
    tokens = {provider: TokenReading("fresh", NOW + 60), "q": TokenReading("static", None)}
    return Reading(routes, tokens, {provider: MintReading.of(mints)}, 2, 5, {"taken_over": 1}, 6)


def samples(text: bytes, *, open_metrics: bool = False) -> list[Sample]:
    parse = openmetrics if open_metrics else plain
    return [sample for family in parse(text.decode()) for sample in family.samples]


def value(told: list[Sample], name: str, **labels: str) -> float:
    [found] = [sample.value for sample in told if sample.name == name and sample.labels == labels]
    return found


def test_everything_that_is_counted_is_told() -> None:
    body, content_type = render({"": full()}, NOW, "")
    assert content_type.startswith("text/plain")
    told = samples(body)
    assert value(told, "keyless_requests_total", route="/a", status="200", code="") == 2
    assert value(told, "keyless_requests_total", route="none", status="403", code="origin_refused") == 1
    assert value(told, "keyless_requests_in_flight", route="/a") == 1
    assert value(told, "keyless_upstream_seconds_bucket", route="/a", le="0.1") == 0
    assert value(told, "keyless_upstream_seconds_bucket", route="/a", le="0.25") == 3
    assert value(told, "keyless_upstream_seconds_count", route="/a") == 3
    assert value(told, "keyless_overhead_seconds_bucket", route="/a", le="+Inf") == 3
    assert value(told, "keyless_stream_first_byte_seconds_count", route="/a") == 1
    assert value(told, "keyless_received_bytes_total", route="/a") == 100
    assert value(told, "keyless_sent_bytes_total", route="/a") == 200
    assert value(told, "keyless_replays_total", route="/a", reason="refused", outcome="accepted") == 1
    assert value(told, "keyless_replays_skipped_total", route="/a", reason="body_too_large") == 1
    assert value(told, "keyless_cache_requests_total", route="/a", outcome="hit") == 1
    assert value(told, "keyless_token_expiry_seconds", provider="p") == 60
    assert value(told, "keyless_mints_total", provider="p", trigger="request", outcome="minted") == 1
    assert value(told, "keyless_mint_waiters_total", provider="p") == 3
    assert value(told, "keyless_issuer_seconds_count", provider="p") == 1
    assert value(told, "keyless_store_failures_total") == 2
    assert value(told, "keyless_reloads_total", outcome="taken_over") == 1
    assert value(told, "keyless_log_lines_dropped_total") == 5
    assert value(told, "keyless_traces_lost_total") == 6
    states = {sample.labels["state"]: sample.value for sample in told if sample.labels.get("provider") == "q"}
    assert states == {state: float(state == "static") for state in STATES}


def test_every_series_has_its_rows_in_this_test() -> None:
    names = {sample.name for sample in samples(render({"": full()}, NOW, "")[0])}
    for series in SERIES:
        suffix = {"counter": "_total", "gauge": "", "histogram": "_bucket"}[series.kind]
        assert series.name + suffix in names
        assert series.name.startswith("keyless_")


def test_openmetrics_where_it_is_asked_for_with_the_traces_of_slow_ones() -> None:
    body, content_type = render({"": full()}, NOW, OPEN)
    assert content_type.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")
    told = samples(body, open_metrics=True)
    [example] = [sample.exemplar for sample in told if sample.exemplar]
    assert example.labels == {"trace_id": "0af7651916cd43dd8448eb211c80319c"}
    assert example.value == pytest.approx(0.1999)


def test_workers_are_told_apart_and_one_that_is_down_is_seen() -> None:
    told = samples(render({"0": full(), "1": full(), "2": None}, NOW, "")[0])
    up = {sample.labels["worker"]: sample.value for sample in told if sample.name == "keyless_worker_up"}
    assert up == {"0": 1, "1": 1, "2": 0}
    requests = [sample for sample in told if sample.name == "keyless_requests_total" and sample.labels["route"] == "/a"]
    assert sum(sample.value for sample in requests) == 6
    assert {sample.labels["worker"] for sample in requests} == {"0", "1"}


def test_nothing_counted_yet_is_a_scrape_too() -> None:
    told = samples(render({"": EMPTY}, NOW, OPEN)[0], open_metrics=True)
    assert value(told, "keyless_store_failures_total") == 0


@settings(deadline=None)
@given(st.text(max_size=30), st.sampled_from(["", OPEN]))
def test_names_of_any_letters_come_through(name: str, accept: str) -> None:
    if name.encode("utf-8", "ignore").decode() != name:  # YAML has none such
        return
    told = samples(render({"": full("/" + name, name)}, NOW, accept)[0], open_metrics=bool(accept))
    assert value(told, "keyless_requests_in_flight", route="/" + name) == 1
    assert value(told, "keyless_mint_waiters_total", provider=name) == 3


def test_a_reading_survives_the_way_to_a_sibling() -> None:
    assert Reading.read(full().document()) == full()
    assert Reading.read(EMPTY.document()) == EMPTY


@pytest.mark.parametrize("wrong", [[], {}, {"routes": {}}, replace(EMPTY, routes={"/a": 1}).document(), None])
def test_what_is_no_reading_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="not a worker's figures"):
        Reading.read(wrong)  # type: ignore[arg-type]
