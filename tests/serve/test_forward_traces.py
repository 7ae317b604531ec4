"""Traces as a collector gets them, and what an API is told of them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.conftest import SECRET, Stage
from tests.raw import Message
from tests.traces.collector import Received, attributes, collector

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"


def route(stage: Stage, **more: Any) -> dict[str, Any]:
    return {"/api": {"upstream": f"{stage.sandbox.url}/oauth2/api", "provider": "oauth2", **more}}


async def end(stage: Stage) -> None:
    """Then all has been sent."""
    await stage.service.__aexit__(None, None, None)


def root(received: Received) -> Any:
    (span,) = [span for span in received.spans if span.kind == span.SPAN_KIND_SERVER]
    return span


def passed_on(answer: Message) -> list[str]:
    """What the API was told; its echo says so."""
    return [value for name, value in answer.json()["headers"].items() if name.lower() == "traceparent"]


async def test_an_exchange_is_a_span_with_its_steps_below(stage: Stage) -> None:
    async with collector() as received:
        await stage.open(route(stage), trace=received.url)
        await stage.ask("GET /api/echo?q=secret-query HTTP/1.1", f"traceparent: {PARENT}", "X-Request-Id: r-1")
        await end(stage)
    span = root(received)
    assert (span.name, span.trace_id.hex(), span.parent_span_id.hex()) == ("GET /api", TRACE, SPAN)
    said = attributes(span)
    assert said == {
        "http.request.method": "GET",
        "url.path": "/api/echo",
        "http.response.status_code": 200,
        "http.route": "/api",
        "keyless.provider": "oauth2",
        "keyless.request_id": "r-1",
        "keyless.attempts": 1,
    }
    steps = [step for step in received.spans if step is not span]
    assert {"connect", "first byte"} <= {step.name for step in steps}
    for step in steps:
        assert (step.trace_id, step.parent_span_id) == (span.trace_id, span.span_id)
        assert span.start_time_unix_nano <= step.start_time_unix_nano <= step.end_time_unix_nano
    assert received.resource["service.name"] == "keyless"
    assert b"secret-query" not in received.raw
    assert SECRET.encode() not in received.raw


async def test_a_replay_has_a_span(stage: Stage) -> None:
    async with collector() as received:
        await stage.open(route(stage), trace={"endpoint": received.url})
        stage.sandbox.void()
        assert (await stage.call("/api/echo")).status == 200
        await end(stage)
    assert {"renew", "replay"} <= {span.name for span in received.spans}
    assert attributes(root(received))["keyless.attempts"] == 2


async def test_a_refusal_says_why(stage: Stage) -> None:
    async with collector() as received:
        await stage.open(route(stage), trace=received.url)
        answer = await stage.ask("GET /api/echo HTTP/1.1", "Origin: http://app.example.com")
        await end(stage)
    said = attributes(root(received))
    assert (said["error.type"], said["keyless.cause"]) == ("origin_refused", "origin=http://app.example.com")
    assert said["keyless.request_id"] == answer.get("X-Request-Id")


@pytest.mark.parametrize(
    ("parent", "ratio", "kept"),
    [(None, 0.0, False), (None, 1.0, True), (PARENT, 0.0, True), (PARENT[:-1] + "0", 1.0, False)],
)
async def test_which_are_kept(stage: Stage, parent: str | None, ratio: float, kept: bool) -> None:
    async with collector() as received:
        await stage.open(route(stage), trace={"endpoint": f"{received.url}/v1/traces", "ratio": ratio})
        await stage.ask("GET /api/echo HTTP/1.1", *([] if parent is None else [f"traceparent: {parent}"]))
        await end(stage)
    assert bool(received.spans) is kept


@pytest.mark.parametrize("parent", [PARENT, None])
async def test_the_api_is_told_where_the_route_says_so(stage: Stage, parent: str | None) -> None:
    async with collector() as received:
        await stage.open(route(stage, traceparent=True), trace=received.url)
        lines = [] if parent is None else [f"TraceParent: {parent}"]
        answer = await stage.ask("GET /api/echo HTTP/1.1", *lines)
        await end(stage)
    span = root(received)
    assert passed_on(answer) == [f"00-{span.trace_id.hex()}-{span.span_id.hex()}-01"]
    assert (span.trace_id.hex() == TRACE) is (parent is not None)


async def test_else_it_is_the_clients_own_that_passes(stage: Stage) -> None:
    async with collector() as received:
        await stage.open(route(stage), trace=received.url)
        answers = [await stage.ask("GET /api/echo HTTP/1.1", *lines) for lines in ([], [f"traceparent: {PARENT}"])]
        await end(stage)
    assert [passed_on(answer) for answer in answers] == [[], [PARENT]]


@pytest.mark.parametrize("down", ["refuses", "nobody"])
async def test_a_collector_that_is_down_fails_no_request(stage: Stage, down: str) -> None:
    async with collector() as received:
        received.status = 400
        await stage.open(route(stage), trace=received.url if down == "refuses" else "http://127.0.0.1:1")
        assert [(await stage.call("/api/echo")).status for _ in range(3)] == [200, 200, 200]
        await end(stage)
    assert "traces are not taken, and lost" in stage.log.getvalue()


async def test_no_line_is_without_its_trace(stage: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    async with collector() as received:
        await stage.open(route(stage), trace=received.url)
        await stage.ask("GET /api/echo HTTP/1.1", f"traceparent: {PARENT}")
        await end(stage)
    assert re.search(rf"GET /api/echo 200 \S+ id={TRACE} trace={TRACE}$", capfd.readouterr().err, re.MULTILINE)
