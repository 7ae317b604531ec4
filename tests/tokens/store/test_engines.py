"""What every engine does: fences, leases, setting aside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from proxy.tokens.store import EVERYTHING, NOTED, Store
from proxy.tokens.store.file import FileStore
from proxy.tokens.store.memory import MemoryStore
from proxy.tokens.store.redis import RedisStore
from tests.redis_server import RedisServer

SHARED = pytest.mark.parametrize("engine", ["file", "redis"], indirect=True)


@pytest.fixture(params=["memory", "file", "redis"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path, server: RedisServer) -> AsyncIterator[Store]:
    engines: dict[str, Callable[[], Store]] = {
        "memory": MemoryStore,
        "file": lambda: FileStore(tmp_path / "store"),
        "redis": lambda: RedisStore(server.url),
    }
    engine = engines[request.param]()
    yield engine
    await engine.close()


async def test_nothing_is_there_at_first(engine: Store) -> None:
    assert await engine.read("ab") is None
    assert await engine.keys() == []
    await engine.delete("ab")


async def test_a_write_is_refused_unless_its_generation_is_later(engine: Store) -> None:
    assert await engine.write("ab", b"two", 2)
    assert not await engine.write("ab", b"again", 2)
    assert not await engine.write("ab", b"one", 1)
    assert await engine.read("ab") == b"two"
    assert await engine.write("ab", b"ten", 10)
    assert await engine.read("ab") == b"ten"


async def test_an_amendment_is_refused_only_by_a_later_generation(engine: Store) -> None:
    assert await engine.amend("ab", b"intent", 0)
    assert await engine.amend("ab", b"intent again", 0)
    assert await engine.write("ab", b"one", 1)
    assert not await engine.amend("ab", b"late", 0)
    assert await engine.amend("ab", b"next", 1)
    assert await engine.read("ab") == b"next"
    assert not await engine.write("ab", b"one", 1)


async def test_cells_are_never_mixed(engine: Store) -> None:
    await engine.write("ab", b"one", 5)
    await engine.write("abc", b"other", 1)
    assert (await engine.read("ab"), await engine.read("abc")) == (b"one", b"other")
    assert await engine.keys() == ["ab", "abc"]
    await engine.delete("ab")
    assert (await engine.read("ab"), await engine.read("abc")) == (None, b"other")


async def test_what_was_deleted_fences_nothing(engine: Store) -> None:
    await engine.write("ab", b"nine", 9)
    await engine.delete("ab")
    assert await engine.write("ab", b"one", 1)


async def test_what_was_set_aside_is_gone_and_fences_nothing(engine: Store) -> None:
    await engine.write("ab", b"bad", 9)
    await engine.set_aside("ab", b"bad", "unsealable")
    assert await engine.read("ab") is None
    assert await engine.keys() == []
    assert await engine.write("ab", b"one", 1)
    await engine.set_aside("no", b"such", "unsealable")


async def test_a_good_record_that_came_meanwhile_is_not_set_aside(engine: Store) -> None:
    await engine.write("ab", b"bad", 1)
    await engine.write("ab", b"good", 2)
    await engine.set_aside("ab", b"bad", "unsealable")
    assert await engine.read("ab") == b"good"


async def test_of_many_writers_of_one_generation_one_wins(engine: Store) -> None:
    done = await asyncio.gather(*(engine.write("ab", str(n).encode(), 1, 5.0) for n in range(20)))
    assert done.count(True) == 1
    assert await engine.read("ab") == str(done.index(True)).encode()


@SHARED
async def test_a_lease_excludes_and_is_released_on_failure(engine: Store) -> None:
    inside = 0
    most = 0

    async def hold(fail: bool) -> None:
        nonlocal inside, most
        async with engine.lease("ab"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1
            if fail:
                raise LookupError

    outcomes = await asyncio.gather(*(hold(n % 2 == 0) for n in range(6)), return_exceptions=True)
    assert most == 1
    assert sum(isinstance(outcome, LookupError) for outcome in outcomes) == 3


async def test_leases_of_two_cells_do_not_wait_for_each_other(engine: Store) -> None:
    async with engine.lease("ab"), engine.lease("cd"):
        assert await engine.write("ab", b"x", 1)


@SHARED
async def test_one_who_waits_for_a_lease_may_go_away(engine: Store) -> None:
    async with engine.lease("ab"):
        waiting = asyncio.ensure_future(engine.lease("ab").__aenter__())
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with asyncio.timeout(5), engine.lease("ab"):
        pass


async def test_a_note_is_replaced_by_who_has_seen_it(engine: Store) -> None:
    assert await engine.note("ab") is None
    assert not await engine.renote("ab", b"never there", b"one")
    assert await engine.renote("ab", None, b"one")
    assert not await engine.renote("ab", None, b"late")
    assert await engine.renote("ab", b"one", b"two")
    assert (await engine.note("ab"), await engine.note("abc")) == (b"two", None)
    assert (await engine.read("ab"), await engine.keys()) == (None, []), "it is no record"


async def test_a_note_goes_with_its_record(engine: Store) -> None:
    await engine.write("ab", b"one", 1)
    await engine.renote("ab", None, b"note")
    await engine.delete("ab")
    assert await engine.note("ab") is None


@SHARED
async def test_of_many_who_replace_a_note_one_does(engine: Store) -> None:
    done = await asyncio.gather(*(engine.renote("ab", None, str(n).encode()) for n in range(8)))
    assert done.count(True) == 1


@SHARED
async def test_a_note_is_heard_as_a_note(engine: Store) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    watching = asyncio.ensure_future(engine.watch(heard.put))
    async with asyncio.timeout(10):
        assert await heard.get() == EVERYTHING
        await engine.renote("ab", None, b"note")
        assert await heard.get() == "ab" + NOTED
    watching.cancel()
    await asyncio.wait((watching,))
