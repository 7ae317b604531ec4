"""Flights that fail: who waits how long, what is tried again, and what that costs the issuer."""

from __future__ import annotations

import asyncio

import pytest

from proxy.auth.token import Minted
from proxy.errors import Fault, IssuerError
from tests.tokens.cells import LOGIN, SOON, Scheme, World, broken, code, down, generation, wrong

# ------------------------------------------------------------------ deadlines


async def test_a_caller_has_a_deadline_of_its_own_and_the_flight_goes_on(world: World) -> None:
    cell = world.cell()
    impatient, patient = await world.held(cell.token("qianfan", SOON), cell.token("qianfan"))
    with pytest.raises(Fault, match="has not answered yet") as caught:
        await impatient
    assert (code(caught.value), caught.value.retry_after) == ("token_unavailable", 1.0)
    world.logins.gate.set()
    assert generation(await patient) == 1
    assert world.logins.calls == 1


async def test_a_refused_caller_has_a_deadline_too(world: World) -> None:
    cell = world.cell()
    await cell.token("qianfan")
    (impatient,) = await world.held(cell.renew(1, SOON))
    assert await impatient is None
    world.logins.gate.set()
    assert generation(await cell.token("qianfan")) == 2


async def test_a_due_token_serves_when_the_deadline_comes_first(world: World) -> None:
    cell = world.cell()
    old = await cell.token("qianfan")
    world.clock.pass_(75)
    (impatient,) = await world.held(cell.token("qianfan", SOON))
    assert await impatient is old
    world.logins.gate.set()


async def test_a_flight_has_a_timeout_of_its_own() -> None:
    world = World(flight_timeout=SOON)
    cell = world.cell()
    world.logins.gate.clear()
    with pytest.raises(Fault, match="token_unavailable"):
        await cell.token("qianfan")
    assert cell.life.failure is not None
    assert cell.life.failure.message == "the issuer took too long"
    assert not cell.life.flying
    world.logins.gate.set()
    world.clock.pass_(1)
    await cell.token("qianfan")


# ------------------------------------------------------------------ tries


@pytest.mark.parametrize(("draw", "pauses"), [(0.0, [0.9, 1.8]), (0.5, [1.0, 2.0]), (1.0, [1.1, 2.2])])
async def test_a_flight_tries_three_times(world: World, draw: float, pauses: list[float]) -> None:
    world.draw = draw
    world.logins.script = [down(), down()]
    assert generation(await world.cell().token("qianfan")) == 1
    assert (world.logins.calls, world.pauses) == (3, pytest.approx(pauses))


async def test_each_try_counts_life_from_its_own_request(world: World) -> None:
    scheme = Scheme()
    world.logins.script = [down()]
    token = await world.cell(scheme=scheme).token("qianfan")
    assert token.minted.boot == 1001.0
    assert [wall for wall, _ in scheme.sent] == [1_700_000_000.0, 1_700_000_001.0]


async def test_trap_13_a_reply_that_is_no_token_ends_the_flight_but_not_the_cell(world: World) -> None:
    cell = world.cell()
    world.logins.script = [broken()]
    with pytest.raises(Fault, match="token_unavailable"):
        await cell.token("qianfan")
    assert (world.logins.calls, world.pauses) == (1, [])
    world.clock.pass_(1)
    await cell.token("qianfan")


async def test_trap_14_retry_after_is_obeyed_within_a_flight(world: World) -> None:
    world.logins.script = [down(retry_after=5.0), down(retry_after=0.1)]
    await world.cell().token("qianfan")
    assert world.pauses == [5.0, 2.0]


async def test_trap_14_a_long_retry_after_ends_the_flight_and_keeps_the_next_away(world: World) -> None:
    cell = world.cell()
    world.logins.script = [down(retry_after=120.0)]
    with pytest.raises(Fault) as caught:
        await cell.token("qianfan")
    assert (caught.value.retry_after, world.logins.calls) == (120.0, 1)
    world.clock.pass_(119.9)
    with pytest.raises(Fault):
        await cell.token("qianfan")
    assert world.logins.calls == 1, "asking again would extend the ban"
    world.clock.pass_(0.1)
    await cell.token("qianfan")


@pytest.mark.parametrize(
    ("error", "fault"),
    [(wrong(), "credential_refused"), (IssuerError(LOGIN, "no", error="invalid_grant"), "login_required")],
)
async def test_trap_14_a_refused_credential_is_not_tried_again(world: World, error: IssuerError, fault: str) -> None:
    cell = world.cell()
    world.logins.script = [error]
    for _ in range(10):
        with pytest.raises(Fault) as caught:
            await cell.token("qianfan")
        assert code(caught.value) == fault
        world.clock.pass_(5.9)
    assert (world.logins.calls, world.pauses) == (1, [])


async def test_what_may_be_sent_only_once_is_sent_once(world: World) -> None:
    scheme = Scheme(one_shot=True)
    cell = world.cell(scheme=scheme)
    world.logins.script = [Minted("t", 80.0, refresh_token="r1"), down()]
    await cell.token("qianfan")
    world.clock.pass_(80)
    with pytest.raises(Fault, match="token_unavailable"):
        await cell.token("qianfan")
    assert [refresh_token for _, refresh_token in scheme.sent] == [None, "r1"]
    assert world.pauses == []


# ------------------------------------------------------------------ quotas


async def test_trap_17_a_bad_credential_does_not_burn_the_quota(world: World) -> None:
    """A day of a request every ten seconds: at most a call per quarter of an hour, after the first few."""
    cell = world.cell()
    world.logins.script = [wrong()] * 1000
    for _ in range(24 * 360):
        with pytest.raises(Fault, match="credential_refused"):
            await cell.token("qianfan")
        world.clock.pass_(10)
    assert world.logins.calls <= 24 * 4 + 4


async def test_trap_17_min_interval_bounds_mints_whoever_refuses(world: World) -> None:
    cell = world.cell(min_interval=60.0)
    token = await cell.token("qianfan")
    for _ in range(59):
        world.clock.pass_(1)
        assert await cell.renew(token.generation) is None
        assert await cell.token("qianfan") is token
    world.clock.pass_(1)
    assert generation(await cell.renew(token.generation)) == 2
    assert world.logins.calls == 2


async def test_unused_cells_cost_nothing(world: World) -> None:
    cell = world.cell()
    await cell.token("qianfan")
    before = asyncio.all_tasks()
    world.clock.pass_(1e6)
    assert asyncio.all_tasks() == before
    assert world.logins.calls == 1
