"""Many exchanges, one in twenty of them broken or cancelled: nothing is left open."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import Awaitable, Callable

from proxy.errors import Fault
from proxy.http.origin import Origin
from proxy.serve.upstream import Broken, Reply, Stalled
from proxy.wire.outbound.connection import Connection
from proxy.wire.outbound.dial import Dialer
from tests.wire.outbound.scripted import LONG, Leg, Peer, leg, then_close, then_reset, whole

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def test_two_thousand_exchanges_with_faults_leave_nothing_behind() -> None:
    chance = random.Random(3)
    faults: list[Callable[[Peer], Awaitable[None]]] = [
        then_close(), then_reset(), then_close(b"HTTP/1.1 200 O"), then_close(b"\0garbage\r\n\r\n"),
        then_close(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel"),
        then_reset(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"),
        then_close(OK + OK),
    ]  # fmt: skip

    async def play(peer: Peer) -> None:
        while chance.random() > 0.05:
            await peer.request()
            await peer.send(
                chance.choice([OK, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"])
            )
        await chance.choice(faults)(peer)

    opened: list[Connection] = []
    async with leg(play, dial=_noting(opened)) as api:
        tasks = len(asyncio.all_tasks())
        done = {"ok": 0, "failed": 0, "cancelled": 0}

        async def client(rolls: random.Random) -> None:
            for _ in range(250):
                done[await _one(api, rolls)] += 1

        await asyncio.wait_for(asyncio.gather(*(client(random.Random(seed)) for seed in range(8))), 6 * LONG)
        assert sum(done.values()) == 2000
        assert done["ok"] > 1500
        assert done["failed"] > 20
        assert done["cancelled"] > 20
        await asyncio.sleep(0)
        assert api.upstream.pool.busy == 0
        alive = [one for one in opened if one.transport is not None and not one.transport.is_closing()]
        assert len(alive) == api.upstream.pool.idle <= 8
        assert len(asyncio.all_tasks()) - len(api.live) <= tasks
    gc.collect()  # a socket or future that was dropped open would warn here, and warnings are errors


def _noting(opened: list[Connection]) -> Callable[[Origin, Callable[[], Connection], float], Awaitable[Connection]]:
    dialer = Dialer()

    async def dial(origin: Origin, factory: Callable[[], Connection], timeout: float) -> Connection:  # noqa: ASYNC109 -- the seam's
        connection = await dialer(origin, factory, timeout)
        opened.append(connection)
        return connection

    return dial


async def _one(api: Leg, rolls: random.Random) -> str:
    if rolls.random() < 0.05:
        return await _cancelled(api, rolls)
    reply: Reply | None = None
    try:
        reply = await api.upstream.send(api.call(rolls.choice(["GET", "POST"])))
        assert await whole(reply) == b"ok"
    except (Fault, Broken, Stalled):
        return "failed"
    finally:
        if reply is not None:
            reply.close()
    return "ok"


async def _cancelled(api: Leg, rolls: random.Random) -> str:
    task = asyncio.create_task(api.ask())
    for _ in range(rolls.randrange(6)):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    return "cancelled" if task.cancelled() else "ok" if task.exception() is None else "failed"
