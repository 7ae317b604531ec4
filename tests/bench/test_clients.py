"""The clients against the bench's own API: what they count, they count right."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bench.api import Api, Streams, Tokens
from bench.clients import burst, lockstep, pulse, starts, unread
from bench.site import body

FILES = {b"/get500": body(500), b"/large": bytes(1 << 23)}


@asynccontextmanager
async def api() -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    tokens, streams, accepted = Tokens(), Streams(loop), []

    def accept() -> Api:
        accepted.append(Api(tokens, streams, FILES.get))
        return accepted[-1]

    async with await loop.create_server(accept, "127.0.0.1", 0) as server:
        yield str(server.sockets[0].getsockname()[1])
    for connection in accepted:
        connection._transport.abort()
    streams.stop()
    await asyncio.sleep(0)  # what was aborted is told so in the loop's next turn


def report(printed: str) -> dict[str, float]:
    ready, _, told = printed.rpartition("REPORT ")
    assert ready in ("", "READY\n")
    return json.loads(told)


async def test_a_burst_is_answered_in_each_round(capsys: pytest.CaptureFixture[str]) -> None:
    async with api() as port:
        await burst.main(port, "/get500", "200", "2", "0")
    assert report(capsys.readouterr().out) == {"connections": 200, "failed": 0}


async def test_a_burst_counts_each_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    async with api() as port:
        await burst.main(port, "/nowhere", "100", "2", "0")
    assert report(capsys.readouterr().out) == {"connections": 100, "failed": 200}


async def test_lockstep_asks_so_often_on_each_connection_and_tells_what_was_good(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with api() as port:
        await asyncio.to_thread(lockstep.main, port, "/get500", '{"Accept": "*/*"}', "8", "5")
        assert report(capsys.readouterr().out) == {"requests": 40, "good": 40}
        await asyncio.to_thread(lockstep.main, port, "/nowhere", "{}", "2", "3")
        assert report(capsys.readouterr().out) == {"requests": 6, "good": 0}


async def test_lockstep_takes_a_reply_in_pieces_and_the_end_of_a_connection_for_a_failure() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in (b"HTTP/1.1 200 OK\r\ncontent-", b"length: 6\r\n\r", b"\nabc", b"def"):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await asyncio.to_thread(lockstep.main, str(port), "/", "{}", "1", "1")
        with pytest.raises(OSError):  # noqa: PT011 -- closed or reset
            await asyncio.to_thread(lockstep.main, str(port), "/", "{}", "1", "2")


async def test_replies_that_nobody_reads_have_begun(capsys: pytest.CaptureFixture[str]) -> None:
    async with api() as port:
        await asyncio.to_thread(unread.main, port, "/large", "5", "0")
        assert report(capsys.readouterr().out) == {"begun": 5}
        await asyncio.to_thread(unread.main, port, "/nowhere", "5", "0")
        assert report(capsys.readouterr().out) == {"begun": 0}


async def test_each_stream_that_starts_is_timed_by_its_first_event(capsys: pytest.CaptureFixture[str]) -> None:
    async with api() as port:
        await starts.main(port, "/sse?at-once", "8", "1")
    told = report(capsys.readouterr().out)
    assert (told["started"], told["answered"]) == (8, 8)
    assert 0 < told["p50"] <= told["p99"] <= told["max"]


async def test_a_pulse_sees_the_new_config_and_what_failed(capsys: pytest.CaptureFixture[str]) -> None:
    async with api() as port:
        await pulse.main(port, "/nowhere", "/get500", "{}")
    told = report(capsys.readouterr().out)
    assert told["failed"] > 0
    assert told["pause_ms"] > 0
    assert told["reload_s"] > 0


async def test_the_longest_wait_is_since_the_last_call() -> None:
    one = pulse.Pulse(b"")
    one.waits += [0.25, 0.5]
    assert one.longest_ms() == 500
    assert one.longest_ms() == 0


def test_a_request_has_its_headers() -> None:
    assert pulse.request_for("80", "/x", {"A": "b"}) == b"GET /x HTTP/1.1\r\nHost: 127.0.0.1:80\r\nA: b\r\n\r\n"
