"""Tokens for those who take them away: never near their death."""

from __future__ import annotations

import pytest

from proxy.auth.life.lifecycle import LASTING
from proxy.errors import Fault
from tests.tokens.cells import World, broken, landed, wrong


@pytest.mark.parametrize("lifetime", [1.0, 30.0, 119.0, 120.0, 121.0, 200.0, 480.0, 3600.0, 2_592_000.0])
@pytest.mark.parametrize("left", [0.01, 0.49, 0.51, 0.9])
async def test_what_is_left_is_a_minute_or_half_a_life(world: World, lifetime: float, left: float) -> None:
    world.logins.lifetime = lifetime
    cell = world.cell()
    await cell.lasting("qianfan")
    world.clock.pass_(lifetime * (1 - left))
    token = await cell.lasting("qianfan")
    assert token.left(world.clock()) > min(LASTING, lifetime / 2) * 0.999
    await landed()


async def test_a_token_with_a_while_to_live_costs_no_mint(world: World) -> None:
    world.logins.lifetime = 3600.0
    cell = world.cell()
    first = await cell.lasting("qianfan")
    world.clock.pass_(2000)
    assert await cell.lasting("qianfan") is first
    assert world.logins.calls == 1


async def test_a_stale_one_is_given_and_renewed_behind_it(world: World) -> None:
    world.logins.lifetime = 3600.0
    cell = world.cell()
    first = await cell.lasting("qianfan")
    world.clock.pass_(3600 - 200)
    assert await cell.lasting("qianfan") is first
    await landed()
    assert (await cell.lasting("qianfan")).generation == 2


async def test_many_who_ask_share_one_renewal(world: World) -> None:
    world.logins.lifetime = 130.0
    cell = world.cell()
    await cell.lasting("qianfan")
    world.clock.pass_(75)  # fresh to a request, too old to be taken away
    tasks = await world.held(*(cell.lasting("qianfan") for _ in range(20)))
    world.logins.gate.set()
    assert {(await task).generation for task in tasks} == {2}
    assert world.logins.calls == 2


@pytest.mark.parametrize(("error", "code"), [(broken, "token_unavailable"), (wrong, "credential_refused")])
async def test_if_none_can_be_had_requests_still_use_the_old_one(world: World, error: type, code: str) -> None:
    world.logins.lifetime = 130.0
    cell = world.cell()
    first = await cell.lasting("qianfan")
    world.clock.pass_(75)
    world.logins.script = [error()]
    for _ in range(3):  # a pause is a pause for these, too
        with pytest.raises(Fault) as fault:
            await cell.lasting("qianfan")
        assert fault.value.code == code
    assert world.logins.calls == 2
    assert await cell.token("qianfan") is first


async def test_a_pause_that_min_interval_wants_is_kept(world: World) -> None:
    world.logins.lifetime = 130.0
    cell = world.cell(min_interval=100.0)
    await cell.lasting("qianfan")
    world.clock.pass_(75)
    with pytest.raises(Fault) as fault:
        await cell.lasting("qianfan")
    assert (fault.value.code, fault.value.retry_after) == ("token_unavailable", 25.0)


async def test_an_issuer_that_never_answers(world: World) -> None:
    cell = world.cell()
    world.logins.gate.clear()
    with pytest.raises(Fault) as fault:
        await cell.lasting("qianfan", deadline=0.0)
    assert fault.value.code == "token_unavailable"
    world.logins.gate.set()
    await landed()


async def test_a_static_one_lasts(world: World) -> None:
    assert (await world.static().lasting("key")).value == "key"
