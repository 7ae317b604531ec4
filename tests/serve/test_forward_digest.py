"""HTTP Digest through the whole path: challenges are answered, and no client sees one."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.conftest import Stage
from tests.digest_api import PASSWORD, USER, DigestApi

P = {"scheme": "http_digest", "username": USER, "password": PASSWORD}
ALGORITHMS = ["MD5", "SHA-256", "MD5-sess", "SHA-256-sess"]


async def served(stage: Stage, api: DigestApi) -> str:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", api.answer)
    server = await stage.stack.enter_async_context(TestServer(app))
    return str(server.make_url("")).rstrip("/")


async def behind(stage: Stage, api: DigestApi, provider: dict[str, Any] = P, **route: Any) -> None:
    upstream = await served(stage, api) + "/v1"
    routes = {"/api": {"upstream": upstream, "provider": "p"} | route}
    await stage.open(routes, providers={"p": provider})


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_the_judge_is_judged_by_another_client(algorithm: str, stage: Stage) -> None:
    api = DigestApi(algorithm)
    url = await served(stage, api)
    digest = aiohttp.DigestAuthMiddleware(USER, PASSWORD)
    async with aiohttp.ClientSession(middlewares=(digest,)) as client:
        for _ in range(2):
            async with client.get(f"{url}/x?a=1") as reply:
                assert reply.status == 200
    assert api.seen == ["none", "00000001", "00000002"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_the_first_challenge_is_answered_and_serves_for_what_follows(algorithm: str, stage: Stage) -> None:
    api = DigestApi(algorithm)
    await behind(stage, api)
    first = await stage.call("/api/x%20y?a=1&b=%22", "POST", data=b"body")
    assert (first.status, first.body, first.get("X-Keyless-Attempts")) == (200, b"ok", "2")
    again = await stage.call("/api/z", headers={"Authorization": "Bearer made-up"})
    assert (again.status, again.get("X-Keyless-Attempts")) == (200, None)
    assert api.seen == ["none", "00000001", "00000002"]
    assert api.bodies == [b"body", b"body", b""]


async def test_one_of_the_older_kind(stage: Stage) -> None:
    api = DigestApi("MD5", qop="")
    await behind(stage, api)
    assert [(await stage.call("/api/x")).status for _ in range(2)] == [200, 200]


@pytest.mark.parametrize("says_stale", [True, False])
async def test_a_nonce_that_is_too_old_is_a_renewal_and_no_death(says_stale: bool, stage: Stage) -> None:
    api = DigestApi(uses=2)
    api.says_stale = says_stale
    await behind(stage, api)
    assert [(await stage.call("/api/x")).status for _ in range(7)] == [200] * 7
    assert stage.service.view.provider("p").last_error is None
    assert "credential dead" not in stage.log.getvalue()


async def test_nonces_that_are_good_once_serve_many_at_once(stage: Stage) -> None:
    api = DigestApi(uses=1)
    await behind(stage, api)
    replies = await asyncio.gather(*(stage.call(f"/api/{number}") for number in range(20)))
    assert [reply.status for reply in replies] == [200] * 20
    assert api.seen.count("wrong") == 0


async def test_a_wrong_password_is_told_once_and_not_tried_again_and_again(stage: Stage) -> None:
    api = DigestApi()
    await behind(stage, api, P | {"password": "another"})
    first = await stage.call("/api/x")
    assert (first.status, first.body) == (401, b"who are you?")
    assert (first.get("X-Should-Retry"), first.get("X-Keyless-Replay")) == ("false", "skipped; reason=credential_dead")
    assert first.get("WWW-Authenticate") is None
    assert api.seen == ["none", "wrong"]
    await stage.call("/api/x")
    assert api.seen == ["none", "wrong", "wrong"]  # one call each, lest the account be locked
    assert "dead" in (stage.service.view.provider("p").last_error or "")


async def test_a_body_that_can_not_be_sent_again(stage: Stage) -> None:
    api = DigestApi()
    await behind(stage, api, replay={"max_body": "1KiB"})
    first = await stage.call("/api/x", "PUT", data=b"x" * 500_000)
    assert (first.status, first.get("X-Keyless-Replay")) == (401, "skipped; reason=body_too_large")
    assert first.get("WWW-Authenticate") is None
    assert stage.service.view.provider("p").last_error is None
    assert (await stage.call("/api/x")).status == 200
    assert (await stage.call("/api/x", "PUT", data=b"x" * 500_000)).status == 200


async def test_an_api_that_never_has_enough_gets_three_tries(stage: Stage) -> None:
    api = DigestApi(uses=0)
    await behind(stage, api)
    got = await stage.call("/api/x")
    assert (got.status, got.get("WWW-Authenticate")) == (401, None)
    assert got.get("X-Keyless-Replay") == "skipped; reason=unanswered"
    assert api.seen == ["none", "00000001", "00000001"]
    assert stage.service.view.provider("p").last_error is None


async def test_the_password_goes_nowhere(stage: Stage) -> None:
    api = DigestApi()
    await behind(stage, api)
    await stage.call("/api/x")
    assert PASSWORD not in stage.log.getvalue()


async def test_a_challenge_of_another_kind_says_nothing_of_the_credential(stage: Stage) -> None:
    asked = 'Digest realm="r", nonce="n", qop="auth-int", Basic realm="r"'
    api = await stage.api(
        f"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {asked}\r\nContent-Length: 0\r\n\r\n".encode()
    )
    await stage.open({"/api": {"upstream": api.url, "provider": "p"}}, providers={"p": P})
    got = await stage.call("/api")
    assert (got.status, got.get("X-Keyless-Replay")) == (401, "skipped; reason=unanswered")
    assert (len(api.requests), stage.service.view.provider("p").last_error) == (1, None)
