"""However a connection to Redis ends, who uses it gets an answer or StoreDown: on asyncio's own loop and on uvloop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

import pytest
import uvloop

from proxy.plan.admission.quota import Limit
from proxy.serve.quota.shared import RedisCounters
from proxy.tasks import spawn
from proxy.tokens.store import EVERYTHING, StoreDown
from proxy.tokens.store.redis import RedisStore
from proxy.tokens.store.redis_link import Link
from proxy.values.units import rate
from tests.redis_server import RedisServer
from tests.relay import ENDS, End, Relay, relay_to

T = TypeVar("T")

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}
MANY = Limit.of("client", "many", rate("1000/hour"))
PATIENCE = 30.0
WHOLE = 10_000
"""More bytes than any reply here has."""


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Iterator[Callable[[Awaitable[None]], None]]:
    troubles: list[object] = []

    async def within(test: Awaitable[None]) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: troubles.append(context))
        async with asyncio.timeout(PATIENCE):
            await test

    with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
        yield lambda test: runner.run(within(test))
    assert troubles == [], "something reached the event loop's exception handler"


@pytest.fixture
def relay(server: RedisServer) -> Iterator[Relay]:
    with relay_to(server.port) as relay:
        yield relay


@asynccontextmanager
async def store_at(relay: Relay) -> AsyncIterator[RedisStore]:
    store = RedisStore(f"redis://127.0.0.1:{relay.port}")
    try:
        yield store
    finally:
        await store.close()


async def lease(store: RedisStore) -> bool:
    async with store.lease("ab"):
        return True


USES: dict[str, Callable[[RedisStore], Awaitable[object]]] = {
    "read": lambda store: store.read("ab"),
    "write": lambda store: store.write("ab", b"two", 2),
    "amend": lambda store: store.amend("ab", b"again", 1),
    "delete": lambda store: store.delete("ab"),
    "set aside": lambda store: store.set_aside("ab", b"one", "torn"),
    "keys": lambda store: store.keys(),
    "lease": lease,
    "prove": lambda store: store.prove(),
}
ANSWERS = {"read": b"one", "write": True, "amend": True, "keys": ["ab"], "lease": True}


class Unheard(Exception):  # noqa: N818 -- it says what is the case
    """StoreDown, in the words for silence."""


async def heard_of(asked: Awaitable[T]) -> T:
    try:
        return await asked
    except StoreDown as down:
        if "no answer within" in str(down):
            raise Unheard from None
        raise


async def served(store: RedisStore, use: str, how: End) -> object:
    """The answer. Silence is no end that shows: there it is StoreDown, in words, and a later call is served."""
    while how == "silence":  # a machine under load may be silent for longer
        with suppress(Unheard):
            return await heard_of(USES[use](store))
    return await USES[use](store)


@pytest.mark.parametrize("how", ENDS)
def test_a_pooled_connection_that_ended_is_made_anew(
    how: End, relay: Relay, run: Callable[[Awaitable[None]], None]
) -> None:
    async def test() -> None:
        for generation, use in enumerate(USES, 1):
            async with store_at(relay) as store:
                await store.delete("ab")
                await store.write("ab", b"one", 1)
                relay.end(how)
                await asyncio.sleep(0.01 * generation)  # at any time: the end may be here by then, or not
                assert await served(store, use, how) == ANSWERS.get(use), use

    run(test())


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("after", [0, 1, WHOLE])
def test_a_reply_that_is_cut_is_asked_for_again(
    after: int, how: End, relay: Relay, run: Callable[[Awaitable[None]], None]
) -> None:
    """Redis has done what was asked, and does it twice: with the same result."""

    async def test() -> None:
        for use in USES:
            async with store_at(relay) as store:
                await store.delete("ab")
                await store.write("ab", b"one", 1)
                relay.cut(after, how)
                assert await served(store, use, how) == ANSWERS.get(use), use
                await served(store, "prove", how)

    run(test())


@pytest.mark.parametrize("how", ENDS)
def test_a_rate_survives_every_end(how: End, relay: Relay, run: Callable[[Awaitable[None]], None]) -> None:
    async def test() -> None:
        counters = RedisCounters(f"redis://127.0.0.1:{relay.port}")
        before = (await counters.take((MANY,), 0.0))[0].left
        for end in (lambda: relay.end(how), lambda: relay.cut(1, how)):
            end()
            await asyncio.sleep(0.05)
            with suppress(*([StoreDown] if how == "silence" else [])):
                assert (await counters.take((MANY,), 0.0))[0].left < before
        assert (await counters.take((MANY,), 0.0))[0].left < before
        await counters.close()

    run(test())


@pytest.mark.parametrize("how", ["fin", "reset", "half"])
def test_the_watch_survives_every_end(
    how: End, relay: Relay, server: RedisServer, run: Callable[[Awaitable[None]], None]
) -> None:
    async def test() -> None:
        other = RedisStore(server.url)
        async with store_at(relay) as store:
            heard: asyncio.Queue[str] = asyncio.Queue()
            watching = asyncio.ensure_future(store.watch(heard.put))
            assert await heard.get() == EVERYTHING
            for generation in (1, 2):
                relay.end(how)
                assert await heard.get() == EVERYTHING, "something may have been missed"
                await other.write("ab", b"x", generation)
                while (key := await heard.get()) == EVERYTHING:
                    pass
                assert key == "ab"
            watching.cancel()
            await asyncio.wait((watching,))
            assert watching.cancelled()
        await other.close()

    run(test())


def test_one_who_is_no_redis(run: Callable[[Awaitable[None]], None]) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async def test() -> None:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
            port = listening.sockets[0].getsockname()[1]
            store = RedisStore(f"redis://:a-password@127.0.0.1:{port}")
            with pytest.raises(StoreDown) as refused:
                await store.read("ab")
            assert str(refused.value) == f"redis://127.0.0.1:{port}: what answers there is not a Redis"
            await store.close()

    run(test())


async def test_the_first_contact_has_longer_and_no_later_one(own: RedisServer) -> None:
    store = RedisStore(own.url)
    own.pause()
    asked = asyncio.create_task(store.read("ab"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(asked), 0.5)
    own.resume()
    assert await asked is None
    own.pause()
    with pytest.raises(StoreDown, match=r"no answer within 0\.25 s"):
        await store.read("ab")
    own.resume()
    await store.close()


async def test_after_calls_that_failed_it_is_told_when_they_work_again(own: RedisServer) -> None:
    """Also where the connection that hears of writes has lived on: it was only a write that Redis refused."""
    store = RedisStore(own.url)
    heard: asyncio.Queue[str] = asyncio.Queue()
    watching = asyncio.ensure_future(store.watch(heard.put))
    async with asyncio.timeout(PATIENCE):
        assert await heard.get() == EVERYTHING
        with own.client() as client:
            client.config_set("maxmemory", 1)
            with pytest.raises(StoreDown, match="maxmemory"):
                await store.write("ab", b"x", 1)
            client.config_set("maxmemory", 0)
        assert await heard.get() == EVERYTHING
    watching.cancel()
    await asyncio.wait((watching,))
    await store.close()


def test_a_watch_ends_wherever_it_is_cancelled(server: RedisServer, run: Callable[[Awaitable[None]], None]) -> None:
    """At each step from the first connection to the first message that is heard."""

    async def test() -> None:
        store = RedisStore(f"redis://127.0.0.1:{server.port}")
        for steps in (*range(40), *range(40, 200, 20)):
            watch = spawn(store.watch(_nothing), "watch")
            for _ in range(steps):
                await asyncio.sleep(0)
            watch.cancel()
            await asyncio.wait((watch,))
            assert watch.cancelled(), steps
        await store.close()

    run(test())


async def test_an_error_of_what_is_closed_does_not_hide_that_we_were_cancelled(server: RedisServer) -> None:
    link = Link(f"redis://127.0.0.1:{server.port}", 1)

    async def breaks() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ConnectionError("it broke while it was closed")

    call = spawn(link.call(breaks()), "call")
    await asyncio.sleep(0)
    call.cancel()
    await asyncio.wait((call,))
    assert call.cancelled()
    await link.close()


async def _nothing(_: str) -> None:
    pass
