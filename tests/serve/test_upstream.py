"""Sending: retries that are safe, uploads beside replies, cancellation at each stage, and that nothing leaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from proxy.config.model import Limits
from proxy.errors import Fault
from proxy.serve.body import Body
from proxy.wire.inbound.request import Request
from proxy.wire.inbound.server import Server
from proxy.wire.outbound.reply import Broken, Stalled
from tests.wire.outbound.scripted import LONG, Leg, Peer, leg, port_of, replies, then_close, whole

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
MIB = 1024 * 1024


# -------------------------------------------------------------- stale connections


def one_then(end: Callable[[Peer], None]) -> Callable[[Peer], Awaitable[None]]:
    """A good answer; the next request on the connection gets `end`, as if the API had closed just before."""

    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.reader.read(1)
        end(peer)

    return play


@pytest.mark.parametrize("end", [Peer.close, Peer.reset], ids=["closed", "reset"])
@pytest.mark.parametrize(("method", "body"), [("GET", None), ("HEAD", None), ("DELETE", None), ("PUT", b"x" * 100)])
async def test_an_idempotent_request_on_a_stale_connection_is_sent_once_more(
    end: Callable[[Peer], None], method: str, body: bytes | None
) -> None:
    async with leg(one_then(end), replies(OK)) as api:
        await api.ask()
        assert (await api.ask(method, body=body))[0] == 200
        assert api.accepted == 2


@pytest.mark.parametrize("end", [Peer.close, Peer.reset], ids=["closed", "reset"])
async def test_a_post_on_a_stale_connection_is_not(end: Callable[[Peer], None]) -> None:
    async with leg(one_then(end), replies(OK)) as api:
        await api.ask()
        with pytest.raises(Fault) as caught:
            await api.send("POST", body=b"x")
        assert caught.value.code == "upstream_unreachable"
        assert api.accepted == 1
        await api.deserted()


async def test_the_second_try_is_the_last() -> None:
    async with leg(one_then(Peer.close), then_close()) as api:
        await api.ask()
        with pytest.raises(Fault) as caught:
            await api.send()
        assert (caught.value.code, api.accepted) == ("upstream_unreachable", 2)


async def test_once_a_byte_of_a_reply_came_nothing_is_repeated() -> None:
    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.request()
        await peer.send(b"H")
        peer.close()

    async with leg(play) as api:
        await api.ask()
        with pytest.raises(Fault) as caught:
            await api.send()
        assert (caught.value.code, api.accepted) == ("upstream_protocol", 1)


async def test_a_slow_answer_on_a_pooled_connection_is_not_repeated() -> None:
    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.gone()

    async with leg(play) as api:
        await api.ask()
        with pytest.raises(Fault) as caught:
            await api.send(head=0.05)
        assert (caught.value.code, api.accepted) == ("upstream_timeout", 1)


# -------------------------------------------------------------- closing replies


async def test_a_reply_closed_early_closes_its_connection() -> None:
    async with leg(replies(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel"), replies(OK)) as api:
        reply = await api.send()
        reply.close()
        await api.deserted()
        with pytest.raises(Broken, match="given up"):
            await whole(reply)
        assert await api.ask() == (200, b"ok")


async def test_closing_a_reply_that_ended_leaves_the_connection_to_its_next_exchange() -> None:
    go = asyncio.Event()

    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.request()
        await go.wait()
        await peer.send(OK)
        await peer.gone()

    async with leg(play) as api:
        first = await api.send()
        second = asyncio.create_task(api.upstream.send(api.call()))
        await asyncio.sleep(0)
        assert api.upstream.pool.busy == 1
        first.take()
        first.close()
        go.set()
        assert await whole(await second) == b"ok"
        assert api.accepted == 1


# -------------------------------------------------------------- cancellation

Step = Callable[[Peer], Awaitable[None]]


async def _accept(peer: Peer) -> None:
    await peer.gone()


async def _half_a_head(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 200 OK\r\nA: ")
    await peer.gone()


async def _early(peer: Peer) -> None:
    await peer.request()
    await peer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
    await peer.gone()


@pytest.mark.parametrize("play", [_accept, _half_a_head, _early])
@pytest.mark.parametrize("pooled", [False, True])
@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8, 50])
async def test_a_cancelled_send_leaves_nothing_open(play: Step, pooled: bool, turns: int) -> None:
    """`turns` of the loop later: while the name is looked up, while it connects, before and after the request went."""

    async def served(peer: Peer) -> None:
        if pooled:
            await peer.request()
            await peer.send(OK)
        await play(peer)

    async with leg(served) as api:
        if pooled:
            await api.ask()
        task = asyncio.create_task(api.upstream.send(api.call()))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert api.upstream.pool.busy == 0 or await _emptied(api)
        if turns:  # before its first turn it had not even taken the pooled connection
            await api.deserted()


async def _emptied(api: Leg) -> bool:
    await api.deserted()
    await asyncio.sleep(0)
    return api.upstream.pool.busy == 0


async def test_a_send_that_is_cancelled_too_late_leaves_the_next_exchange_alone() -> None:
    """Between the last byte of a reply and its reader's turn, the connection may have gone to another exchange."""

    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.request()
        await peer.send(OK)
        await peer.gone()

    async with leg(play) as api:
        late = asyncio.create_task(api.upstream.send(api.call()))
        while not (busy := api.upstream.pool._all()):  # noqa: ASYNC110 -- nothing tells when a connection is taken
            await asyncio.sleep(0)
        busy[0].data_received(OK)  # as the loop does
        connection = api.upstream.pool.take(api.origin)
        assert connection is busy[0]
        reply = connection.begin(api.call())
        late.cancel()
        with pytest.raises(asyncio.CancelledError):
            await late
        await asyncio.wait_for(reply.head(), LONG)
        assert await whole(reply) == b"ok"


async def test_a_cancelled_reader_loses_nothing() -> None:
    go = asyncio.Event()

    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        await go.wait()
        await peer.send(b"hello")
        await peer.gone()

    async with leg(play) as api:
        reply = await api.send()
        reader = asyncio.create_task(reply.read())
        await asyncio.sleep(0)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        go.set()
        assert await whole(reply) == b"hello"


# -------------------------------------------------------------- uploads, from a real client through a real server


@asynccontextmanager
async def front(
    api: Leg, capture: int = MIB, max_body: int | None = None, **timeout: Any
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter, list[object]]]:
    """A client's connection to a server that sends each body on to `api`; the list gets what came of it."""
    outcomes: list[object] = []

    async def handle(request: Request) -> None:
        try:
            body = await Body.of(request, capture, max_body)
            reply = await api.upstream.send(
                api.call(request.method, body if body is None or body.whole is None else body.whole, **timeout)
            )
            outcomes.append((reply.status, await whole(reply)))
            reply.close()
        except (Fault, Broken, Stalled) as error:
            outcomes.append(error)
        request.keep_alive = False
        with suppress(ConnectionResetError):
            request.connection.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone")

    server = Server(handle, Limits())
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(listening))
    try:
        async with asyncio.timeout(LONG):
            yield reader, writer, outcomes
    finally:
        writer.close()
        listening.close()
        await server.shutdown(0)


async def test_a_chunked_upload_is_framed_anew() -> None:
    got = bytearray()

    async def play(peer: Peer) -> None:
        assert b"Transfer-Encoding: chunked" in await peer.request()
        while size := int(await peer.reader.readline(), 16):
            got.extend(await peer.reader.readexactly(size))
            assert await peer.reader.readexactly(2) == b"\r\n"
        assert await peer.reader.readexactly(2) == b"\r\n"
        await peer.send(OK)
        await peer.gone()

    async with leg(play) as api, front(api) as (reader, writer, outcomes):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await writer.drain()
        writer.write(b"10000\r\n%b\r\n0\r\n\r\n" % (b"d" * 65536))
        await reader.readuntil(b"done")
        assert outcomes == [(200, b"ok")]
        assert got == b"abc" + b"d" * 65536
        assert api.upstream.pool.idle == 1


async def test_an_upload_that_is_answered_early_is_stopped() -> None:
    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.reader.readexactly(65536)
        await peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
        await peer.gone()

    async with leg(play) as api, front(api) as (reader, writer, outcomes):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n" + bytes(200_000))
        await reader.readuntil(b"done")
        assert outcomes == [(413, b"big")]
        await api.deserted()
        assert api.upstream.pool.busy == 0


async def test_a_reply_that_comes_while_the_upload_goes_on_is_streamed_beside_it() -> None:
    """As an echo does: the exchange ends, and the connection is free, when both sides have ended."""
    total = 1_000_000

    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
        for _ in range(total // 10_000):
            await peer.send(await peer.reader.readexactly(10_000))
        await peer.gone()

    async with leg(play) as api, front(api) as (reader, writer, outcomes):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % total + bytes(total))
        await reader.readuntil(b"done")
        assert outcomes == [(200, bytes(total))]
        assert api.upstream.pool.idle == 1


async def test_a_body_that_grows_too_large_on_its_way() -> None:
    async def play(peer: Peer) -> None:
        await peer.gone()

    async with leg(play) as api, front(api, max_body=100_000) as (reader, writer, outcomes):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(b"10000\r\n%b\r\n10000\r\n%b\r\n" % (bytes(65536), bytes(65536)))
        await reader.readuntil(b"done")
        (fault,) = outcomes
        assert isinstance(fault, Fault)
        assert (fault.code, fault.status) == ("body_too_large", 413)
        await api.deserted()


async def test_a_client_that_breaks_its_framing_does_not_hold_the_api_for_ever() -> None:
    """What follows can't be read as a body: its upload ends, and with it the exchange."""

    async def play(peer: Peer) -> None:
        await peer.request()
        started.set()
        await peer.gone()

    started = asyncio.Event()
    async with leg(play) as api, front(api, idle=0.2) as (_, writer, _outcomes):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await started.wait()
        writer.write(b"zz\r\n")
        await api.deserted()


async def test_a_client_that_leaves_during_its_upload_frees_the_api() -> None:
    async def play(peer: Peer) -> None:
        await peer.request()
        started.set()
        await peer.gone()

    started = asyncio.Event()
    async with leg(play) as api, front(api) as (_, writer, _outcomes):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc")
        await started.wait()
        writer.transport.abort()
        await api.deserted()


async def test_an_upload_that_stands_still_times_out() -> None:
    async def play(peer: Peer) -> None:
        await peer.gone()

    async with leg(play) as api, front(api, idle=0.05) as (reader, writer, outcomes):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc")
        await reader.readuntil(b"done")
        (fault,) = outcomes
        assert isinstance(fault, Fault)
        assert (fault.code, "stood still" in fault.detail) == ("upstream_timeout", True)
        await api.deserted()


async def test_the_head_is_due_once_the_upload_is_done() -> None:
    async def play(peer: Peer) -> None:
        await peer.gone()

    async with leg(play) as api, front(api, head=0.05, idle=LONG) as (reader, writer, outcomes):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + bytes(100_000))
        await reader.readuntil(b"done")
        (fault,) = outcomes
        assert isinstance(fault, Fault)
        assert fault.code == "upstream_timeout"
        await api.deserted()


@pytest.mark.parametrize(("capture", "status"), [(MIB, 200), (1000, 502)])
async def test_a_streamed_put_is_repeated_only_while_it_was_captured(capture: int, status: int) -> None:
    async def stale(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.request()
        await peer.reader.read(1)
        peer.close()

    async def fresh(peer: Peer) -> None:
        await peer.request()
        assert await peer.reader.readexactly(100_000) == bytes(100_000)
        await peer.send(OK)
        await peer.gone()

    async with leg(stale, fresh) as api:
        await api.ask()
        async with front(api, capture) as (reader, writer, outcomes):
            writer.write(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + bytes(100_000))
            await reader.readuntil(b"done")
        (outcome,) = outcomes
        assert (outcome.status if isinstance(outcome, Fault) else outcome) == (
            (200, b"ok") if status == 200 else status
        )
