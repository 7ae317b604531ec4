"""Two holders of one cell's proof, as in two processes, over a directory and over a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from proxy.auth.life.replay import Event, Replays, Standing
from proxy.config.secrets.seal import Seal, new_key
from proxy.tokens.cell import Cell
from proxy.tokens.records import Records
from proxy.tokens.store import Store
from proxy.tokens.store.file import FileStore
from proxy.tokens.store.memory import MemoryStore
from proxy.tokens.store.redis import RedisStore
from tests.redis_server import RedisServer, redis_server
from tests.tokens.cells import World

PATIENCE = 10.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


class Counting:
    """A store whose calls for notes are counted."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.notes = 0

    def __getattr__(self, name: str) -> object:
        self.notes += name in ("note", "renote")
        return getattr(self._store, name)


@dataclass
class Holder:
    """A process: one cell and one route of it."""

    world: World
    cell: Cell
    rule: Replays
    store: Counting

    async def refused(self) -> Standing:
        generation = self.cell.life.generation
        step = partial(self.rule.refused, self.world.clock().boot, generation, generation)
        return await self.cell.sharing.tell(step)

    async def in_vain(self) -> None:
        """A forced flight, and its replay refused."""
        newer = await self.cell.renew(self.cell.life.generation)
        assert newer is not None
        boot = self.world.clock().boot
        await self.cell.sharing.tell(
            partial(self.rule.next, Standing.NEWEST, Event.REPLAY_REFUSED, boot, newer.generation)
        )

    def accepted(self) -> None:
        self.rule.accepted(self.world.clock().boot, self.cell.life.generation)
        if self.rule.proof.unsaid:
            self.cell.sharing.say()

    async def hears(self, holds: Callable[[Holder], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not holds(self):  # noqa: ASYNC110 -- what it waits for comes from another holder
                await asyncio.sleep(0.01)


@asynccontextmanager
async def holding(store: Store, key: str, *, watch: bool = True) -> AsyncIterator[Holder]:
    counting = Counting(store)
    world = World(records=Records(counting, Seal([key])))  # type: ignore[arg-type] -- by delegation
    cell = world.cell()
    if watch:
        world.keeper.watch()
    yield Holder(world, cell, Replays("/api", cell.sharing.proof), counting)
    await world.keeper.close()
    await world.records.close()


@pytest.fixture(params=["file", "redis"])
async def two(request: pytest.FixtureRequest, tmp_path: Path, server: RedisServer) -> AsyncIterator[list[Holder]]:
    """Both hold the cell's first token."""
    with server.client() as client:
        client.flushall()
    opened: Callable[[], Store] = {
        "file": lambda: FileStore(tmp_path / "store"),
        "redis": lambda: RedisStore(server.url),
    }[request.param]
    key = new_key()
    async with holding(opened(), key) as one, holding(opened(), key) as other:
        await one.cell.token("qianfan")
        await other.cell.token("qianfan")
        assert (one.world.logins.calls, other.world.logins.calls) == (1, 0)
        yield [one, other]


async def test_a_pause_is_for_both_and_three_refusals_in_a_row_lift_it(two: list[Holder]) -> None:
    one, other = two
    assert await one.refused() is Standing.NEWEST
    await one.in_vain()
    await other.hears(lambda holder: holder.cell.life.generation == 2)
    assert await other.refused() is Standing.BRAKED
    other.accepted()
    await one.hears(lambda holder: (holder.rule.proof.streak, holder.rule.proof.generation) == (0, 2))
    assert await one.refused() is Standing.BRAKED
    assert await other.refused() is Standing.BRAKED
    assert await one.refused() is Standing.NEWEST
    assert one.rule.proof.streak == 3


async def test_who_is_behind_learns_of_the_newer_token_when_it_is_refused(two: list[Holder]) -> None:
    """Whether or not it has heard of it: the token it has is not the newest."""
    one, other = two
    assert await one.refused() is Standing.NEWEST
    await one.in_vain()
    step = partial(other.rule.refused, 0.0, 1, 1)
    assert await other.cell.sharing.tell(lambda: (step(), other.cell.life.generation)[1]) == 2


async def test_what_the_other_accepts_after_a_refusal_is_heard(two: list[Holder]) -> None:
    one, other = two
    await one.refused()
    await other.hears(lambda holder: holder.rule.proof.streak == 1)
    other.accepted()
    await one.hears(lambda holder: (holder.rule.proof.streak, holder.rule.proof.generation) == (0, 1))


async def test_what_the_other_has_accepted_meanwhile_is_heard_too(two: list[Holder]) -> None:
    one, other = two
    await one.refused()
    other.world.clock.pass_(0.001)
    other.rule.proof.accepted_at = other.world.clock().boot  # before it heard
    await one.hears(lambda holder: holder.rule.proof.streak == 0)


async def test_of_refusals_at_the_same_time_each_counts(two: list[Holder]) -> None:
    await asyncio.gather(*(holder.refused() for holder in two * 25))
    assert max(holder.rule.proof.streak for holder in two) == 50


async def test_ordinary_acceptances_ask_the_store_nothing(two: list[Holder]) -> None:
    one, _ = two
    before = one.store.notes
    for _ in range(100):
        one.accepted()
    await asyncio.sleep(0)
    assert one.store.notes - before < 3  # what a watch sees late of the beginning; not one for each
    assert one.rule.proof.generation == 1


async def test_a_note_of_tokens_that_are_gone_for_good_is_written_over(tmp_path: Path) -> None:
    """As where the records were lost: else each refusal would find a newer token that nobody has, and fetch one."""
    key = new_key()
    async with holding(FileStore(tmp_path / "store"), key, watch=False) as old:
        for _ in range(4):
            old.cell.life.refused = True
            await old.cell.token("qianfan")
        old.rule.brake.useless(0.0, 4)
        await old.refused()
    for left in (tmp_path / "store").glob("*.sealed"):
        left.unlink()
    async with holding(FileStore(tmp_path / "store"), key, watch=False) as new:
        await new.cell.token("qianfan")
        assert new.cell.life.generation == 1
        assert await new.refused() is Standing.NEWEST
        await new.in_vain()
        assert await new.refused() is Standing.BRAKED


async def test_a_store_that_fails_leaves_each_its_own_count(tmp_path: Path) -> None:
    async with holding(FileStore(tmp_path / "store"), new_key(), watch=False) as lone:
        await lone.cell.token("qianfan")
        await lone.world.records.close()
        assert await lone.refused() is Standing.NEWEST
        lone.accepted()
        await lone.hears(lambda holder: not holder.rule.proof.unsaid)
        assert (lone.rule.proof.streak, lone.rule.proof.generation) == (0, 1)


async def test_what_is_nobody_elses_is_not_kept() -> None:
    async with holding(MemoryStore(), new_key()) as lone:
        await lone.cell.token("qianfan")
        await lone.refused()
        lone.accepted()
        assert (lone.store.notes, lone.rule.proof.unsaid) == (0, {})


async def test_who_waits_when_all_ends_is_let_go(tmp_path: Path) -> None:
    async with holding(FileStore(tmp_path / "store"), new_key(), watch=False) as lone:
        await lone.cell.token("qianfan")
        waiting = asyncio.ensure_future(lone.refused())
        await asyncio.sleep(0)
        await lone.cell.close()
        with pytest.raises(asyncio.CancelledError):
            await waiting
