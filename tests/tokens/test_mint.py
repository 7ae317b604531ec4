"""One mint among many processes: who adopts, who keeps, and what a store that fails means for whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from proxy.auth.life.lifecycle import State
from proxy.auth.life.record import Intent, Record
from proxy.auth.token import Minted
from proxy.config.secrets.seal import Seal, new_key
from proxy.errors import Fault, IssuerError
from proxy.tokens.cell import Cell
from proxy.tokens.mint import KEEP_TRIES
from proxy.tokens.records import Records
from proxy.tokens.store import BUDGET, EVERYTHING, Heard, StoreDown
from proxy.tokens.store.memory import MemoryStore
from tests.tokens.cells import LOGIN, Scheme, World, broken, down, landed

SEAL = Seal([new_key()])
MINTED = 1_700_000_000.0  # where the clock of a World begins
ROTATING = Scheme("mail", one_shot=True)


class SharedMemory(MemoryStore):
    """What processes share, in one: with a lease, and switches for its ways to fail. `calls` are counted."""

    shared = True

    def __init__(self) -> None:
        super().__init__()
        self.fails: set[str] = set()
        self.calls: list[str] = []
        self.lock = asyncio.Lock()
        self.listeners: list[Heard] = []
        self.on_write: Callable[[], Any] = lambda: None

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name in self.fails or "all" in self.fails:
            raise StoreDown("test: gone")

    async def read(self, key: str) -> bytes | None:
        self._call("read")
        return await super().read(key)

    async def write(self, key: str, sealed: bytes, generation: int, patience: float = BUDGET) -> bool:
        self._call("write")
        await self.on_write()
        done = generation > self._generations.get(key, -1) and await super().amend(key, sealed, generation)
        for heard in self.listeners if done else []:
            await heard(key)
        return done

    async def amend(self, key: str, sealed: bytes, generation: int, patience: float = BUDGET) -> bool:
        self._call("amend")
        return await super().amend(key, sealed, generation, patience)

    @asynccontextmanager
    async def lease(self, key: str) -> AsyncIterator[None]:
        self._call("lease")
        async with self.lock:
            yield

    async def watch(self, heard: Heard) -> None:
        self.listeners.append(heard)
        await heard(EVERYTHING)
        await asyncio.Event().wait()


async def nothing() -> None:
    """What happens at a write, unless a test wants more."""


@pytest.fixture
def store() -> SharedMemory:
    store = SharedMemory()
    store.on_write = nothing
    return store


def world(store: SharedMemory) -> World:
    return World(records=Records(store, SEAL))


def rotating(world: World, *refresh_tokens: str) -> Cell:
    """Its logins bring these refresh tokens, one after the other."""
    world.logins.script = [Minted(f"with-{each}", 80.0, refresh_token=each) for each in refresh_tokens]
    return world.cell("mail", Scheme("mail", one_shot=True, sent=ROTATING.sent))


@pytest.fixture(autouse=True)
def _forget() -> None:
    ROTATING.sent.clear()


def sent() -> list[str | None]:
    return [refresh_token for _, refresh_token in ROTATING.sent]


async def stored(store: SharedMemory) -> Record:
    record = await Records(store, SEAL).find("mail")
    assert record is not None
    return record


# ---------------------------------------------------------------------------------------------- sharing


async def test_a_restart_adopts_and_mints_nothing(store: SharedMemory) -> None:
    first = world(store)
    token = await first.cell().token("qianfan")
    second = world(store)
    again = await second.cell().token("qianfan")
    assert (again.value, again.generation) == (token.value, 1)
    assert second.logins.calls == 0


async def test_a_token_that_is_due_serves_while_the_issuer_is_down(store: SharedMemory) -> None:
    first = world(store)
    await first.cell().token("qianfan")
    second = world(store)
    second.clock.pass_(75)  # of 80: due, and worth a mint
    second.logins.script = [down(again=False)]
    assert (await second.cell().token("qianfan")).value == "token-1"
    assert second.logins.calls == 1


async def test_a_dead_token_is_not_trusted_and_its_generation_is_passed(store: SharedMemory) -> None:
    await world(store).cell().token("qianfan")
    second = world(store)
    second.clock.pass_(81)
    assert (await second.cell().token("qianfan")).generation == 2
    assert second.logins.calls == 1


async def test_fifty_callers_in_four_processes_cost_one_mint(store: SharedMemory) -> None:
    worlds = [world(store) for _ in range(4)]
    cells = [each.cell() for each in worlds]
    tokens = await asyncio.gather(*(cell.token("qianfan") for cell in cells for _ in range(50)))
    assert len({token.value for token in tokens}) == 1
    renewed = await asyncio.gather(*(cell.renew(1) for cell in cells for _ in range(50)))
    assert {token.generation for token in renewed if token is not None} == {2}
    assert sum(each.logins.calls for each in worlds) == 2


async def test_a_refusal_adopts_what_another_process_has_minted_since(store: SharedMemory) -> None:
    one, other = world(store), world(store)
    mine, theirs = one.cell(), other.cell()
    await mine.token("a")
    await theirs.token("a")
    await theirs.renew(1)
    token = await mine.renew(1)
    assert token is not None
    assert (token.generation, one.logins.calls, other.logins.calls) == (2, 1, 1)


async def test_those_who_watch_adopt_at_once_and_see_an_expiry(store: SharedMemory) -> None:
    one, other = world(store), world(store)
    mine, theirs = one.cell(), other.cell()
    one.keeper.watch()
    await theirs.token("a")
    assert mine.life.generation == 1
    await theirs.expire()
    assert mine.life.state(one.clock()) is State.REFUSED
    assert (await mine.token("a")).generation == 3
    assert (one.logins.calls, other.logins.calls) == (1, 1)
    await one.keeper.close()


async def test_a_fresh_token_costs_no_store_call(store: SharedMemory) -> None:
    cell = world(store).cell()
    await cell.token("qianfan")
    store.calls.clear()
    for _ in range(100):
        await cell.token("qianfan")
    assert store.calls == []


async def test_accounts_are_never_mixed(store: SharedMemory) -> None:
    one = world(store)
    first = await one.cell("a", Scheme("a")).token("a")
    second = await one.cell("b", Scheme("b")).token("b")
    assert first.value != second.value
    restarted = world(store)
    assert (await restarted.cell("b", Scheme("b")).token("b")).value == second.value
    assert (await restarted.cell("a", Scheme("a")).token("a")).value == first.value


# ---------------------------------------------------------------------------------------------- a store that fails


@pytest.mark.parametrize("fails", ["all", "read", "write", "lease"])
async def test_client_credentials_go_on_without_a_store(store: SharedMemory, fails: str) -> None:
    store.fails = {fails}
    here = world(store)
    cell = here.cell()
    assert (await cell.token("qianfan")).generation == 1
    assert here.logins.calls == 1
    store.fails = set()
    assert (await cell.renew(1)) is not None
    assert (await world(store).cell().token("qianfan")).generation == 2


@pytest.mark.parametrize("fails", ["all", "read", "lease", "amend"])
async def test_a_rotating_refresh_token_is_not_sent_without_a_store(store: SharedMemory, fails: str) -> None:
    store.fails = {fails}
    here = world(store)
    cell = rotating(here, "r1")
    with pytest.raises(Fault, match=r"token_unavailable.*The store must be there"):
        await cell.token("mail")
    assert sent() == []
    store.fails = set()
    here.clock.pass_(60)
    assert (await cell.token("mail")).value == "with-r1"


@pytest.mark.parametrize("fails", ["all", "read", "lease", "amend"])
async def test_a_pause_for_want_of_the_store_ends_when_it_is_back(store: SharedMemory, fails: str) -> None:
    here = world(store)
    cell = rotating(here, "r1")
    store.fails = {fails}
    for _ in range(9):
        with pytest.raises(Fault, match="token_unavailable"):
            await cell.token("mail")
        here.clock.pass_(cell.life.next_attempt_in(here.clock()) or 0.0)
    with pytest.raises(Fault) as refused:
        await cell.token("mail")
    assert (refused.value.retry_after or 0.0) > 30
    store.fails = set()
    await cell.look(whole=True)
    assert (await cell.token("mail")).value == "with-r1"


async def test_a_pause_for_the_issuers_sake_outlives_the_stores_return(store: SharedMemory) -> None:
    here = world(store)
    cell = here.cell()
    here.logins.script = [broken()]
    with pytest.raises(Fault, match="token_unavailable"):
        await cell.token("qianfan")
    waits = cell.life.next_attempt_in(here.clock())
    await cell.look(whole=True)
    assert waits is not None
    assert cell.life.next_attempt_in(here.clock()) == waits


async def test_exclusive_issuers_need_the_store_too(store: SharedMemory) -> None:
    store.fails = {"all"}
    here = world(store)
    with pytest.raises(Fault, match="token_unavailable"):
        await here.cell(exclusive=True).token("qianfan")
    assert here.logins.calls == 0


async def test_with_memory_alone_nothing_fails_closed() -> None:
    here = World()
    assert (await here.cell("a", Scheme("a"), exclusive=True).token("a")).generation == 1
    assert (await here.cell("b", Scheme("b", one_shot=True)).token("b")).generation == 1


async def test_a_live_token_outlives_the_store(store: SharedMemory) -> None:
    cell = rotating(world(store), "r1")
    await cell.token("mail")
    store.fails = {"all"}
    assert (await cell.token("mail")).value == "with-r1"


# ---------------------------------------------------------------------------------------------- rotation


async def test_trap_15_it_is_kept_before_it_is_used(store: SharedMemory) -> None:
    cell = rotating(world(store), "r1", "r2")
    await cell.token("mail")
    seen: list[tuple[int, str]] = []

    async def look() -> None:
        assert cell.life.token is not None
        seen.append((cell.life.generation, cell.life.token.value))

    store.on_write = look
    store.calls.clear()
    await cell.renew(1)
    assert store.calls[-2:] == ["amend", "write"]
    assert seen == [(1, "with-r1")], "the new one was published before it was kept"
    assert (await stored(store)).refresh_token == "r2"
    assert sent() == [None, "r1"]


async def test_trap_16_a_reply_without_a_refresh_token_keeps_the_old_one(store: SharedMemory) -> None:
    here = world(store)
    cell = rotating(here, "r1")
    await cell.token("mail")
    await cell.renew(1)
    assert (await stored(store)).refresh_token == "r1"
    await cell.renew(2)
    assert sent() == [None, "r1", "r1"]
    restarted = rotating(world(store))
    await restarted.renew(3)
    await restarted.token("mail")
    assert (await stored(store)).refresh_token == "r1"


async def test_what_could_not_be_kept_is_used_and_kept_when_the_store_is_back(store: SharedMemory) -> None:
    here = world(store)
    cell = rotating(here, "r1", "r2")
    await cell.token("mail")
    store.fails = {"write"}
    token = await cell.renew(1)
    assert token is not None
    assert token.value == "with-r2"
    assert store.calls.count("write") == 1 + KEEP_TRIES
    store.fails = set()
    await cell.look(whole=True)
    assert ((await stored(store)).generation, (await stored(store)).refresh_token) == (2, "r2")


async def test_what_could_not_be_kept_is_what_is_sent_next(store: SharedMemory) -> None:
    cell = rotating(world(store), "r1", "r2", "r3")
    await cell.token("mail")
    store.fails = {"write"}
    await cell.renew(1)
    store.fails = set()
    await cell.renew(2)
    assert sent() == [None, "r1", "r2"]
    assert ((await stored(store)).generation, (await stored(store)).refresh_token) == (3, "r3")


async def test_a_store_that_was_emptied_gets_back_what_is_known(store: SharedMemory) -> None:
    cell = rotating(world(store), "r1")
    await cell.token("mail")
    await store.close()
    await cell.look()
    assert await store.keys() == [], "one who has cleared it has meant it"
    await cell.look(whole=True)
    assert (await stored(store)).refresh_token == "r1"


async def test_the_loser_reads_again_and_adopts(store: SharedMemory) -> None:
    """`invalid_grant`, as another process was faster: its token serves (docs/traps.md 15)."""
    here = world(store)
    cell = rotating(here, "r1")
    await cell.token("mail")
    here.logins.script = [IssuerError(LOGIN, "the issuer answered 400", error="invalid_grant")]
    tasks = await here.held(cell.renew(1))
    theirs = Record(2, "theirs", MINTED, MINTED + 80, 20, 10, "r2")
    await Records(store, SEAL).keep("mail", theirs)
    here.logins.gate.set()
    (token,) = await asyncio.gather(*tasks)
    assert (token.value, token.generation, here.logins.calls) == ("theirs", 2, 2)


async def test_the_loser_tries_the_other_refresh_token_once(store: SharedMemory) -> None:
    here = world(store)
    cell = rotating(here, "r1")
    await cell.token("mail")
    refused = IssuerError(LOGIN, "the issuer answered 400", error="invalid_grant")
    here.logins.script = [refused, Minted("with-r3", 80.0, refresh_token="r3")]
    tasks = await here.held(cell.renew(1))
    await Records(store, SEAL).keep("mail", Record(2, refresh_token="r2"))  # a login, say
    here.logins.gate.set()
    (token,) = await asyncio.gather(*tasks)
    assert sent() == [None, "r1", "r2"]
    assert token is not None
    assert ((await stored(store)).generation, (await stored(store)).refresh_token) == (3, "r3")


async def test_a_refresh_is_of_the_login_that_it_goes_back_to(store: SharedMemory) -> None:
    here = world(store)
    cell = rotating(here, "r1")
    await Records(store, SEAL).keep("mail", Record(1, refresh_token="r-login", login="ann"))
    assert (await cell.token("mail")).generation == 2
    assert ((await stored(store)).login, cell.login) == ("ann", "ann")
    await cell.expire()
    assert (await stored(store)).login == "ann"
    await Records(store, SEAL).keep("mail", Record(9, refresh_token="r-login", login="ben"))
    await cell.look()
    assert cell.login == "ben"


async def test_a_login_is_required_and_no_more_calls_are_made_until_there_is_one(store: SharedMemory) -> None:
    here = world(store)
    cell = rotating(here)
    here.keeper.watch()
    here.logins.script = [IssuerError(LOGIN, "the issuer answered 400", error="invalid_grant")]
    for _ in range(3):
        with pytest.raises(Fault, match="login_required"):
            await cell.token("mail")
    assert here.logins.calls == 1
    assert await store.keys() == [], "an intent that came to nothing is taken back"
    await Records(store, SEAL).keep("mail", Record(1, refresh_token="r-login"))
    assert (await cell.token("mail")).generation == 2
    assert sent() == [None, "r-login"]
    await here.keeper.close()


async def test_a_lost_lease_overwrites_nothing_newer(store: SharedMemory) -> None:
    """Redis stood still for longer than the lease: another process has refreshed meanwhile."""
    here = world(store)
    cell = rotating(here, "r1", "r2-ours")
    await cell.token("mail")
    tasks = await here.held(cell.renew(1))
    await Records(store, SEAL).keep("mail", Record(2, "theirs", MINTED, MINTED + 80, 20, 10, "r2-theirs"))
    here.logins.gate.set()
    (token,) = await asyncio.gather(*tasks)
    assert token.value == "theirs"
    assert (await stored(store)).refresh_token == "r2-theirs"


async def test_a_death_declared_meanwhile_does_not_cost_the_rotated_token(store: SharedMemory) -> None:
    here = world(store)
    cell = rotating(here, "r1", "r2")
    await cell.token("mail")
    tasks = await here.held(cell.renew(1))
    await Records(store, SEAL).keep("mail", Record(2, refresh_token="r1"))  # without a lease
    here.logins.gate.set()
    (token,) = await asyncio.gather(*tasks)
    assert (token.value, token.generation) == ("with-r2", 3)
    assert ((await stored(store)).generation, (await stored(store)).refresh_token) == (3, "r2")


async def test_an_intent_of_a_dead_process_is_finished_by_one_who_watches(store: SharedMemory) -> None:
    here = world(store)
    cell = rotating(here, "r1", "r2")
    await cell.token("mail")
    begun = Intent.of("r1", MINTED)
    known = await stored(store)
    await Records(store, SEAL).amend(
        "mail", Record(1, known.value, refresh_token="r1", expires=known.expires, intent=begun)
    )
    await cell.look()
    await landed()
    assert sent() == [None, "r1"]
    assert (await stored(store)).refresh_token == "r2"


async def test_stopping_waits_for_a_refresh_token_that_is_being_spent(store: SharedMemory) -> None:
    here = world(store)
    cell = rotating(here, "r1")
    (waiter,) = await here.held(cell.token("mail"))
    closing = asyncio.ensure_future(here.keeper.close())
    await asyncio.sleep(0)
    here.logins.gate.set()
    await closing
    assert (await stored(store)).refresh_token == "r1"
    assert (await waiter).value == "with-r1"


async def test_keys_that_bring_no_refresh_token_end_the_one_before(store: SharedMemory) -> None:
    here = world(store)
    here.logins.script = [Minted("t1", 80.0, refresh_token="r1"), Minted("t2", 80.0, refresh_token="")]
    cell = here.cell("mail", Scheme("mail", sent=ROTATING.sent))
    await cell.token("mail")
    for generation in (1, 2):
        await cell.renew(generation)
    assert sent() == [None, "r1", None]
    assert (await stored(store)).refresh_token is None
