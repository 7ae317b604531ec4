"""The library face: the proxy's own rules inside a program, awaited and not."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import proxy
from proxy import Keyless
from proxy.errors import ConfigError, Fault
from proxy.sandbox import KEY, SECRET, Sandbox
from tests.conftest import STYLES, providers
from tests.raw import PATIENCE, RawApi, Wire


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        yield running


def config(folder: Path, url: str, **more: Any) -> Path:
    routes = {f"/{style}": {"upstream": f"{url}/{style}/api", "provider": style} for style in STYLES}
    path = folder / "keyless.yaml"
    path.write_text(yaml.safe_dump({"providers": providers(url), "routes": routes} | more))
    return path


async def test_a_request_carries_a_token(sandbox: Sandbox, tmp_path: Path) -> None:
    async with Keyless(config(tmp_path, sandbox.url)) as keyless:
        for style in STYLES:
            reply = await keyless.request("GET", f"/{style}/echo")
            assert (reply.status, reply.attempts, (await reply.json())["token"]) == (200, 1, "good")
    assert sandbox.mints == dict.fromkeys(STYLES, 1)


async def test_only_what_is_used_is_minted(sandbox: Sandbox, tmp_path: Path) -> None:
    async with Keyless(config(tmp_path, sandbox.url)) as keyless:
        await keyless.request("GET", "/oauth2/echo")
    assert sandbox.mints == {"oauth2": 1}


async def test_a_voided_token_is_renewed_and_the_request_replayed(sandbox: Sandbox, tmp_path: Path) -> None:
    async with Keyless(config(tmp_path, sandbox.url)) as keyless:
        await keyless.request("GET", "/oauth2/echo")
        sandbox.void()
        reply = await keyless.request("post", "/oauth2/echo", json={"a": "ü"})
        seen = await reply.json()
    assert (reply.status, reply.attempts, seen["generation"]) == (200, 2, 2)
    assert yaml.safe_load(seen["body"]["text"]) == {"a": "ü"}


async def test_what_is_sent(tmp_path: Path) -> None:
    async with RawApi.answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as api:
        routes = {"/a": {"upstream": api.url, "provider": "none"}}
        async with Keyless(config(tmp_path, "http://127.0.0.1:9", routes=routes)) as keyless:
            await keyless.request(
                "put", "/a/b c/é%2F?x=1#part", params={"y": "2 3"}, headers={"X-Team": "blue"}, data={"k": "v w"}
            )
    (request,) = api.requests
    assert request.start == "PUT /b%20c/%C3%A9%2F?x=1&y=2+3 HTTP/1.1"
    assert (request.get("X-Team"), request.body) == ("blue", b"k=v+w")
    assert (request.get("User-Agent") or "").startswith("keyless/")
    assert request.get("Content-Type") == "application/x-www-form-urlencoded"


async def test_the_reply(sandbox: Sandbox, tmp_path: Path) -> None:
    async with Keyless(config(tmp_path, sandbox.url)) as keyless:
        reply = await keyless.request("GET", "/oauth2/echo")
        assert await reply.text() == (await reply.read()).decode()
        assert reply.headers["content-type"].startswith("application/json")
        assert repr(reply) == "<Reply 200, attempts 1>"


async def test_a_stream_comes_as_it_comes(tmp_path: Path) -> None:
    go = asyncio.Event()

    async def play(wire: Wire) -> None:
        await wire.message()
        await wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        await go.wait()
        await wire.send(b"3\r\ntwo\r\n0\r\n\r\n")

    async with RawApi(play) as api:
        path = config(tmp_path, "http://127.0.0.1:9", routes={"/a": {"upstream": api.url, "provider": "none"}})
        async with Keyless(path) as keyless:
            reply = await keyless.request("GET", "/a")
            pieces = []
            async for piece in reply:
                pieces.append(piece)
                go.set()
    assert pieces == [b"one", b"two"]


async def test_a_reply_that_breaks_off(tmp_path: Path) -> None:
    async with RawApi.answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\none") as api:
        path = config(tmp_path, "http://127.0.0.1:9", routes={"/a": {"upstream": api.url, "provider": "none"}})
        async with Keyless(path) as keyless:
            reply = await keyless.request("GET", "/a")
            with pytest.raises(Fault, match="upstream_protocol"):
                await reply.read()


async def test_a_redirect_is_not_followed_and_its_link_can_be_asked_for(tmp_path: Path) -> None:
    first = b"HTTP/1.1 302 Found\r\nLocation: /v1/next?page=2\r\nLink: <%b/v1/b>\r\nContent-Length: 0\r\n\r\n"
    async with RawApi.answering() as api:

        async def play(wire: Wire) -> None:
            while True:
                api.record(await wire.message())
                await wire.send(first % api.url.encode())

        api._play = play
        routes = {"/a": {"upstream": f"{api.url}/v1", "provider": "none"}}
        async with Keyless(config(tmp_path, "http://127.0.0.1:9", routes=routes)) as keyless:
            reply = await keyless.request("GET", "/a")
            assert (reply.status, reply.headers["Link"]) == (302, "<http://keyless/a/b>")
            await keyless.request("GET", reply.headers["Location"])
            await keyless.request("GET", "http://keyless/a/b")
            assert [request.target for request in api.requests] == ["/v1", "/v1/next?page=2", "/v1/b"]


async def test_clients_and_pages_of_the_config_do_not_count_in_here(sandbox: Sandbox, tmp_path: Path) -> None:
    more: dict[str, Any] = {
        "clients": [{"name": "app", "key": "0123456789abcdef", "routes": ["/baidu"]}],
        "browser": {"hosts": ["keyless.test"], "origins": ["https://a.test"]},
        "listen": ["127.0.0.1:1"],
    }
    async with Keyless(config(tmp_path, sandbox.url, **more)) as keyless:
        assert (await keyless.request("GET", "/oauth2/echo")).status == 200


# ------------------------------------------------------------------------------------------- tokens, errors


async def test_a_token_by_itself(sandbox: Sandbox, tmp_path: Path) -> None:
    async with Keyless(config(tmp_path, sandbox.url)) as keyless:
        newest = await keyless.token("oauth2"), sandbox.ledger.newest("oauth2")
    assert newest[1] is not None
    assert newest[0] == newest[1].value


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/nowhere", "no_route"),
        ("HEAD", "/nowhere", "no_route"),
        ("GET", "/oauth2/../x", "path_refused"),
        ("GET", "/oauth2/a\r\nX-Evil: 1", "path_refused"),
        ("GET", "oauth2/echo", "path_refused"),
        ("GET", "https://evil.test/oauth2", "path_refused"),
        ("GET", "http://keyless.evil.test/oauth2", "path_refused"),
        ("GET", "", "path_refused"),
    ],
)
async def test_errors_of_our_own_are_faults(
    sandbox: Sandbox, tmp_path: Path, method: str, path: str, code: str
) -> None:
    async with Keyless(config(tmp_path, sandbox.url)) as keyless:
        with pytest.raises(Fault) as fault:
            await keyless.request(method, path)
    assert fault.value.code == code
    assert sandbox.api_requests == 0


async def test_a_fault_keeps_what_is_known(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.keys.clear()
    async with Keyless(config(tmp_path, sandbox.url)) as keyless:
        with pytest.raises(Fault) as fault:
            await keyless.request("GET", "/oauth2/echo")
        assert (fault.value.code, fault.value.provider) == ("credential_refused", "oauth2")
        assert fault.value.retry_after is not None
        for name, code in (("oauth2", "credential_refused"), ("nobody", "no_route")):
            with pytest.raises(Fault, match=code):
                await keyless.token(name)


def test_a_config_with_mistakes(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="upstrem"):
        Keyless(config(tmp_path, "http://127.0.0.1:9", routes={"/a": {"upstrem": "x"}}))


async def test_outside_its_block_it_says_so(sandbox: Sandbox, tmp_path: Path) -> None:
    keyless = Keyless(config(tmp_path, sandbox.url))
    for _ in range(2):  # it can be entered again
        for call in (keyless.request("GET", "/oauth2/echo"), keyless.token("oauth2")):
            with pytest.raises(RuntimeError, match="async with"):
                await call
        async with keyless:
            assert (await keyless.request("GET", "/oauth2/echo")).status == 200


async def test_replies_that_nobody_reads_hold_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    async with Keyless(config(tmp_path, sandbox.url)) as keyless:
        for _ in range(5):
            await keyless.request("GET", "/oauth2/download?bytes=300000")
            gc.collect()
        reply = await keyless.request("GET", "/oauth2/echo")
        reply.close()
    assert reply.status == 200


async def test_many_at_once_share_one_mint(sandbox: Sandbox, tmp_path: Path) -> None:
    async with Keyless(config(tmp_path, sandbox.url)) as keyless:
        replies = await asyncio.gather(*(keyless.request("GET", "/oauth2/echo") for _ in range(50)))
    assert {reply.status for reply in replies} == {200}
    assert sandbox.mints == {"oauth2": 1}


# ------------------------------------------------------------------------------------------- without await


async def test_the_same_without_await(sandbox: Sandbox, tmp_path: Path) -> None:
    path = config(tmp_path, sandbox.url)

    def script() -> None:
        with Keyless(path) as keyless:
            reply = keyless.request("POST", "/oauth2/echo", params={"x": 1}, json={"a": 1})
            assert (reply.status, reply.attempts, reply.json()["query"]) == (200, 1, {"x": "1"})
            assert reply.text() == reply.read().decode()
            assert b"".join(keyless.request("GET", "/oauth2/download?bytes=300000")) != b""
            assert "content-type" in reply.headers
            assert repr(reply) == "<Reply 200, attempts 1>"
            assert keyless.token("oauth2").startswith("sandbox.")
            with pytest.raises(Fault, match="no_route"):
                keyless.request("GET", "/nowhere")
            for _ in keyless.request("GET", "/oauth2/download?bytes=300000"):
                break
            unread = keyless.request("GET", "/oauth2/download?bytes=300000")
        with pytest.raises(RuntimeError, match="with"):
            keyless.request("GET", "/oauth2/echo")
        del unread
        gc.collect()

    await asyncio.to_thread(script)
    assert not [thread for thread in threading.enumerate() if thread.name == "keyless"]


async def test_threads_may_share_it(sandbox: Sandbox, tmp_path: Path) -> None:
    path = config(tmp_path, sandbox.url)

    def script() -> list[int]:
        with Keyless(path) as keyless:
            answers: list[int] = []
            calls = [
                threading.Thread(target=lambda: answers.append(keyless.request("GET", "/oauth2/echo").status))
                for _ in range(8)
            ]
            for call in calls:
                call.start()
            for call in calls:
                call.join()
            return answers

    assert await asyncio.to_thread(script) == [200] * 8
    assert sandbox.mints == {"oauth2": 1}


def test_a_store_that_can_not_be_used_leaves_no_thread(tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text("a file")
    with pytest.raises(proxy.errors.KeylessError), Keyless(config(tmp_path, "http://127.0.0.1:9", store="file:tokens")):
        pass
    assert not [thread for thread in threading.enumerate() if thread.name == "keyless"]


# ------------------------------------------------------------------------------------------- the package


def test_importing_the_package_stays_cheap() -> None:
    program = "import sys, proxy; assert 'aiohttp' not in sys.modules and 'pydantic' not in sys.modules; proxy.Keyless"
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=60)


def test_what_the_package_does_not_have() -> None:
    with pytest.raises(AttributeError, match="Nonsense"):
        proxy.Nonsense  # noqa: B018


async def test_trap_18_a_rotated_secret_takes_effect_in_a_program(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    known = providers(sandbox.url)
    known["oauth2"] |= {"client_secret": "${file:secret}"}
    async with Keyless(config(tmp_path, sandbox.url, providers=known)) as keyless:
        await keyless.request("GET", "/oauth2/echo")
        sandbox.keys = {KEY: "a-new-secret-of-the-sandbox"}
        (tmp_path / "new").write_text("a-new-secret-of-the-sandbox")
        (tmp_path / "new").rename(tmp_path / "secret")
        await sandbox.until(lambda: sandbox.mints["oauth2"] == 2)
        async with asyncio.timeout(PATIENCE):
            while await keyless.token("oauth2") != sandbox.ledger.newest("oauth2").value:  # noqa: ASYNC110 -- nothing there sets an event
                await asyncio.sleep(0)
        sandbox.void()
        reply = await keyless.request("GET", "/oauth2/echo")
    assert reply.status == 200
