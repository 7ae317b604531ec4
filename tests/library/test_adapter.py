"""Sessions of requests on a service in this process, against an API that tests play."""

from __future__ import annotations

import asyncio
import gzip
import io
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
import requests
from urllib3 import Retry

from proxy.library.blocking import Blocking
from tests.library.conftest import CHUNKED, TOKEN, Program, chunk, ok
from tests.raw import PATIENCE, Wire

Making = Callable[..., Any]
T = TypeVar("T")
BASE = "http://keyless/a"


async def run(keyless: Blocking, script: Callable[[requests.Session], T]) -> T:
    """A script of somebody who does not await."""

    def whole() -> T:
        with requests.Session() as session:
            session.mount("http://keyless/", keyless.adapter())
            return script(session)

    return await asyncio.to_thread(whole)


async def test_a_request_and_its_reply(program: Making) -> None:
    made: Program = await program(ok(b'{"a": 1}', b"Content-Type: application/json", b"X-A: 1", b"X-A: 2"))

    def script(session: requests.Session) -> requests.Response:
        return session.post(f"{BASE}/b c", params={"x": "1 2"}, json={"say": "ü"}, headers={"X-Team": "blue"})

    reply = await run(await made.opened(), script)
    assert (reply.status_code, reply.reason, reply.json(), reply.headers["X-A"]) == (200, "OK", {"a": 1}, "1, 2")
    (sent,) = made.api.requests
    assert sent.start == "POST /v1/b%20c?x=1+2 HTTP/1.1"
    assert (sent.get("Authorization"), sent.get("X-Team")) == (f"Bearer {TOKEN}", "blue")
    assert (sent.json(), sent.all("Content-Length")) == ({"say": "ü"}, [str(len(sent.body))])


async def test_what_raises_for_a_status(program: Making) -> None:
    made: Program = await program(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")

    def script(session: requests.Session) -> str:
        with pytest.raises(requests.HTTPError, match="404"):
            session.get(f"{BASE}/x").raise_for_status()
        return str(session.get("http://keyless/nowhere").json()["code"])

    assert await run(await made.opened(), script) == "no_route"


async def test_nowhere_but_to_the_routes(program: Making) -> None:
    made: Program = await program(ok())
    keyless = await made.opened()

    def script(session: requests.Session) -> None:
        session.mount("http://", keyless.adapter())
        for url in ("http://evil.test/", "http://keyless:81/a", "http://keyless.evil.test/"):
            with pytest.raises(requests.exceptions.InvalidURL, match="http://keyless"):
                session.get(url)

    await run(keyless, script)
    assert made.api.requests == []


async def test_redirects_stay_inside(program: Making) -> None:
    there = b"HTTP/1.1 302 Found\r\nLocation: /v1/next\r\nContent-Length: 0\r\n\r\n"
    made: Program = await program(there, ok())
    reply = await run(await made.opened(), lambda session: session.get(f"{BASE}/x"))
    assert (reply.url, reply.text, len(reply.history)) == ("http://keyless/a/next", "ok", 1)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "DELETE"])
async def test_other_methods(program: Making, method: str) -> None:
    made: Program = await program(b"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n")
    reply = await run(await made.opened(), lambda session: session.request(method, f"{BASE}/x"))
    assert (reply.status_code, reply.content) == (204, b"")


async def test_coded_bodies_are_decoded(program: Making) -> None:
    made: Program = await program(ok(gzip.compress(b"hello" * 100), b"Content-Encoding: gzip"))
    keyless = await made.opened()
    assert (await run(keyless, lambda session: session.get(f"{BASE}/x"))).content == b"hello" * 100
    streamed = await run(keyless, lambda session: b"".join(session.get(f"{BASE}/x", stream=True).iter_content(7)))
    assert streamed == b"hello" * 100


async def test_a_stream_comes_as_it_comes(program: Making) -> None:
    go, loop = asyncio.Event(), asyncio.get_running_loop()

    async def play(wire: Wire) -> None:
        await wire.message()
        await wire.send(CHUNKED, chunk(b"data: 1\n"))
        await go.wait()
        await wire.send(chunk(b"data: 2\n"), b"0\r\n\r\n")

    made: Program = await program(play=play)

    def script(session: requests.Session) -> list[bytes]:
        lines = []
        with session.get(f"{BASE}/x", stream=True, timeout=PATIENCE) as reply:
            for piece in reply.iter_content(None):
                lines.append(piece)
                loop.call_soon_threadsafe(go.set)
        return lines

    assert await run(await made.opened(), script) == [b"data: 1\n", b"data: 2\n"]


async def test_a_large_body(program: Making) -> None:
    made: Program = await program(ok(b"x" * 5_000_000))
    keyless = await made.opened()
    assert len((await run(keyless, lambda session: session.get(f"{BASE}/x"))).content) == 5_000_000
    raw = await run(keyless, lambda session: len(session.get(f"{BASE}/x", stream=True).raw.read()))
    assert raw == 5_000_000


def pieces() -> Iterator[bytes]:
    yield from [b"x" * 50_000] * 40


UPLOADS: dict[str, Callable[[], Any]] = {
    "a file": lambda: io.BytesIO(b"".join(pieces())),
    "a text file": lambda: io.StringIO("x" * 2_000_000),
    "pieces": pieces,
    "bytes": lambda: b"".join(pieces()),
    "text": lambda: "x" * 2_000_000,
}


@pytest.mark.parametrize("kind", UPLOADS)
async def test_an_upload(program: Making, kind: str) -> None:
    made: Program = await program(ok())
    reply = await run(await made.opened(), lambda session: session.put(f"{BASE}/x", data=UPLOADS[kind]()))
    assert (reply.status_code, len(made.api.requests[0].body)) == (200, 2_000_000)
    assert (made.api.requests[0].get("Transfer-Encoding") == "chunked") is (kind == "pieces")


async def test_files_of_a_form(program: Making) -> None:
    made: Program = await program(ok())
    await run(await made.opened(), lambda session: session.post(f"{BASE}/x", files={"f": ("a.txt", b"content")}))
    assert b"content" in made.api.requests[0].body


async def test_a_reply_that_breaks_off(program: Making) -> None:
    made: Program = await program(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\none")

    def script(session: requests.Session) -> None:
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            session.get(f"{BASE}/x")

    await run(await made.opened(), script)


async def test_a_reply_that_does_not_come_or_stands_still(program: Making) -> None:
    async def play(wire: Wire) -> None:
        request = await wire.message()
        if request.target.endswith("begun"):
            await wire.send(CHUNKED, chunk(b"one"))
        await wire.rest()

    made: Program = await program(play=play)

    def script(session: requests.Session) -> None:
        with pytest.raises(requests.ReadTimeout):
            session.get(f"{BASE}/x", timeout=0.1)
        with pytest.raises(requests.ConnectionError):
            session.get(f"{BASE}/begun", timeout=(1, 0.3))

    await run(await made.opened(), script)
    await made.api.until(lambda: made.api.ended == 2)


async def test_a_reply_that_is_closed_early_ends_at_the_api(program: Making) -> None:
    async def play(wire: Wire) -> None:
        await wire.message()
        await wire.send(CHUNKED, chunk(b"one"))
        await wire.rest()

    made: Program = await program(play=play)

    def script(session: requests.Session) -> bytes:
        with session.get(f"{BASE}/x", stream=True) as reply:
            return bytes(next(reply.iter_content(None)))

    assert await run(await made.opened(), script) == b"one"
    await made.api.until(lambda: made.api.ended == 1)


BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy"
PATIENT = Retry(total=2, status_forcelist=[503], allowed_methods=None)


def body_of(kind: str) -> Any:
    file = io.BytesIO(b"-a body")
    file.seek(1)
    return {"text": "a body", "file": file, "generator": iter([b"a ", b"body"]), "none": None}[kind]


@pytest.mark.parametrize("kind", ["text", "file", "none"])
async def test_what_the_session_wants_tried_again_is(program: Making, kind: str) -> None:
    made: Program = await program(BUSY, BUSY, ok())

    def script(session: requests.Session, keyless: Blocking) -> int:
        session.mount("http://keyless/", keyless.adapter(max_retries=PATIENT))
        return session.post(f"{BASE}/x", data=body_of(kind)).status_code

    keyless = await made.opened()
    assert await run(keyless, lambda session: script(session, keyless)) == 200
    assert [sent.body for sent in made.api.requests] == [b"" if kind == "none" else b"a body"] * 3


@pytest.mark.parametrize(
    ("retries", "kind", "method", "tries"),
    [
        (0, "none", "GET", 1),
        (3, "none", "GET", 1),
        (PATIENT.new(raise_on_status=False), "none", "GET", 3),
        (PATIENT.new(allowed_methods=["GET"]), "text", "POST", 1),
        (PATIENT, "generator", "POST", 1),
    ],
    ids=["none", "a number is for broken exchanges", "used up", "another method", "a body that is gone"],
)
async def test_a_reply_that_is_not_tried_again_is_given(
    program: Making, retries: Any, kind: str, method: str, tries: int
) -> None:
    made: Program = await program(BUSY)

    def script(session: requests.Session, keyless: Blocking) -> tuple[int, str]:
        session.mount("http://keyless/", keyless.adapter(retries))
        reply = session.request(method, f"{BASE}/x", data=body_of(kind))
        return reply.status_code, reply.text

    keyless = await made.opened()
    assert await run(keyless, lambda session: script(session, keyless)) == (503, "busy")
    assert len(made.api.requests) == tries


async def test_tries_that_are_used_up(program: Making) -> None:
    made: Program = await program(BUSY)

    def script(session: requests.Session, keyless: Blocking) -> None:
        session.mount("http://keyless/", keyless.adapter(PATIENT))
        with pytest.raises(requests.exceptions.RetryError, match="503"):
            session.get(f"{BASE}/x")

    keyless = await made.opened()
    await run(keyless, lambda session: script(session, keyless))
    assert len(made.api.requests) == 3


@pytest.mark.parametrize(
    ("retries", "method", "tries"),
    [(0, "GET", 1), (2, "GET", 3), (2, "POST", 1), (Retry(2), "GET", 3), (Retry(2, read=1), "GET", 2)],
)
async def test_a_reply_that_does_not_come_is_asked_for_again(
    program: Making, retries: Any, method: str, tries: int
) -> None:
    """As HTTPAdapter does it: where asking twice does no harm, and never unless it is said."""
    came = 0

    async def play(wire: Wire) -> None:
        nonlocal came
        await wire.message()
        came += 1
        await wire.rest()

    made: Program = await program(play=play)

    def script(session: requests.Session, keyless: Blocking) -> None:
        session.mount("http://keyless/", keyless.adapter(retries))
        with pytest.raises(requests.ReadTimeout):
            session.request(method, f"{BASE}/x", timeout=0.2)

    keyless = await made.opened()
    await run(keyless, lambda session: script(session, keyless))
    assert came == tries


async def test_threads_share_one(program: Making) -> None:
    made: Program = await program(ok())
    keyless = await made.opened()

    def script() -> list[int]:
        answers: list[int] = []
        adapter = keyless.adapter()

        def ask() -> None:
            with requests.Session() as session:
                session.mount("http://keyless/", adapter)
                answers.append(session.get(f"{BASE}/x").status_code)

        asking = [threading.Thread(target=ask) for _ in range(8)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
        return answers

    assert await asyncio.to_thread(script) == [200] * 8


async def test_after_its_close(program: Making) -> None:
    made: Program = await program(ok())
    keyless = await asyncio.to_thread(made.keyless().open)

    def script(session: requests.Session) -> None:
        unread = session.get(f"{BASE}/x", stream=True)
        keyless.close()
        with pytest.raises(RuntimeError, match="close"):
            session.get(f"{BASE}/x")
        with pytest.raises(RuntimeError, match="close"):
            unread.content  # noqa: B018 -- reads it
        unread.close()

    await run(keyless, script)
