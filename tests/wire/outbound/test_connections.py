"""How many connections to one API are opened at once, how many there may be, and who gets the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from proxy.errors import Fault
from proxy.http.origin import Origin
from proxy.wire.outbound.connection import Connection
from proxy.wire.outbound.connections import MAX_DIALS, Connections
from proxy.wire.outbound.dial import Dialer
from proxy.wire.outbound.idle import IdleLife
from tests.wire.outbound.scripted import LONG, Leg, Peer, leg, replies, whole

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Gate:
    """A dial that waits to be let through, one by one."""

    def __init__(self) -> None:
        self.waiting = self.most = 0
        self._turns = asyncio.Semaphore(0)
        self._dialer = Dialer()

    def let(self, number: int) -> None:
        for _ in range(number):
            self._turns.release()

    async def __call__(self, origin: Origin, factory: Callable[[], Connection], timeout: float) -> Connection:  # noqa: ASYNC109 -- the seam's
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        try:
            await self._turns.acquire()
            return await self._dialer(origin, factory, timeout)
        finally:
            self.waiting -= 1


async def test_as_many_are_kept_as_were_busy_at_once() -> None:
    """Beyond 256 each request used to open one and to abort one."""
    together = asyncio.Barrier(300)

    async def play(peer: Peer) -> None:
        for _ in range(2):
            await peer.request()
            await together.wait()
            await peer.send(OK)
        await peer.gone()

    async with leg(play) as api:
        for _ in range(2):
            await asyncio.gather(*(api.ask() for _ in range(300)))
        assert (api.accepted, api.upstream.pool.idle) == (300, 300)


async def test_a_burst_opens_a_bounded_number_at_once() -> None:
    gate = Gate()
    async with leg(replies(*[OK] * 300), dial=gate) as api:
        asks = [asyncio.create_task(api.ask()) for _ in range(200)]
        await _until(lambda: gate.waiting == MAX_DIALS)
        gate.let(200)
        assert [await ask for ask in asks] == [(200, b"ok")] * 200
        assert gate.most == MAX_DIALS
        assert api.accepted <= 200


async def test_what_comes_free_serves_the_first_who_waits() -> None:
    """While nobody can open another; in the order in which they came."""
    served: list[int] = []
    async with leg(replies(*[OK] * 9), most=1) as api:

        async def ask(number: int) -> None:
            await api.ask()
            served.append(number)

        await asyncio.gather(*map(ask, range(9)))
        assert (served, api.accepted) == (list(range(9)), 1)


async def test_established_connections_are_bounded() -> None:
    most = 0

    async def play(peer: Peer) -> None:
        nonlocal most
        most = max(most, len(api.live))
        await replies(*[OK] * 100)(peer)

    async with leg(play, most=3) as api:
        assert await asyncio.gather(*(api.ask() for _ in range(50))) == [(200, b"ok")] * 50
        assert (api.accepted, most) == (3, 3)


async def test_a_connection_that_ends_makes_room_for_another() -> None:
    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")

    async with leg(play, most=2) as api:
        assert await asyncio.gather(*(api.ask() for _ in range(10))) == [(200, b"ok")] * 10
        assert api.accepted == 10


async def test_who_waits_too_long_is_told_and_streams_are_not_cut() -> None:
    async with _streaming() as (api, go):
        stream = await api.send()
        with pytest.raises(Fault) as caught:
            await api.send(connect=0.05)
        assert (caught.value.code, caught.value.retry_after) == ("overloaded", 1.0)
        assert caught.value.detail.endswith("all its connections are in use (limits.upstream_connections)")
        go.set()
        assert await whole(stream) == b"late"
        assert await api.ask() == (200, b"ok")
        assert api.accepted == 1


async def test_who_waits_for_those_that_are_being_opened_is_told_so() -> None:
    gate = Gate()
    async with leg(replies(OK), dial=gate) as api:
        asks = [asyncio.create_task(api.ask()) for _ in range(MAX_DIALS)]
        await _until(lambda: gate.waiting == MAX_DIALS)
        with pytest.raises(Fault) as caught:
            await api.send(connect=0.05)
        assert caught.value.code == "overloaded"
        assert "64 connections are being opened at once" in caught.value.detail
        gate.let(MAX_DIALS)
        await asyncio.gather(*asks)


async def test_who_leaves_the_line_leaves_it_to_the_others() -> None:
    async with _streaming() as (api, go):
        stream = await api.send()
        first, second = [asyncio.create_task(api.ask()) for _ in range(2)]
        await _line(api, 2)
        first.cancel()
        go.set()
        await whole(stream)
        assert await second == (200, b"ok")
        assert api.accepted == 1


@pytest.mark.parametrize("served", [True, False], ids=["by a connection", "by a turn to open one"])
async def test_who_leaves_as_it_is_served_passes_it_on(served: bool) -> None:
    loop = asyncio.get_running_loop()
    connection = Connection(loop, b"", lambda *_: None)
    ours = Connections(1, IdleLife())
    assert ours.begin()
    first, second, third = [asyncio.create_task(ours.turn(loop.time() + LONG)) for _ in range(3)]
    await asyncio.sleep(0)
    if served:
        ours.hand_over(connection)
    else:
        ours.opened(None)
    first.cancel()
    second.cancel()
    left = await asyncio.gather(first, second, return_exceptions=True)
    assert [type(error) for error in left] == [asyncio.CancelledError] * 2
    assert await third is (connection if served else None)
    assert not ours.begin()


async def test_one_that_came_free_and_has_ended_is_not_used() -> None:
    async with _streaming() as (api, go):
        stream = await api.send()
        ask = asyncio.create_task(api.ask("POST", body=b"x"))
        await _line(api, 1)
        ended = Connection(asyncio.get_running_loop(), b"", lambda *_: None)
        api.upstream.pool._origins[api.origin].hand_over(ended)
        await _line(api, 1)
        go.set()
        await whole(stream)
        assert await ask == (200, b"ok")
        assert api.accepted == 1


async def test_a_pool_that_closes_keeps_nobody_waiting() -> None:
    async with _streaming() as (api, _):
        await api.send()
        ask = asyncio.create_task(api.ask())
        await _line(api, 1)
        await api.upstream.close()
        with pytest.raises(Fault):
            await ask


async def test_nothing_is_kept_of_an_origin_without_connections() -> None:
    """Their names may come from clients."""
    async with leg(replies(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")) as api:
        await api.ask()
        await _until(lambda: not api.upstream.pool._origins)
        api.origin = Origin(tls=False, host="127.0.0.2", port=api.origin.port)
        with pytest.raises(Fault):
            await api.send()
        assert not api.upstream.pool._origins


class _streaming:  # noqa: N801 -- a context manager
    """An API with one connection, whose first reply ends when `go` is set."""

    async def __aenter__(self) -> tuple[Leg, asyncio.Event]:
        go = asyncio.Event()
        plays = iter([True])  # the first connection only

        async def play(peer: Peer) -> None:
            if next(plays, False):
                await peer.request()
                await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
                await go.wait()
                await peer.send(b"late")
            await replies(OK, OK, OK)(peer)

        self._leg = leg(play, most=1)
        return await self._leg.__aenter__(), go

    async def __aexit__(self, *_: object) -> None:
        await self._leg.__aexit__(None, None, None)


async def _line(api: Leg, number: int) -> list[asyncio.Future[Connection | None]]:
    """Those who wait, as soon as they are so many."""
    waiting = api.upstream.pool._origins[api.origin].waiting
    await _until(lambda: len(waiting) == number)
    return list(waiting)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONG):
        while not condition():  # noqa: ASYNC110 -- there is no event for what happens inside the pool
            await asyncio.sleep(0.01)


async def test_who_is_served_is_not_looked_for_in_line() -> None:
    """A search for somebody who has left the line compares all who stand in it; a failed one also describes them."""
    compared = 0

    class Waiter(asyncio.Future[Connection | None]):
        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return self is other

        __hash__ = asyncio.Future.__hash__

    loop = asyncio.get_running_loop()
    line = Connections(1, IdleLife())
    assert line.begin()
    loop.create_future = lambda: Waiter(loop=loop)  # type: ignore[method-assign]
    turns = [asyncio.create_task(line.turn(loop.time() + LONG)) for _ in range(50)]
    await asyncio.sleep(0)
    for turn in turns:
        line.opened(None)
        assert await turn is None
    line.opened(None)
    assert (compared, line.unused) == (0, True)
