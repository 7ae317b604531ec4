"""What each client may do, and how much of it: keys, routes, paths, rates. Over HTTP, in memory."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from proxy import clock
from tests.conftest import Stage
from tests.raw import Message
from tests.turn import far_from_the_hour

__all__ = ["far_from_the_hour"]

KEY, OTHER = "kl-0123456789abcdef", "kl-fedcba9876543210"


async def opened(stage: Stage, route: dict[str, Any] | None = None, **client: Any) -> None:
    """One route, `/api`; a client with a rule, and one with none."""
    routes = {"/api": {"upstream": f"{stage.sandbox.url}/oauth2/api", "provider": "oauth2", **(route or {})}}
    known = [{"name": "one", "key": KEY, **client}, {"name": "two", "key": OTHER}]
    await stage.open(routes, clients=known)


async def ask(stage: Stage, path: str = "/api/echo", key: str = KEY, method: str = "GET", **headers: str) -> Message:
    return await stage.call(path, method, headers={"X-Api-Key": key, **headers})


def left(reply: Message) -> dict[str, int]:
    """By policy, out of `RateLimit`."""
    return {name: int(r) for name, r in re.findall(r'"([^"]+)";r=(\d+);t=\d+', reply.get("RateLimit") or "")}


# ---------------------------------------------------------------------------------------------- keys


async def test_old_and_new_key_overlap_and_an_expired_one_says_so(stage: Stage) -> None:
    dead = "kl-dead-0123456789"
    later = "kl-later-123456789"
    await opened(
        stage,
        key=[
            KEY,
            {"key": "sha256:" + "0" * 64, "expires": "2099-12-31"},
            {"key": dead, "expires": "2020-01-31"},
            {"key": later, "not_before": "2099-01-01"},
        ],
    )
    assert (await ask(stage)).status == 200
    reply = await ask(stage, key=dead)
    assert (reply.status, reply.code) == (401, "client_key_required")
    assert reply.get("Content-Type") == "application/problem+json"
    assert reply.get("WWW-Authenticate") == 'Bearer realm="keyless"'
    assert reply.json()["detail"] == "this key of client one has expired (2020-01-31)"
    assert "not good yet" in (await ask(stage, key=later)).json()["detail"]
    assert "not known" in (await ask(stage, key="kl-wrong-123456789")).json()["detail"]
    assert stage.sandbox.api_requests == 1


# ---------------------------------------------------------------------------------------------- what


@pytest.mark.parametrize(
    ("path", "status"),
    [("/api/echo", 200), ("/api/echo/a", 403), ("/api/echo?x=/a", 200), ("/api/other", 403), ("/api/%65cho", 403)],
)
async def test_paths_of_a_client_are_globs_below_the_prefix(stage: Stage, path: str, status: int) -> None:
    await opened(stage, paths="/ech*")
    reply = await ask(stage, path)
    assert reply.status == status
    if status == 403:
        assert (reply.code, reply.json()["detail"]) == ("route_refused", "client one may not use this path of /api")
        assert (await ask(stage, path, key=OTHER)).code is None, "the other client isn't bound by it"


# ---------------------------------------------------------------------------------------------- how much


async def test_a_rate_is_told_and_kept(stage: Stage) -> None:
    await opened(stage, rate="3/hour")
    for remaining in (2, 1, 0):
        reply = await ask(stage)
        assert (reply.status, left(reply)) == (200, {"client 3/hour": remaining})
        assert reply.get("RateLimit-Policy") == '"client 3/hour";q=3;w=3600'
    reply = await ask(stage)
    assert (reply.status, reply.code) == (429, "rate_limited")
    assert reply.get("Content-Type") == "application/problem+json"
    assert left(reply) == {"client 3/hour": 0}
    assert reply.get("RateLimit-Policy") == '"client 3/hour";q=3;w=3600'
    waits = int(reply.json()["retry_after"])
    assert 1 <= waits <= 3600
    told = ("Retry-After", str(waits)) if waits <= 60 else ("X-Should-Retry", "false")
    assert reply.get(told[0]) == told[1]
    assert reply.json()["detail"] == "client one has used up 3/hour"
    assert reply.get("RateLimit") == f'"client 3/hour";r=0;t={waits}', (
        "and the wait is not over before the window's end"
    )
    assert stage.sandbox.api_requests == 3, "the API never saw the fourth"
    assert (await ask(stage, key=OTHER)).get("RateLimit") is None


async def test_what_is_used_up_comes_back(stage: Stage) -> None:
    await opened(stage, rate="2/s")
    statuses = [(await ask(stage)).status for _ in range(4)]
    assert 429 in statuses
    while (await ask(stage)).status == 429:
        pass  # each try is a round trip; a refused one is not charged, or this would never end


async def test_a_day_is_a_budget_of_its_own(stage: Stage) -> None:
    """Counted from midnight UTC. The minute's rate leaves it alone when it refuses."""
    await opened(stage, rate=["2/hour", "10/day"])
    replies = [await ask(stage) for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 429, 429]
    assert left(replies[1]) == {"client 2/hour": 0, "client 10/day": 8}
    assert left(replies[2]) == {"client 2/hour": 0}, "only what refuses, so that Retry-After is after all of it"
    known = stage.service.front.quotas
    assert known is not None
    assert known._own._storage.get(f"client:one:day:{int(clock.now().wall // 86400)}") == 2


async def test_the_rate_of_a_route_is_shared_by_its_clients(stage: Stage) -> None:
    await opened(stage, {"rate": "2/hour"})
    assert left(await ask(stage)) == {"route 2/hour": 1}
    assert left(await ask(stage, key=OTHER)) == {"route 2/hour": 0}
    reply = await ask(stage)
    assert reply.status == 429
    assert reply.json()["detail"] == "all clients of /api together have used up 2/hour"


async def test_a_route_without_clients_may_have_a_rate(stage: Stage) -> None:
    upstream = f"{stage.sandbox.url}/oauth2/api"
    await stage.open(
        {
            "/a": {"upstream": upstream, "provider": "oauth2", "rate": "1/hour"},
            "/b": {"upstream": upstream, "provider": "oauth2"},
        }
    )
    assert [(await stage.call("/a/echo")).status for _ in range(2)] == [200, 429]
    reply = await stage.call("/b/echo")
    assert (reply.status, reply.get("RateLimit")) == (200, None)


async def test_what_is_refused_for_another_reason_is_not_charged(stage: Stage) -> None:
    await opened(stage, {"methods": ["GET", "POST"], "paths": ["/echo"]}, rate="2/hour", methods=["GET"])
    refused = [
        await ask(stage, method="POST"),
        await ask(stage, method="DELETE"),
        await ask(stage, "/api/other"),
        await ask(stage, "/nowhere"),
        await ask(stage, Origin="https://evil.test"),
        await ask(stage, Host="evil.test"),
        await ask(stage, key="kl-wrong-123456789"),
    ]
    assert {reply.status for reply in refused} == {401, 403, 404}
    preflight = {"Origin": "http://localhost:1", "Access-Control-Request-Method": "GET"}
    assert (await stage.call("/api/echo", "OPTIONS", headers=preflight)).status == 204
    assert left(await ask(stage)) == {"client 2/hour": 1}


async def test_a_replay_is_charged_once(stage: Stage) -> None:
    await opened(stage, rate="5/hour")
    await ask(stage)
    stage.sandbox.ledger.void("oauth2")
    reply = await ask(stage)
    assert (reply.status, reply.get("X-Keyless-Attempts")) == (200, "2")
    assert left(reply) == {"client 5/hour": 3}


async def test_the_apis_own_fields_stay_beside_ours(stage: Stage) -> None:
    theirs = b'HTTP/1.1 200 OK\r\nRateLimit: "default";r=9;t=1\r\nContent-Length: 0\r\n\r\n'
    api = await stage.api(theirs)
    routes = {"/api": {"upstream": api.url, "provider": "none", "rate": "5/hour"}}
    await stage.open(routes)
    reply = await stage.call("/api")
    assert len(reply.all("RateLimit")) == 2
    assert left(Message("", [("RateLimit", ", ".join(reply.all("RateLimit")))])) == {"default": 9, "route 5/hour": 4}


async def test_a_page_hears_of_its_limit(stage: Stage) -> None:
    await opened(stage, rate="1/hour")
    await ask(stage, Origin="http://localhost:3000")
    reply = await ask(stage, Origin="http://localhost:3000")
    assert (reply.status, reply.get("Access-Control-Allow-Origin")) == (429, "http://localhost:3000")
    assert reply.get("Access-Control-Expose-Headers") == "*"


async def test_callers_can_make_no_counters(stage: Stage) -> None:
    """A counter is of the config's: neither keys nor paths that callers make up leave one."""
    await opened(stage, {"rate": "100000/hour"}, rate="100000/hour")
    for number in range(30):
        await ask(stage, f"/api/echo/{number}")
        await ask(stage, key=f"kl-guess-{number:09}")
    assert stage.service.front.quotas is not None
    storage = stage.service.front.quotas._own._storage
    assert len(storage.storage) <= 4  # two limits; two windows each, if one has just turned
    assert storage.events == {}


@pytest.mark.parametrize("form", ["text", "json"])
async def test_the_access_log_says_who_asked(stage: Stage, capfd: pytest.CaptureFixture[str], form: str) -> None:
    known = [{"name": "one", "key": KEY, "methods": ["GET"]}, {"name": "two\nGET /forged 200 0.1ms", "key": OTHER}]
    await stage.open(clients=known, log={"format": form})
    for key, method in ((KEY, "GET"), (OTHER, "GET"), ("kl-wrong-123456789", "GET"), (KEY, "DELETE")):
        await stage.call("/oauth2/echo", method, headers={"X-Api-Key": key})
    await stage.service.__aexit__(None, None, None)
    lines = [line for line in capfd.readouterr().err.splitlines() if "/oauth2/echo" in line]
    assert len(lines) == 4
    assert not any(key in line for key in (KEY, OTHER, "kl-wrong") for line in lines)
    if form == "json":
        told = [(line["status"], line.get("client", "")) for line in map(json.loads, lines)]
        assert told == [(200, "one"), (200, known[1]["name"]), (401, ""), (403, "one")]
    else:
        assert [re.findall(r'client=("[^"]*"|\S+)', line) for line in lines] == [
            ["one"],
            ['"two\\nGET /forged 200 0.1ms"'],
            [],
            ["one"],
        ]
