"""Callers, flights and keepers that are cancelled at every await they have."""

from __future__ import annotations

import asyncio

import pytest

from proxy.errors import Fault
from tests.serve.cells import Scheme, World, down, flights


async def test_trap_03_the_first_waiter_goes_away_and_the_refresh_goes_on() -> None:
    world = World()
    cell = world.cell()
    first, *others = await world.held(*(cell.token("qianfan") for _ in range(5)))
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert cell.life.flying
    world.logins.gate.set()
    assert {token.generation for token in await asyncio.gather(*others)} == {1}
    assert world.logins.calls == 1


async def test_trap_03_all_waiters_go_away_and_the_token_still_comes() -> None:
    world = World()
    cell = world.cell()
    waiters = await world.held(cell.token("qianfan"), cell.token("qianfan"))
    for waiter in waiters:
        waiter.cancel()
    await asyncio.wait(waiters)
    world.logins.gate.set()
    await asyncio.wait(flights())
    assert (await cell.token("qianfan")).generation == 1
    assert world.logins.calls == 1


async def test_trap_03_a_refused_caller_goes_away_and_the_forced_flight_goes_on() -> None:
    world = World()
    cell = world.cell()
    await cell.token("qianfan")
    first, second = await world.held(cell.renew(1), cell.renew(1))
    first.cancel()
    world.logins.gate.set()
    assert (await second).generation == 2
    assert first.cancelled()


async def test_a_caller_cancelled_before_it_ran_starts_nothing() -> None:
    world = World()
    caller = asyncio.ensure_future(world.cell().token("qianfan"))
    caller.cancel()
    await asyncio.wait((caller,))
    assert (world.logins.calls, flights()) == (0, [])


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


async def test_a_cancelled_flight_leaves_the_cell_usable() -> None:
    world = World()
    cell = world.cell()
    (waiter,) = await world.held(cell.token("qianfan"))
    (flight,) = flights()
    flight.cancel()
    with pytest.raises(Fault, match="interrupted"):
        await waiter
    world.logins.gate.set()
    assert (await cell.token("qianfan")).generation == 1
