"""Which connection serves an exchange, and how long an idle one is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from proxy.errors import Fault
from proxy.http.origin import Origin
from proxy.wire.outbound.connection import Connection
from proxy.wire.outbound.dial import Dialer
from proxy.wire.outbound.head import IDLE_EXPIRY
from proxy.wire.outbound.pool import Pool
from tests.wire.outbound.scripted import LONG, Peer, leg, replies

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def test_the_connection_that_became_idle_last_serves_next() -> None:
    async with leg(replies(*[OK] * 9)) as api:
        await asyncio.gather(*(api.ask() for _ in range(3)))
        assert (api.accepted, repr(api.upstream.pool)) == (3, "<Pool 0 busy, 3 idle>")
        one = await api.send()
        connection = one.connection
        two = await api.send()
        assert two.connection is connection
        assert api.accepted == 3


async def test_many_at_once_and_none_is_lost() -> None:
    """A connection goes back to the pool before the exchange's own task wakes: no one may miss its wake-up."""
    async with leg(replies(*[OK] * 1000)) as api:

        async def client() -> None:
            for _ in range(20):
                assert await api.ask() == (200, b"ok")

        await asyncio.wait_for(asyncio.gather(*(client() for _ in range(16))), LONG)
        assert api.accepted == 16


async def test_an_idle_connection_that_the_api_closes_is_forgotten() -> None:
    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await go.wait()
        peer.close()

    go = asyncio.Event()
    async with leg(play) as api:
        await api.ask()
        assert api.upstream.pool.idle == 1
        go.set()
        await api.deserted()
        await _until(lambda: api.upstream.pool.idle == 0)


@pytest.mark.parametrize(
    ("header", "patience"),
    [
        (b"", IDLE_EXPIRY),
        (b"Keep-Alive: timeout=5, max=100\r\n", 4.0),
        (b"keep-alive: max=100,Timeout = \"5\"\r\n", 4.0),
        (b"Keep-Alive: timeout=600\r\n", IDLE_EXPIRY),
        (b"Keep-Alive: timeout=999999999999999999\r\n", IDLE_EXPIRY),
        (b"Keep-Alive: xtimeout=5\r\n", IDLE_EXPIRY),
        (b"Keep-Alive: timeout=soon\r\n", IDLE_EXPIRY),
    ],
)  # fmt: skip
async def test_the_api_says_how_long_it_keeps_a_connection(header: bytes, patience: float) -> None:
    answer = b"HTTP/1.1 200 OK\r\n" + header + b"Content-Length: 0\r\n\r\n"
    async with leg(replies(answer)) as api:
        reply = await api.send()
        before = asyncio.get_running_loop().time()
        assert reply.connection.patience == patience
        assert reply.connection.deadline == pytest.approx(before + patience, abs=1.0)
        assert api.upstream.pool.idle == 1


@pytest.mark.parametrize("seconds", [0, 1])
async def test_a_connection_that_is_about_to_close_is_not_kept(seconds: int) -> None:
    async with leg(replies(b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=%d\r\nContent-Length: 0\r\n\r\n" % seconds)) as api:
        assert await api.ask() == (200, b"")
        await api.deserted()
        assert api.upstream.pool.idle == 0


async def test_an_idle_connection_expires_while_younger_ones_stay() -> None:
    async with leg(replies(OK, OK), replies(OK, OK)) as api:
        await asyncio.gather(api.ask(), api.ask())
        first, second = api.upstream.pool._origins[api.origin].idle
        second.deadline = 0.0  # as if its time had come; the one behind it in the list is younger
        await _until(lambda: api.upstream.pool.idle == 1)
        assert api.upstream.pool._origins[api.origin].idle == [first]
        first.deadline = 0.0
        await api.deserted()
        await _until(lambda: api.upstream.pool._ticker is None)  # an empty pool costs nothing


async def test_the_number_of_idle_connections_is_bounded() -> None:
    async with leg(replies(OK)) as api:
        api.upstream.pool = Pool(api.upstream.pool._dial, most_idle=2)
        await asyncio.gather(*(api.ask() for _ in range(4)))
        assert (api.accepted, api.upstream.pool.idle) == (4, 2)
        await _until(lambda: len(api.live) == 2)


async def test_origins_do_not_share_connections() -> None:
    async with leg(replies(OK, OK)) as api:
        await api.ask()
        call = api.call()
        call.origin = Origin(tls=False, host="127.0.0.2", port=api.origin.port)
        with pytest.raises(Fault) as caught:
            await api.upstream.send(call)
        assert caught.value.detail.startswith(f"127.0.0.2:{api.origin.port}: ")
        assert api.upstream.pool.idle == 1


async def test_a_pool_that_closed_while_a_connection_was_opened_keeps_none() -> None:
    opened = asyncio.Event()
    go = asyncio.Event()
    dialer = Dialer()

    async def dial(origin: Origin, factory: Callable[[], Connection], timeout: float) -> Connection:  # noqa: ASYNC109 -- the seam's
        connection = await dialer(origin, factory, timeout)
        opened.set()
        await go.wait()
        return connection

    async with leg(replies(OK), dial=dial) as api:
        task = asyncio.create_task(api.send())
        await opened.wait()
        await api.upstream.close()
        go.set()
        with pytest.raises(Fault) as caught:
            await task
        assert caught.value.code == "upstream_unreachable"
        await api.deserted()


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONG):
        while not condition():  # noqa: ASYNC110 -- there is no event for what happens inside the pool
            await asyncio.sleep(0.01)
