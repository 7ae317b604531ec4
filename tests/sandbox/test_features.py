"""The small features, over real HTTP."""

from __future__ import annotations

import asyncio
import hashlib

import aiohttp
import pytest
from multidict import CIMultiDict
from yarl import URL

from proxy.sandbox import Sandbox
from proxy.sandbox.features import SHOWN

from .conftest import User


@pytest.fixture
async def token(user: User) -> str:
    return await user.login("oauth2")


async def test_echo_counts_credentials_and_shows_none(user: User) -> None:
    token = await user.login("baidu")
    headers = CIMultiDict([("Authorization", "Bearer mine"), ("X-Api-Key", "a"), ("X-Api-Key", "b"), ("X-Own", token)])
    url = f"{user.url}/baidu/api/echo/a%2Fb?access_token={token}&q=%20x&access_token=other"
    async with user.http.post(URL(url, encoded=True), headers=headers) as response:
        text = await response.text()
        seen = await response.json()
    assert not any(secret in text for secret in (token, "other", "mine"))
    assert seen["path"] == "/baidu/api/echo/a%2Fb"
    assert seen["raw_query"] == "access_token=***&q=%20x&access_token=***"
    assert seen["query"] == {"access_token": ["***", "***"], "q": " x"}
    assert (seen["headers"]["authorization"], seen["headers"]["x-api-key"]) == (1, 2)
    assert seen["headers"]["x-own"] == "***"
    assert (seen["method"], seen["generation"]) == ("POST", 1)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"", {"text": ""}),
        ("grüße".encode(), {"text": "grüße"}),
        (b"\xff\x00", {"base64": "/wA="}),
        (b"x" * SHOWN, {"text": "x" * SHOWN}),
        (b"x" * (SHOWN + 1), {}),
    ],
    ids=["empty", "utf-8", "binary", "longest", "too-long"],
)
async def test_echo_repeats_short_bodies(user: User, token: str, body: bytes, shown: dict[str, str]) -> None:
    async with user.call("oauth2", "echo", token, method="PATCH", data=body) as response:
        seen = (await response.json())["body"]
    assert seen == {"length": len(body), "sha256": hashlib.sha256(body).hexdigest(), **shown}


async def test_echo_is_the_same_under_every_style(user: User, style: str) -> None:
    async with user.call(style, "echo", await user.login(style), method="DELETE") as response:
        seen = await response.json()
    assert seen["method"] == "DELETE"
    assert seen["headers"].get("authorization", 0) == (0 if style == "baidu" else 1)


async def test_sse_brings_its_events(user: User, token: str) -> None:
    async with user.call("oauth2", "sse", token, params={"events": "3"}) as response:
        assert response.content_type == "text/event-stream"
        assert "Content-Length" not in response.headers
        assert (await response.text()).split("\n\n") == [
            'data: {"event": 1, "of": 3}',
            'data: {"event": 2, "of": 3}',
            'data: {"event": 3, "of": 3}',
            "",
        ]


async def test_sse_can_hold_back_all_but_the_first(sandbox: Sandbox, user: User, token: str) -> None:
    async with user.call("oauth2", "sse", token, params={"events": "2", "hold": "1"}) as response:
        assert await response.content.readuntil(b"\n\n") == b'data: {"event": 1, "of": 2}\n\n'
        sandbox.release.set()
        assert await response.content.read() == b'data: {"event": 2, "of": 2}\n\n'


async def test_sse_paces_itself(user: User, token: str) -> None:
    async with user.call("oauth2", "sse", token, params={"events": "3", "interval": "0.001"}) as response:
        assert (await response.text()).count("data:") == 3


async def test_ws_echoes_text_and_binary(user: User, style: str) -> None:
    token = await user.login(style)
    headers = {"Authorization": token if style == "aiob" else f"Bearer {token}"}
    url = f"{user.url}/{style}/api/ws?access_token={token}"
    async with user.http.ws_connect(url, headers=headers, protocols=("echo.v1",)) as socket:
        assert socket.protocol == "echo.v1"
        await socket.send_str("grüße")
        assert await socket.receive_str() == "grüße"
        await socket.send_bytes(b"\x00\xff")
        assert await socket.receive_bytes() == b"\x00\xff"


async def test_ws_closes_with_the_code_asked_for(user: User, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    async with user.http.ws_connect(f"{user.url}/oauth2/api/ws?close=4001", headers=headers) as socket:
        await socket.send_str("bye")
        assert await socket.receive_str() == "bye"
        message = await socket.receive()
        assert (message.type, message.data, message.extra) == (aiohttp.WSMsgType.CLOSE, 4001, "as asked")


@pytest.mark.parametrize("code", [200, 201, 204, 304, 404, 418, 429, 503, 599])
async def test_status(user: User, token: str, code: int) -> None:
    async with user.call("oauth2", f"status/{code}", token) as response:
        assert response.status == code
        assert bool(await response.read()) is (code not in (204, 304))


async def test_redirect_goes_where_it_is_told(user: User, token: str) -> None:
    async with user.call(
        "oauth2", "redirect", token, params={"to": "/elsewhere?x=1", "code": "307"}, allow_redirects=False
    ) as response:
        assert (response.status, response.headers["Location"]) == (307, "/elsewhere?x=1")
    async with user.call("oauth2", "redirect", token, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (302, f"{user.url}/oauth2/api/echo")


@pytest.mark.parametrize("part", ["head", "body"])
async def test_slow(user: User, token: str, part: str) -> None:
    async with user.call("oauth2", "slow", token, params={"seconds": "0.001", "part": part}) as response:
        assert await response.json() == {"slept": 0.001}


async def test_hold_answers_after_the_release(sandbox: Sandbox, user: User, token: str) -> None:
    calling = asyncio.ensure_future(user.call("oauth2", "hold", token).__aenter__())
    await sandbox.until(lambda: sandbox.api_requests == 1)
    assert not sandbox.requests[0].ended
    sandbox.release.set()
    async with await calling as response:
        assert await response.json() == {"held": True}


async def test_pages_link_to_each_other_without_the_token(user: User) -> None:
    token = await user.login("baidu")
    seen, params = [], {"n": "1"}
    while True:
        async with user.call("baidu", "page", token, params=params) as response:
            seen.append((await response.json())["page"])
            assert token not in response.headers["Link"]
            assert str(response.links["last"]["url"]) == f"{user.url}/baidu/api/page?n=3"
            if "next" not in response.links:
                break
            assert str(response.links["next"]["url"]).startswith(user.url)
            params = {"n": response.links["next"]["url"].query["n"]}
    assert seen == [1, 2, 3]


@pytest.mark.parametrize(("name", "status"), [("baidu", 200), ("aiob", 401), ("session", 403), ("oauth2", 401)])
async def test_forbidden_looks_like_expiry(user: User, name: str, status: int) -> None:
    token = await user.login(name)
    async with user.call(name, "forbidden", token) as response:
        assert response.status == status
    async with user.call(name, "echo", token) as response:
        assert (await response.json())["token"] == "good"


async def test_leak_repeats_the_token(user: User, token: str) -> None:
    async with user.call("oauth2", "leak", token) as response:
        assert response.headers["X-You-Sent"] == token
        assert await response.json() == {"you_sent": token}


async def test_reply_headers_are_sent_as_named(user: User) -> None:
    token = await user.login("baidu")
    async with user.call("baidu", "reply-headers", token, params={"Set-Cookie": "a=b", "X-Own": "1"}) as response:
        assert (response.headers["Set-Cookie"], response.headers["X-Own"]) == ("a=b", "1")
        assert "access_token" not in response.headers


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("sse", {"events": "-1"}),
        ("sse", {"events": "x"}),
        ("sse", {"interval": "601"}),
        ("sse", {"interval": "nan"}),
        ("slow", {"seconds": "1e9"}),
        ("status/100", {}),
        ("status/abc", {}),
        ("redirect", {"code": "200"}),
        ("redirect", {"to": "/a\r\nX: y"}),
        ("page", {"n": "4"}),
        ("reply-headers", {"Content-Length": "1"}),
        ("reply-headers", {"X Y": "1"}),
        ("reply-headers", {"X": "a\r\nb"}),
        ("download", {"bytes": str(1 << 41)}),
        ("broken/nonsense", {}),
    ],
)
async def test_misuse_is_told(user: User, token: str, path: str, params: dict[str, str]) -> None:
    async with user.call("oauth2", path, token, params=params) as response:
        assert (response.status, list(await response.json())) == (400, ["error"])
