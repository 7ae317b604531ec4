"""The cells of a process: who shares one, and how all of them start and end."""

from __future__ import annotations

import asyncio

import pytest

from proxy.errors import Fault
from proxy.tokens.cell import Cell
from proxy.tokens.keeper import WARM_AT_ONCE
from proxy.tokens.mint import AT_ONCE
from tests.tokens.cells import SOON, Scheme, World, broken, down, flights, generation, landed

# ------------------------------------------------------------------ which cells there are


async def test_trap_07_equal_definitions_share_a_cell_and_others_do_not(world: World) -> None:
    one, same, other = world.cell("a", Scheme("x")), world.cell("b", Scheme("x")), world.cell("c", Scheme("y"))
    assert one is same
    assert one.names == ["a", "b"]
    assert await one.token("a") is await same.token("b")
    assert (await other.token("c")).value != (await one.token("a")).value
    assert world.logins.calls == 2


async def test_trap_05_one_slow_issuer_delays_no_other(world: World) -> None:
    slow, other = world.cell("slow", Scheme("slow")), world.cell("other", Scheme("other"))
    (waiting,) = await world.held(slow.token("slow"))
    held, world.logins.gate = world.logins.gate, asyncio.Event()
    world.logins.gate.set()
    assert generation(await other.token("other")) == 1
    assert not waiting.done()
    held.set()
    await waiting


# ------------------------------------------------------------------ start and end


async def test_trap_42_a_start_with_the_issuer_down_recovers_by_itself(world: World) -> None:
    cell, other = world.cell("a", Scheme("a")), world.cell("b", Scheme("b"))
    world.logins.script = [broken()]
    for each in world.keeper:
        each.warm()
    assert world.logins.calls == 0, "the start does not wait"
    await landed()
    assert generation(await other.token("b")) == 1
    with pytest.raises(Fault, match="token_unavailable"):
        await cell.token("a")
    world.clock.pass_(0.5)
    assert generation(await cell.token("a")) == 1


async def test_closing_cancels_flights_and_answers_their_waiters() -> None:
    world = World()
    cells = [world.cell(name, Scheme(name)) for name in "abc"]
    waiters = await world.held(*(cell.token("x") for cell in cells))
    await world.keeper.close()
    assert flights() == []
    results = await asyncio.gather(*waiters, return_exceptions=True)
    assert all(isinstance(result, Fault) and result.code == "token_unavailable" for result in results)
    assert not any(cell.life.flying for cell in cells)


async def test_closing_between_two_tries_ends_the_pause() -> None:
    paused = asyncio.Event()

    async def pause(_seconds: float) -> None:
        paused.set()
        await asyncio.Event().wait()

    world = World(sleep=pause)
    world.logins.script = [down()]
    waiter = asyncio.ensure_future(world.cell().token("qianfan"))
    await paused.wait()
    await world.keeper.close()
    with pytest.raises(Fault, match="interrupted"):
        await waiter
    assert world.logins.calls == 1


async def test_closing_twice_or_without_flights_is_fine() -> None:
    world = World()
    cell = world.cell()
    await world.keeper.close()
    await cell.token("qianfan")
    await world.keeper.close()
    await world.keeper.close()


# ------------------------------------------------------------------ many at once


async def test_so_many_are_minted_at_once_and_the_others_wait_their_turn(world: World) -> None:
    count = AT_ONCE + 50
    served: list[str] = []

    async def ask(cell: Cell) -> None:
        await cell.token("x")
        served.append(cell.key)

    cells = [world.cell(str(number), Scheme(str(number))) for number in range(count)]
    callers = await world.held(*map(ask, cells))
    for _ in range(count):
        await asyncio.sleep(0)
    assert world.logins.calls == AT_ONCE
    world.logins.gate.set()
    await asyncio.gather(*callers)
    assert served == [cell.key for cell in cells]


async def test_to_wait_for_a_place_is_no_failure() -> None:
    world = World(flight_timeout=SOON)
    first = [world.cell(str(number), Scheme(str(number))) for number in range(AT_ONCE)]
    last = world.cell("last", Scheme("last"))
    world.logins.gate.clear()
    for each in first:
        each.warm()
    waiter = asyncio.ensure_future(last.token("last"))
    while last.life.failure is None and world.logins.calls <= AT_ONCE:
        await asyncio.wait(flights(), return_when=asyncio.FIRST_COMPLETED)
    assert last.life.failure is None, "its time begins when it has a place"
    world.logins.gate.set()
    assert generation(await waiter) == 1
    await landed()


async def test_few_are_fetched_ahead_and_one_that_is_asked_for_goes_first(world: World) -> None:
    cells = [world.cell(str(number), Scheme(str(number))) for number in range(3 * WARM_AT_ONCE)]
    world.logins.gate.clear()
    world.keeper.warm(cells)
    assert len(flights()) == WARM_AT_ONCE
    (asked,) = await world.held(cells[-1].token("x"))
    for _ in range(10):
        await asyncio.sleep(0)
    assert world.logins.calls == WARM_AT_ONCE + 1
    world.logins.gate.set()
    await asked
    assert sum(cell.usable is not None for cell in cells) <= 2 * WARM_AT_ONCE + 1, "it was not the last"
    await landed()
    assert world.logins.calls == len(cells)


async def test_what_is_gone_or_closed_is_not_fetched_ahead(world: World) -> None:
    cells = [world.cell(str(number), Scheme(str(number))) for number in range(3 * WARM_AT_ONCE)]
    world.logins.gate.clear()
    world.keeper.warm(cells)
    world.keeper.recast([])
    world.logins.gate.set()
    await landed()
    assert world.logins.calls == WARM_AT_ONCE
    world.keeper.warm(cells)
    await world.keeper.close()
    assert flights() == []
