"""A client that sends no more and reads on (RFC 9112 §9.6): whole requests are answered, broken ones are not."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Coroutine

import pytest
import uvloop

from proxy.config.model import Limits
from proxy.wire.inbound.request import Request
from proxy.wire.inbound.server import Server
from tests.raw import PATIENCE, Wire

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
CUT = POST[:-2]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Coroutine[None, None, None]], None]:
    def go(coroutine: Coroutine[None, None, None]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(coroutine)

    return go


Run = Callable[[Coroutine[None, None, None]], None]


class Handled:
    """Answers once `go` is set; tells what became of its requests."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.begun = self.answered = self.cancelled = 0

    async def __call__(self, request: Request) -> None:
        self.begun += 1
        try:
            while await request.read():
                pass
            await self.go.wait()
            request.connection.answer(OK)
            self.answered += 1
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


async def served(client: Callable[[Wire, Handled], Awaitable[None]]) -> None:
    """Ends when the server holds no connection any more."""
    handled = Handled()
    server = Server(handled, Limits())
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    wire = await Wire.connect(*listening.sockets[0].getsockname())
    try:
        async with asyncio.timeout(PATIENCE):
            await client(wire, handled)
            while server.connections:  # noqa: ASYNC110 -- there is no event for it
                await asyncio.sleep(0.01)
    finally:
        await wire.close()
        listening.close()
        await server.shutdown(0)


async def begun(handled: Handled, number: int = 1) -> None:
    while handled.begun < number:  # noqa: ASYNC110 -- there is no event for it
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("requests", [[GET], [POST], [GET, GET, GET], [GET, POST, POST]])
@pytest.mark.parametrize("late", [True, False], ids=["waits", "at once"])
def test_whole_requests_are_answered_in_turn(run: Run, requests: list[bytes], late: bool) -> None:
    async def client(wire: Wire, handled: Handled) -> None:
        if not late:
            handled.go.set()
        await wire.send(*requests)
        wire.end()
        await begun(handled)
        await asyncio.sleep(0.05 if late else 0)  # the end has come by now, likely; either order must do
        handled.go.set()
        assert await wire.rest() == OK * len(requests)
        assert (handled.answered, handled.cancelled) == (len(requests), 0)

    run(served(client))


def test_requests_that_came_one_by_one_behind_another_are_answered(run: Run) -> None:
    async def client(wire: Wire, handled: Handled) -> None:
        for request in (GET, POST[:-4], POST[-4:], GET):
            await wire.send(request)
            await begun(handled)
        wire.end()
        handled.go.set()
        assert await wire.rest() == OK * 3

    run(served(client))


@pytest.mark.parametrize("before", [0, 1])
def test_a_body_that_ends_early_is_no_request(run: Run, before: int) -> None:
    """What came whole before it is answered."""

    async def client(wire: Wire, handled: Handled) -> None:
        await wire.send(GET * before, CUT)
        await begun(handled)
        wire.end()
        handled.go.set()
        assert await wire.rest() == OK * before
        assert handled.answered == before

    run(served(client))


@pytest.mark.parametrize("sent", [b"", GET[:-4]])
def test_nothing_or_half_a_head_just_ends(run: Run, sent: bytes) -> None:
    async def client(wire: Wire, handled: Handled) -> None:
        await wire.send(sent)
        wire.end()
        assert await wire.rest() == b""
        assert handled.begun == 0

    run(served(client))


def test_a_reset_still_cancels(run: Run) -> None:
    async def client(wire: Wire, handled: Handled) -> None:
        await wire.send(GET)
        await begun(handled)
        wire.abort()
        while not handled.cancelled:  # noqa: ASYNC110 -- there is no event for it
            await asyncio.sleep(0.01)

    run(served(client))


def test_who_has_gone_answers_the_next_writes_with_a_reset(run: Run) -> None:
    async def client(wire: Wire, handled: Handled) -> None:
        await wire.send(GET)
        await begun(handled)
        await wire.close()
        handled.go.set()

    run(served(client))


@pytest.mark.parametrize("moment", ["served", "idle"])
def test_nothing_of_a_client_that_left_waits_for_the_collector(run: Run, moment: str) -> None:
    """A cancelled task has a traceback that leads to its connection, which must not lead back to the task."""

    async def client(wire: Wire, handled: Handled) -> None:
        if moment == "idle":
            handled.go.set()
        await wire.send(GET)
        await begun(handled)
        if moment == "idle":
            await wire.message()
        wire.abort()

    gc.collect()
    gc.disable()
    try:
        run(served(client))
        left = [thing for thing in gc.get_objects() if type(thing).__name__ == "ClientConnection"]
    finally:
        gc.enable()
    assert left == []
