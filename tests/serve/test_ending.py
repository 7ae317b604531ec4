"""What is counted and told of real exchanges: each reply is counted once, whoever gave it and however it ended."""

from __future__ import annotations

import asyncio
from typing import Any

from proxy.figures.counts import RouteCounts
from proxy.figures.ended import Ended
from tests.conftest import Stage
from tests.raw import PATIENCE

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NO = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nnope"
PAGE = "http://app.example.com"
STATIC = {"scheme": "static", "token": "t"}
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nok"


def watched(stage: Stage) -> list[Ended]:
    ended: list[Ended] = []
    stage.service.figures.watchers.append(ended.append)
    return ended


def counts(stage: Stage, prefix: str) -> RouteCounts:
    return stage.service.figures.counts.route(prefix)


async def until_over(stage: Stage, prefix: str, number: int) -> RouteCounts:
    async with asyncio.timeout(PATIENCE):
        while counts(stage, prefix).ended < number:  # noqa: ASYNC110 -- nothing sets an event
            await asyncio.sleep(0)
    return counts(stage, prefix)


async def test_a_reply_of_the_api(stage: Stage) -> None:
    await stage.open()
    ended = watched(stage)
    reply = await stage.ask("POST /oauth2/echo?q=secret HTTP/1.1", "Content-Length: 3", body=b"abc")
    seen = await until_over(stage, "/oauth2", 1)
    assert (seen.begun, seen.statuses, seen.faults, seen.replays) == (1, {200: 1}, {}, {})
    [one] = ended
    assert (one.method, one.path, one.route, one.provider) == ("POST", "/oauth2/echo", "/oauth2", "oauth2")
    assert (one.status, one.code, one.attempts, one.cut) == (200, "", 1, False)
    assert (seen.received, seen.sent) == (one.received, one.sent)
    assert one.received > 3 + len("POST /oauth2/echo?q=secret HTTP/1.1")
    assert one.sent > len(reply.body)
    assert [span.step for span in one.times.spans()][:3] == ["body", "prepare", "connect"]
    assert 0 < one.times.own < one.times.seconds
    assert sum(seen.upstream.counts) == sum(seen.own.counts) == 1


async def test_an_answer_of_our_own_says_why(stage: Stage) -> None:
    await stage.open()
    ended = watched(stage)
    await stage.ask("GET /oauth2/echo HTTP/1.1", f"Origin: {PAGE}")
    await stage.ask("GET /nowhere/else HTTP/1.1")
    seen = await until_over(stage, "/oauth2", 1)
    assert (seen.faults, seen.statuses) == ({(403, "origin_refused"): 1}, {})
    assert (await until_over(stage, "", 1)).faults == {(404, "no_route"): 1}
    assert [(one.code, one.route) for one in ended] == [("origin_refused", "/oauth2"), ("no_route", "")]
    assert (ended[0].origin, ended[0].cause) == (PAGE, f"origin={PAGE}")
    assert sum(seen.upstream.counts) == 0


async def test_unknown_paths_add_nothing(stage: Stage) -> None:
    await stage.open()
    wire = await stage.wire()
    for number in range(300):
        await wire.send(f"GET /x{number}/y HTTP/1.1\r\nHost: {stage.authority}\r\n\r\n".encode())
        assert (await wire.message()).status == 404
    assert set(stage.service.figures.counts.routes) == {""}
    assert counts(stage, "").faults == {(404, "no_route"): 300}


async def test_a_replay_and_how_it_ended(stage: Stage) -> None:
    await stage.open()
    ended = watched(stage)
    stage.sandbox.void()
    assert (await stage.call("/oauth2/echo")).status == 200
    seen = await until_over(stage, "/oauth2", 1)
    assert (seen.replays, seen.skipped) == ({("refused", "accepted"): 1}, {})
    assert (ended[0].attempts, ended[0].note) == (2, "")
    assert [span.step for span in ended[0].times.spans()][-3:] == ["renew", "replay", "answer"]


async def test_a_refusal_that_is_not_replayed(stage: Stage) -> None:
    api = await stage.api(NO)
    provider = STATIC | {"refused": [{"status": [401]}]}
    await stage.open({"/api": {"upstream": api.url, "provider": "p"}}, providers={"p": provider})
    assert (await stage.call("/api/x")).get("X-Keyless-Replay") == "skipped; reason=token_unavailable"
    seen = await until_over(stage, "/api", 1)
    assert (seen.replays, seen.skipped) == ({}, {"token_unavailable": 1})


async def test_a_reply_that_breaks_off(stage: Stage) -> None:
    api = await stage.api(CUT)
    await stage.open(
        {"/api": {"upstream": api.url, "provider": "p"}}, providers={"p": {"scheme": "static", "token": "t"}}
    )
    ended = watched(stage)
    wire = await stage.wire()
    await wire.send(f"GET /api/x HTTP/1.1\r\nHost: {stage.authority}\r\n\r\n".encode())
    seen = await until_over(stage, "/api", 1)
    assert (ended[0].status, ended[0].cut, ended[0].times.streamed) == (200, True, True)
    assert sum(seen.first_byte.counts) == 1


async def test_what_is_under_way(stage: Stage) -> None:
    await stage.open()
    wire = await stage.wire()
    stage.sandbox.gate.clear()
    stage.sandbox.void()
    await wire.send(f"GET /oauth2/echo HTTP/1.1\r\nHost: {stage.authority}\r\n\r\n".encode())
    async with asyncio.timeout(PATIENCE):
        while not stage.service.figures.counts.route("/oauth2").begun:  # noqa: ASYNC110 -- nothing sets an event
            await asyncio.sleep(0)
    assert counts(stage, "/oauth2").ended == 0
    stage.sandbox.gate.set()
    assert (await wire.message()).status == 200
    assert (await until_over(stage, "/oauth2", 1)).begun == 1


async def test_counts_go_on_after_a_reload_and_those_of_a_route_that_is_gone_do_not(stage: Stage) -> None:
    await stage.open()
    await stage.call("/oauth2/echo")
    await stage.call("/baidu/echo")
    before = await until_over(stage, "/oauth2", 1)
    loaded = stage.service.loaded
    routes = {prefix: route for prefix, route in loaded.config.routes.items() if prefix != "/baidu"}
    await stage.service.replace(loaded.with_config(routes=routes), {})
    await stage.call("/oauth2/echo")
    assert await until_over(stage, "/oauth2", 2) is before
    assert "/baidu" not in stage.service.figures.counts.routes


async def test_a_client_that_leaves_is_a_499(stage: Stage) -> None:
    stage.sandbox.gate.clear()
    await stage.open()
    ended = watched(stage)
    wire = await stage.wire()
    await wire.send(f"GET /oauth2/echo HTTP/1.1\r\nHost: {stage.authority}\r\n\r\n".encode())
    await stage.until(lambda: counts(stage, "/oauth2").begun == 1)
    wire.abort()
    assert (await until_over(stage, "/oauth2", 1)).statuses == {499: 1}
    assert (ended[0].status, ended[0].code) == (499, "")
    stage.sandbox.gate.set()


async def test_a_mistake_of_ours_is_a_500(stage: Stage) -> None:
    async def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    stage.resolve = broken
    await stage.open({"/api": {"upstream": "https://api.test", "provider": "p"}}, providers={"p": STATIC})
    ended = watched(stage)
    assert (await stage.ask("GET /api/x HTTP/1.1")).status == 500
    assert counts(stage, "/api").faults == {(500, "internal_error"): 1}
    assert (ended[0].status, ended[0].code) == (500, "internal_error")
