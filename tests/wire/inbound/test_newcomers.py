"""Many who come at once are let in at once, whatever the loop accepts per turn."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest
import uvloop

from proxy.config.model import Limits
from proxy.values.listen import Listener
from proxy.wire.inbound import own
from proxy.wire.inbound.newcomers import MOST
from proxy.wire.inbound.request import Request
from proxy.wire.inbound.server import Listening, Server
from tests.raw import PATIENCE

CROWD = 3 * MOST
TURNS = 20  # for some of each: accepting, letting in, noticing
Loop = Callable[[], asyncio.AbstractEventLoop]


async def greet(request: Request) -> None:
    own.reply(request, 200, [], "text/plain", b"hello")


def connect(address: tuple[str, int], number: int) -> list[socket.socket]:
    """The kernel says yes before anybody accepts."""
    return [socket.create_connection(address, timeout=PATIENCE) for _ in range(number)]


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_crowd_is_in_after_a_few_turns(loop_factory: Loop) -> None:
    async def play() -> None:
        server, listening = Server(greet, Limits()), Listening()
        bound = await listening.start(Listener("127.0.0.1", 0, ""), server)
        crowd = connect((bound.host, bound.port), CROWD)
        for _ in range(TURNS):
            await asyncio.sleep(0)
        assert len(server.connections) == CROWD
        for one in crowd:
            one.close()
        await listening.stop()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(play())


def test_nobody_is_let_in_after_the_end() -> None:
    async def play() -> None:
        server, listening = Server(greet, Limits()), Listening()
        bound = await listening.start(Listener("127.0.0.1", 0, ""), server)
        await listening.stop()
        with pytest.raises(ConnectionRefusedError):
            connect((bound.host, bound.port), 1)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(play())


def test_who_was_accepted_before_the_end_is_served() -> None:
    async def play() -> None:
        server, listening = Server(greet, Limits()), Listening()
        bound = await listening.start(Listener("127.0.0.1", 0, ""), server)
        crowd = connect((bound.host, bound.port), 5)
        for one in crowd:
            one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        while not server.connections:  # noqa: ASYNC110 -- there is no event for it
            await asyncio.sleep(0)
        await listening.stop()
        for one in crowd:
            assert one.recv(100).startswith(b"HTTP/1.1 200")
            one.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(play())
