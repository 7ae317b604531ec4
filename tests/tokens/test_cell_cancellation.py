"""Callers and flights that are cancelled at every await they have."""

from __future__ import annotations

import asyncio

import pytest

from proxy.errors import Fault
from tests.tokens.cells import World, flights


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
