"""Opened once: across the cells of a notebook, for SDKs that take a client, and by a program that never closes it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx2
import openai
import pytest

from proxy import Keyless
from proxy.errors import KeylessError
from proxy.library.reply import StatusError
from tests.library.conftest import TOKEN, Program, ok
from tests.raw import PATIENCE

Making = Callable[..., Any]
GONE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"
COMPLETION = b'{"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": []}'


async def test_cells_share_what_the_first_has_opened(program: Making) -> None:
    """A notebook's loop runs while its cells do."""
    made: Program = await program(ok())
    keyless = await made.opened()
    for _ in range(3):
        reply = await asyncio.to_thread(keyless.request, "GET", "/a/x")
        assert (await asyncio.to_thread(reply.text)) == "ok"
    assert made.api.connections == 1
    with keyless:
        assert (await asyncio.to_thread(keyless.request, "GET", "/a/x")).status == 200
    with pytest.raises(RuntimeError, match="close"):
        keyless.request("GET", "/a/x")


async def test_it_can_be_opened_twice(program: Making) -> None:
    made: Program = await program(ok())
    keyless = made.keyless()
    for _ in range(2):
        opened = await asyncio.to_thread(keyless.open)
        assert (await asyncio.to_thread(opened.request, "GET", "/a/x")).status == 200
        await asyncio.to_thread(opened.close)


async def test_a_cell_that_runs_again_gets_what_it_has_opened(program: Making) -> None:
    made: Program = await program(ok())
    keyless = made.keyless()
    first = await asyncio.to_thread(keyless.open)
    assert await asyncio.gather(*(asyncio.to_thread(keyless.open) for _ in range(5))) == [first] * 5
    assert first.open() is first
    assert (await asyncio.to_thread(first.request, "GET", "/a/x")).status == 200
    await asyncio.to_thread(first.close)
    async with keyless:
        with pytest.raises(RuntimeError, match="awaited"):
            keyless.open()
        assert (await keyless.request("GET", "/a/x")).status == 200


async def test_a_program_that_never_closes_it_ends_quietly(program: Making) -> None:
    made: Program = await program(ok())
    script = (
        f"from proxy import Keyless; k = Keyless({str(made.config)!r}).open(); print(k.request('GET', '/a/x').text())"
    )
    words = (sys.executable, "-W", "error", "-c", script)
    done = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, timeout=PATIENCE * 6)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ok\n", "")


async def test_a_status_that_raises(program: Making) -> None:
    made: Program = await program(GONE, ok(), GONE, ok())
    async with made.keyless() as keyless:
        with pytest.raises(StatusError, match=r"^GET /a/x: 404 Not Found$") as refused:
            (await keyless.request("GET", "/a/x?key=secret")).raise_for_status()
        assert (refused.value.status, await refused.value.reply.text()) == (404, "no")
        assert (await keyless.request("GET", "/a/x")).raise_for_status().status == 200
    blocking = await made.opened()

    def script() -> int:
        with pytest.raises(StatusError, match="404"):
            blocking.request("GET", "/a/x").raise_for_status()
        return blocking.request("GET", "/a/x").raise_for_status().status

    assert await asyncio.to_thread(script) == 200


async def test_the_usual_config(program: Making, monkeypatch: pytest.MonkeyPatch) -> None:
    made: Program = await program(ok())
    monkeypatch.setenv("KEYLESS_CONFIG", str(made.config))
    async with Keyless() as keyless:
        assert (await keyless.request("GET", "/a/x")).status == 200


async def test_an_sdk_that_takes_a_client(program: Making) -> None:
    """OpenAI's, whose client is of the package that took httpx's place."""
    made: Program = await program(ok(COMPLETION, b"Content-Type: application/json"))
    async with (
        made.keyless() as keyless,
        httpx2.AsyncClient(transport=keyless.transport()) as inside,
        openai.AsyncOpenAI(base_url="http://keyless/a", api_key="made-up", http_client=inside) as client,
    ):
        done = await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
    assert done.id == "c"
    (sent,) = made.api.requests
    assert (sent.target, sent.get("Authorization")) == ("/v1/chat/completions", f"Bearer {TOKEN}")
    assert "made-up" not in str(sent.headers)


def test_without_requests_it_says_what_to_install(program: Making) -> None:
    script = (
        "import sys; sys.modules['requests'] = None\n"
        "from proxy.library.keyless import Keyless\n"
        "try: Keyless.adapter(object())\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith(KeylessError.__name__)
    assert "keyless[requests]" in done.stdout
