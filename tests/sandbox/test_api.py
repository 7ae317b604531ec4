"""The front of the API, over real HTTP: who is let in, who is refused and how, and what is recorded."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest

from proxy.sandbox import Sandbox
from proxy.sandbox.tokens import Standing

from .conftest import STYLES, Clock, User

REFUSED = {"baidu": 200, "aiob": 401, "session": 403, "oauth2": 401}
MARK = {"baidu": "110", "aiob": "失效", "session": "token expired", "oauth2": "invalid_token"}


async def test_a_fresh_token_is_good(user: User, style: str) -> None:
    async with user.call(style, "echo", await user.login(style)) as response:
        assert (response.status, (await response.json())["token"]) == (200, "good")


async def test_a_voided_token_is_refused_in_the_style(sandbox: Sandbox, user: User, style: str) -> None:
    token = await user.login(style)
    sandbox.void(style)
    async with user.call(style, "echo", token) as response:
        assert response.status == REFUSED[style]
        assert MARK[style] in await response.text()
    async with user.call(style, "echo", await user.login(style)) as response:
        assert (await response.json())["generation"] == 2


@pytest.mark.parametrize(("passed", "good"), [(29.9, True), (30.0, False)])
async def test_tokens_expire_by_the_clock(user: User, clock: Clock, style: str, passed: float, good: bool) -> None:
    token = await user.login(style)
    clock.now += passed
    async with user.call(style, "echo", token) as response:
        assert ('"good"' in await response.text()) is good


async def test_baidu_tells_expired_from_invalid(sandbox: Sandbox, user: User, clock: Clock) -> None:
    token = await user.login("baidu")
    clock.now += 30
    async with user.call("baidu", "echo", token) as response:
        assert (await response.json())["error_code"] == 111
    sandbox.void()
    async with user.call("baidu", "echo", token) as response:
        assert (await response.json())["error_code"] == 110


async def test_a_token_of_another_style_is_refused(user: User) -> None:
    async with user.call("oauth2", "echo", await user.login("session")) as response:
        assert response.status == 401


async def test_no_token_no_entry(user: User, style: str) -> None:
    async with user.call(style, "echo", None) as response:
        assert response.status == REFUSED[style]


async def test_in_band_the_refusal_is_the_first_event(user: User, style: str) -> None:
    async with user.call(style, "sse", "dead", params={"inband": "1"}) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")
        assert (await response.content.readline()).startswith(b"data: ")
    async with user.call(style, "sse", await user.login(style), params={"inband": "1"}) as response:
        assert b'"event": 1' in await response.content.readline()


async def test_an_upgrade_is_refused_before_it_happens(user: User, style: str) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await user.http.ws_connect(f"{user.url}/{style}/api/ws")
    assert caught.value.status == REFUSED[style]


async def test_calls_are_recorded(sandbox: Sandbox, user: User, style: str) -> None:
    token = await user.login(style)
    async with user.call(style, "upload", token, method="PUT", data=b"12345") as response:
        await response.read()
    call = sandbox.requests[-1]
    assert (call.style, call.method, call.path) == (style, "PUT", f"/{style}/api/upload")
    assert (call.token, call.generation, call.status) == (Standing.GOOD, 1, 200)
    assert (call.body_length, call.ended, sandbox.api_requests) == (5, True, 1)
    assert ("Content-Length", "5") in call.headers


async def test_a_caller_that_goes_away_leaves_an_ended_call_without_a_status(sandbox: Sandbox, user: User) -> None:
    token = await user.login("oauth2")
    calling = asyncio.ensure_future(user.call("oauth2", "hold", token).__aenter__())
    await sandbox.until(lambda: sandbox.api_requests == 1)
    calling.cancel()
    async with asyncio.timeout(5):
        await sandbox.until(lambda: sandbox.requests[0].ended)
    assert sandbox.requests[0].status is None


async def test_misuse_is_recorded_with_its_status(sandbox: Sandbox, user: User) -> None:
    async with user.call("oauth2", "status/99", await user.login("oauth2")) as response:
        assert response.status == 400
        assert "error" in json.loads(await response.text())
    assert sandbox.requests[-1].status == 400


async def test_fifty_callers_at_once(sandbox: Sandbox, user: User) -> None:
    tokens = {style: await user.login(style) for style in STYLES}

    async def one(style: str) -> int:
        async with user.call(style, "echo", tokens[style]) as response:
            return int((await response.json())["generation"])

    assert await asyncio.gather(*(one(STYLES[count % 4]) for count in range(50))) == [1] * 50
    assert sandbox.api_requests == 50
