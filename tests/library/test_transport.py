"""Clients of httpx on a service in this process: both kinds, both packages, against an API that tests play."""

from __future__ import annotations

import asyncio
import gc
import gzip
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import httpx2
import pytest

from proxy.library.keyless import Keyless
from tests.library.conftest import CHUNKED, TOKEN, Program, chunk, ok
from tests.raw import PATIENCE, Wire

Making = Callable[..., Any]
BASE = "http://keyless/a"
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\none"
EITHER = pytest.mark.parametrize("package", [httpx, httpx2])


def client(keyless: Keyless, package: Any = httpx, **more: Any) -> Any:
    return package.AsyncClient(transport=keyless.transport(), **{"base_url": BASE, "timeout": PATIENCE} | more)


@EITHER
async def test_a_request_and_its_reply(program: Making, package: Any) -> None:
    made: Program = await program(ok(b'{"a": 1}', b"Content-Type: application/json", b"X-A: 1", b"X-A: 2"))
    async with made.keyless() as keyless, client(keyless, package) as ours:
        reply = await ours.post("/b c", params={"x": "1 2"}, json={"say": "ü"}, headers={"X-Team": "blue"})
    assert (reply.status_code, reply.reason_phrase, reply.json()) == (200, "OK", {"a": 1})
    assert reply.headers.get_list("X-A") == ["1", "2"]
    (sent,) = made.api.requests
    assert sent.target in ("/v1/b%20c?x=1%202", "/v1/b%20c?x=1+2")
    assert (sent.get("Authorization"), sent.get("X-Team")) == (f"Bearer {TOKEN}", "blue")
    assert (sent.json(), sent.all("Content-Length")) == ({"say": "ü"}, [str(len(sent.body))])
    assert (sent.get("User-Agent") or "").startswith("python-httpx")


@EITHER
async def test_without_await(program: Making, package: Any) -> None:
    made: Program = await program(ok())
    keyless = await made.opened()

    def script() -> list[str]:
        with package.Client(transport=keyless.transport(), base_url=BASE, timeout=PATIENCE) as ours:
            return [ours.get("/x").text, ours.post("/y", data={"k": "v"}).text]

    assert await asyncio.to_thread(script) == ["ok", "ok"]
    assert [request.target for request in made.api.requests] == ["/v1/x", "/v1/y"]
    assert made.api.requests[1].body == b"k=v"


async def test_one_that_is_open_serves_any_loop(program: Making) -> None:
    """As a notebook's, whose loop runs already; and each `asyncio.run` has one of its own."""
    made: Program = await program(ok())
    keyless = await made.opened()

    async def asked() -> int:
        async with httpx.AsyncClient(transport=keyless.transport(), timeout=PATIENCE) as ours:
            return (await ours.get(f"{BASE}/x")).status_code

    assert await asked() == 200
    assert await asyncio.to_thread(asyncio.run, asked()) == 200
    assert (await asyncio.to_thread(keyless.request, "GET", "/a/x")).status == 200


async def test_in_its_own_loop_a_client_must_await(program: Making) -> None:
    made: Program = await program(ok())
    async with made.keyless() as keyless:
        with httpx.Client(transport=keyless.transport()) as ours, pytest.raises(RuntimeError, match="AsyncClient"):
            ours.get(f"{BASE}/x")  # noqa: ASYNC212 -- that is the mistake
    assert made.api.requests == []


async def test_nowhere_but_to_the_routes(program: Making) -> None:
    made: Program = await program(ok())
    async with made.keyless() as keyless, client(keyless) as ours:
        for url in ("https://keyless/a", "http://keyless:81/a", "http://evil.test/a", "http://keyless.evil.test/"):
            with pytest.raises(httpx.UnsupportedProtocol, match="http://keyless"):
                await ours.get(url)
    assert made.api.requests == []


async def test_errors_of_the_proxy_are_replies(program: Making) -> None:
    made: Program = await program(ok())
    async with made.keyless() as keyless, client(keyless, base_url="http://keyless") as ours:
        reply = await ours.get("/nowhere")
        assert (reply.status_code, reply.json()["code"]) == (404, "no_route")
        with pytest.raises(httpx.HTTPStatusError, match="404"):
            reply.raise_for_status()


async def test_outside_its_block(program: Making) -> None:
    made: Program = await program(ok())
    keyless = made.keyless()
    ours = client(keyless)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="within its"):
            await ours.get("/x")
        async with keyless:
            assert (await ours.get("/x")).status_code == 200
    await ours.aclose()


async def test_after_its_close(program: Making) -> None:
    made: Program = await program(ok())
    keyless = await asyncio.to_thread(made.keyless().open)
    with httpx.Client(transport=keyless.transport(), timeout=PATIENCE) as ours:
        assert (await asyncio.to_thread(ours.get, f"{BASE}/x")).status_code == 200
        await asyncio.to_thread(keyless.close)
        await asyncio.to_thread(keyless.close)
        with pytest.raises(RuntimeError, match="close"):
            await asyncio.to_thread(ours.get, f"{BASE}/x")
    assert not [thread for thread in threading.enumerate() if thread.name == "keyless"]


async def test_redirects_and_links_stay_inside(program: Making) -> None:
    there = b"HTTP/1.1 302 Found\r\nLocation: /v1/next\r\nContent-Length: 0\r\n\r\n"
    made: Program = await program(there, ok())
    async with made.keyless() as keyless, client(keyless, follow_redirects=True) as ours:
        reply = await ours.get("/x")
    assert (str(reply.url), reply.text) == ("http://keyless/a/next", "ok")
    assert [request.get("Transfer-Encoding") for request in made.api.requests] == [None, None], "there is no body"


async def test_coded_bodies_are_the_clients(program: Making) -> None:
    packed = gzip.compress(b"hello" * 100)
    made: Program = await program(ok(packed, b"Content-Encoding: gzip"))
    async with made.keyless() as keyless, client(keyless) as ours:
        reply = await ours.get("/x", headers={"Accept-Encoding": "gzip"})
        assert (reply.content, reply.headers["Content-Encoding"]) == (b"hello" * 100, "gzip")
        async with ours.stream("GET", "/x") as raw:
            assert b"".join([piece async for piece in raw.aiter_raw()]) == packed


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "DELETE"])
async def test_other_methods(program: Making, method: str) -> None:
    made: Program = await program(b"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n")
    async with made.keyless() as keyless, client(keyless) as ours:
        reply = await ours.request(method, "/x")
    assert (reply.status_code, reply.content, made.api.requests[0].start[: len(method)]) == (204, b"", method)


# ------------------------------------------------------------------------------------------- streams


async def test_a_stream_comes_as_it_comes(program: Making) -> None:
    go = asyncio.Event()

    async def play(wire: Wire) -> None:
        await wire.message()
        await wire.send(CHUNKED, chunk(b"one"))
        await go.wait()
        await wire.send(chunk(b"two"), b"0\r\n\r\n")

    made: Program = await program(play=play)
    pieces = []
    async with made.keyless() as keyless, client(keyless) as ours, ours.stream("GET", "/x") as reply:
        async for piece in reply.aiter_bytes():
            pieces.append(piece)
            go.set()
    assert pieces == [b"one", b"two"]


async def test_a_stream_without_await(program: Making) -> None:
    go = asyncio.Event()

    async def play(wire: Wire) -> None:
        await wire.message()
        await wire.send(CHUNKED, chunk(b"data: 1\n"))
        await go.wait()
        await wire.send(chunk(b"data: 2\n"), b"0\r\n\r\n")

    made: Program = await program(play=play)
    keyless, loop = await made.opened(), asyncio.get_running_loop()

    def script() -> list[str]:
        lines = []
        with (
            httpx.Client(transport=keyless.transport(), timeout=PATIENCE) as ours,
            ours.stream("GET", f"{BASE}/x") as reply,
        ):
            for line in reply.iter_lines():
                lines.append(line)
                loop.call_soon_threadsafe(go.set)
        return lines

    assert await asyncio.to_thread(script) == ["data: 1", "data: 2"]


async def test_a_large_body_waits_for_its_reader(program: Making) -> None:
    """What is not read is not taken from the API either, but for what the sockets between hold."""
    sent = 0

    async def play(wire: Wire) -> None:
        nonlocal sent
        await wire.message()
        await wire.send(CHUNKED)
        for _ in range(400):
            await wire.send(chunk(b"x" * 100_000))
            sent += 1
        await wire.send(b"0\r\n\r\n")

    made: Program = await program(play=play)
    async with made.keyless() as keyless, client(keyless) as ours, ours.stream("GET", "/x") as reply:
        size, early = 0, 0
        async for piece in reply.aiter_raw():
            early = early or sent
            size += len(piece)
    assert size == 400 * 100_000
    assert early < 200


@pytest.mark.parametrize("sized", [True, False])
async def test_an_upload_in_pieces(program: Making, sized: bool) -> None:
    made: Program = await program(ok())
    pieces = [b"x" * 50_000] * 40
    headers = {"Content-Length": str(50_000 * 40)} if sized else {}

    async def body() -> AsyncIterator[bytes]:
        for piece in [*pieces, b""]:
            yield piece

    async with made.keyless() as keyless, client(keyless) as ours:
        assert (await ours.put("/x", content=body(), headers=headers)).status_code == 200
    (sent,) = made.api.requests
    assert sent.body == b"".join(pieces)
    assert (sent.get("Content-Length") is not None) is sized
    assert (sent.get("Transfer-Encoding") == "chunked") is not sized


async def test_an_upload_without_await_is_read_where_it_is_called(program: Making) -> None:
    made: Program = await program(ok())
    keyless = await made.opened()
    threads = set()

    def body() -> Iterator[bytes]:
        for _ in range(40):
            threads.add(threading.get_ident())
            yield b"x" * 50_000

    def script() -> tuple[int, int]:
        with httpx.Client(transport=keyless.transport(), timeout=PATIENCE) as ours:
            return ours.put(f"{BASE}/x", content=body()).status_code, threading.get_ident()

    status, caller = await asyncio.to_thread(script)
    assert (status, threads, len(made.api.requests[0].body)) == (200, {caller}, 2_000_000)


async def test_files_of_a_form(program: Making) -> None:
    made: Program = await program(ok())
    async with made.keyless() as keyless, client(keyless) as ours:
        assert (await ours.post("/x", files={"f": ("a.txt", b"content")}, data={"k": "v"})).status_code == 200
    (sent,) = made.api.requests
    assert b"content" in sent.body
    assert (sent.get("Content-Type") or "").startswith("multipart/form-data; boundary=")


async def test_an_api_that_answers_before_the_upload_is_over(program: Making) -> None:
    async def play(wire: Wire) -> None:
        await wire.head()
        await wire.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    made: Program = await program(play=play)

    async def body() -> AsyncIterator[bytes]:
        for _ in range(2000):
            yield b"x" * 50_000

    async with made.keyless() as keyless, client(keyless) as ours:
        assert (await ours.put("/x", content=body())).status_code == 413


# ------------------------------------------------------------------------------------------- what goes wrong


@EITHER
async def test_a_reply_that_breaks_off(program: Making, package: Any) -> None:
    made: Program = await program(CUT)
    async with made.keyless() as keyless, client(keyless, package) as ours:
        with pytest.raises(package.RemoteProtocolError, match="broke off"):
            await ours.get("/x")


async def test_a_reply_that_does_not_come(program: Making) -> None:
    async def play(wire: Wire) -> None:
        await wire.message()
        await wire.rest()

    made: Program = await program(play=play)
    async with made.keyless() as keyless, client(keyless, timeout=1.0) as ours:
        with pytest.raises(httpx.ReadTimeout):
            await ours.get("/x")
    await made.api.until(lambda: made.api.ended == 1)


async def test_a_stream_that_stands_still(program: Making) -> None:
    async def play(wire: Wire) -> None:
        await wire.message()
        await wire.send(CHUNKED, chunk(b"one"))
        await wire.rest()

    made: Program = await program(play=play)
    async with made.keyless() as keyless, client(keyless, timeout=1.0) as ours:
        with pytest.raises(httpx.ReadTimeout):
            await ours.get("/x")
    await made.api.until(lambda: made.api.ended == 1)


@pytest.mark.parametrize("opened", [False, True], ids=["same loop", "another"])
async def test_a_cancelled_request_ends_at_the_api(program: Making, opened: bool) -> None:
    asked = asyncio.Event()

    async def play(wire: Wire) -> None:
        await wire.message()
        asked.set()
        await wire.rest()

    made: Program = await program(play=play)
    keyless: Any = await made.opened() if opened else made.keyless()
    if not opened:
        await keyless.__aenter__()
    try:
        async with client(keyless) as ours:
            task = asyncio.create_task(ours.get("/x"))
            async with asyncio.timeout(PATIENCE):
                await asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await made.api.until(lambda: made.api.ended == 1)
    finally:
        if not opened:
            await keyless.__aexit__(None, None, None)


async def test_a_stream_that_is_left_early_ends_at_the_api(program: Making) -> None:
    async def play(wire: Wire) -> None:
        await wire.message()
        await wire.send(CHUNKED, chunk(b"one"))
        await wire.rest()

    made: Program = await program(play=play)
    async with made.keyless() as keyless, client(keyless) as ours:
        async with ours.stream("GET", "/x") as reply:
            assert await anext(reply.aiter_bytes()) == b"one"
        await made.api.until(lambda: made.api.ended == 1)


async def test_a_stream_that_is_forgotten_ends_at_the_api(program: Making) -> None:
    async def play(wire: Wire) -> None:
        await wire.message()
        await wire.send(CHUNKED, chunk(b"one"))
        await wire.rest()

    made: Program = await program(play=play)
    keyless = await made.opened()

    def script() -> None:
        with httpx.Client(transport=keyless.transport(), timeout=PATIENCE) as ours:
            ours.send(ours.build_request("GET", f"{BASE}/x"), stream=True)
        gc.collect()

    await asyncio.to_thread(script)
    await made.api.until(lambda: made.api.ended == 1)


async def test_an_upload_whose_source_fails(program: Making) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"one"
        raise LookupError("no more")

    made: Program = await program(ok())
    async with made.keyless() as keyless, client(keyless) as ours:
        with pytest.raises(LookupError, match="no more"):
            await ours.post("/x", content=body())
        await made.api.until(lambda: made.api.ended == made.api.connections)
        assert made.api.requests == []
        assert (await ours.get("/x")).status_code == 200
