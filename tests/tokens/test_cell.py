"""One cell: many callers, one flight, and what each of them gets."""

from __future__ import annotations

import asyncio
import io

import pytest

from proxy.auth.life.lifecycle import State
from proxy.auth.token import Minted
from proxy.errors import Fault, IssuerError
from proxy.tokens.cell import FLIGHT_TIMEOUT, LONGEST_WAIT
from tests.tokens.cells import LOGIN, PASSING, SOON, World, broken, code, down, flights, generation, landed, wrong

# ------------------------------------------------------------------ one flight


async def test_trap_01_many_requests_at_expiry_make_one_call(world: World) -> None:
    cell = world.cell()
    for calls in (1, 2):
        tasks = await world.held(*(cell.token("qianfan") for _ in range(50)))
        world.logins.gate.set()
        tokens = await asyncio.gather(*tasks)
        assert world.logins.calls == calls
        assert {id(token) for token in tokens} == {id(cell.life.token)}
        world.clock.pass_(80)


async def test_trap_02_many_refusals_of_one_token_make_one_refresh(world: World) -> None:
    cell = world.cell()
    first = await cell.token("qianfan")
    tasks = await world.held(*(cell.renew(first.generation) for _ in range(50)))
    world.logins.gate.set()
    assert [generation(token) for token in await asyncio.gather(*tasks)] == [2] * 50
    assert world.logins.calls == 2


async def test_trap_02_a_late_refusal_gets_the_newer_token_without_a_mint(world: World) -> None:
    cell = world.cell()
    await cell.token("qianfan")
    await cell.renew(1)
    assert generation(await cell.renew(1)) == 2
    assert not cell.renew_later(1)
    assert world.logins.calls == 2
    assert cell.life.state(world.clock()) is State.FRESH


async def test_a_late_refusal_of_a_token_whose_successor_is_stale_refreshes_in_the_background(world: World) -> None:
    cell = world.cell()
    await cell.token("qianfan")
    await cell.renew(1)
    world.clock.pass_(60)
    assert generation(await cell.renew(1)) == 2
    await landed()
    assert cell.life.generation == 3


async def test_refusals_are_told_by_generation_and_not_by_value(world: World) -> None:
    """docs/lifecycle.md#generations: an issuer that hands the same token out again must not cost N mints in series."""
    cell = world.cell()
    world.logins.script = [Minted("same", 80.0)] * 2
    await cell.token("qianfan")
    tasks = await world.held(*(cell.renew(1) for _ in range(50)))
    world.logins.gate.set()
    await asyncio.gather(*tasks)
    assert await cell.renew(1) is cell.life.token
    assert world.logins.calls == 2


async def test_trap_04_waiters_fail_together_and_at_once(world: World) -> None:
    cell = world.cell()
    world.logins.script = [down()] * 3
    tasks = await world.held(*(cell.token("qianfan") for _ in range(50)))
    world.logins.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert {code(result) for result in results} == {"token_unavailable"}
    assert world.logins.calls == 3, "one flight of three tries, whoever waits"


async def test_trap_04_a_failure_is_neither_repeated_per_request_nor_kept_for_ever(world: World) -> None:
    cell = world.cell()
    world.logins.script = [broken()]
    for _ in range(100):
        with pytest.raises(Fault) as caught:
            await cell.token("qianfan")
        assert caught.value.retry_after == pytest.approx(0.375)
    assert world.logins.calls == 1
    world.clock.pass_(0.375)
    assert generation(await cell.token("qianfan")) == 1


async def test_trap_05_a_failure_releases_the_cell(world: World) -> None:
    cell = world.cell()
    for outcome in (broken(), RuntimeError("a bug"), down(again=False)):
        world.logins.script = [outcome]
        with pytest.raises(Fault):
            await cell.token("qianfan")
        assert not cell.life.flying
        world.clock.pass_(60)
    await cell.token("qianfan")


# ------------------------------------------------------------------ a token's life


async def test_a_fresh_token_costs_no_task_and_no_call(world: World) -> None:
    cell = world.cell()
    token = await cell.token("qianfan")
    before = asyncio.all_tasks()
    for _ in range(100):
        assert cell.life.ready(world.clock()) is token
        assert await cell.token("qianfan") is token
    assert asyncio.all_tasks() == before
    assert world.logins.calls == 1


async def test_a_stale_token_serves_while_one_flight_refreshes_it(world: World) -> None:
    cell = world.cell()
    old = await cell.token("qianfan")
    world.clock.pass_(60)
    world.logins.gate.clear()
    for _ in range(50):
        assert await cell.token("qianfan") is old
    assert len(flights()) == 1
    world.logins.gate.set()
    await landed()
    assert generation(await cell.token("qianfan")) == 2
    assert world.logins.calls == 2


async def test_trap_09_short_lives_are_minted_once_each(world: World) -> None:
    cell = world.cell()
    world.logins.lifetime = 1.0
    for _ in range(200):
        await cell.token("qianfan")
        await landed()
        world.clock.pass_(0.1)
    assert 20 <= world.logins.calls <= 30


async def test_trap_09_tokens_that_are_dead_on_arrival_do_not_cost_a_mint_per_request(world: World) -> None:
    cell = world.cell()

    async def slow(_flow: object) -> Minted:
        world.logins.calls += 1
        world.clock.pass_(2)
        return Minted("dead", 1.0)

    world.logins.login = slow  # type: ignore[method-assign,assignment]  # the fake, not the code under test
    for _ in range(50):
        with pytest.raises(Fault) as caught:
            await cell.token("qianfan")
        assert code(caught.value) == "token_unavailable"
    assert world.logins.calls == 1


async def test_trap_12_a_failing_refresh_serves_on_until_the_end_and_not_after(world: World) -> None:
    cell = world.cell()
    old = await cell.token("qianfan")
    world.logins.script = [down(again=False) for _ in range(80)]
    world.clock.pass_(59.5)
    for _ in range(41):
        assert await cell.token("qianfan") is old
        await landed()
        world.clock.pass_(0.5)
    with pytest.raises(Fault, match="token_unavailable"):
        await cell.token("qianfan")
    assert 5 <= world.logins.calls <= 15


async def test_trap_12_nobody_is_kept_waiting_until_a_live_token_is_dead(world: World) -> None:
    cell = world.cell()
    old = await cell.token("qianfan")
    world.clock.pass_(80 - 2 * SOON)
    (waiting,) = await world.held(cell.token("qianfan"))
    async with asyncio.timeout(5):  # the default deadline is 20 s
        assert await waiting is old
    world.logins.gate.set()


async def test_who_waits_for_a_due_token_that_dies_waits_for_its_successor(world: World) -> None:
    """As when the process stood still for longer than the token had left."""
    cell = world.cell()
    await cell.token("qianfan")
    world.clock.pass_(80 - 2 * SOON)
    waiting = await world.held(*(cell.token("qianfan") for _ in range(20)))
    world.clock.pass_(1)
    await asyncio.sleep(3 * SOON)  # beyond what they would have waited for the old one
    assert not any(task.done() for task in waiting)
    world.logins.gate.set()
    assert {generation(await task) for task in waiting} == {2}
    assert world.logins.calls == 2


async def test_who_waits_for_a_due_token_that_is_refused_waits_for_its_successor(world: World) -> None:
    cell = world.cell()
    await cell.token("qianfan")
    world.clock.pass_(80 - 2 * SOON)
    waiting = await world.held(*(cell.token("qianfan") for _ in range(20)))
    refused = asyncio.ensure_future(cell.renew(1))
    await asyncio.sleep(3 * SOON)
    assert not any(task.done() for task in waiting)
    world.logins.gate.set()
    assert {generation(await task) for task in (*waiting, refused)} == {2}
    assert world.logins.calls == 2


async def test_who_waits_for_a_token_that_dies_has_a_deadline_still(world: World) -> None:
    cell = world.cell()
    await cell.token("qianfan")
    world.clock.pass_(80 - SOON)
    (waiting,) = await world.held(cell.token("qianfan", 4 * SOON))
    world.clock.pass_(1)
    with pytest.raises(Fault, match="has not answered yet"):
        await waiting
    world.logins.gate.set()


async def test_trap_04_who_waited_on_fails_with_the_flight(world: World) -> None:
    cell = world.cell()
    await cell.token("qianfan")
    world.clock.pass_(80 - 2 * SOON)
    world.logins.script = [broken()]
    waiting = await world.held(*(cell.token("qianfan") for _ in range(5)))
    world.clock.pass_(1)
    await asyncio.sleep(3 * SOON)
    world.logins.gate.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert {code(result) for result in results} == {"token_unavailable"}
    assert world.logins.calls == 2


@pytest.mark.parametrize("failure", [down(again=False), wrong(), IssuerError(LOGIN, "no", error="invalid_grant")])
async def test_trap_12_a_due_token_serves_whatever_its_flight_came_to(world: World, failure: IssuerError) -> None:
    cell = world.cell()
    old = await cell.token("qianfan")
    world.clock.pass_(75)
    world.logins.script = [failure]
    assert await cell.token("qianfan") is old
    assert world.logins.calls == 2


async def test_a_refused_token_is_not_sent_while_its_replacement_fails(world: World) -> None:
    cell = world.cell()
    await cell.token("qianfan")
    world.logins.script = [broken()]
    assert await cell.renew(1) is None
    with pytest.raises(Fault, match="token_unavailable"):
        await cell.token("qianfan")
    assert await cell.renew(1) is None
    assert world.logins.calls == 2


async def test_a_call_that_can_not_be_replayed_renews_for_the_next(world: World) -> None:
    cell = world.cell()
    await cell.token("qianfan")
    assert cell.renew_later(1)
    assert cell.renew_later(1), "joined"
    assert len(flights()) == 1
    assert generation(await cell.token("qianfan")) == 2
    assert world.logins.calls == 2


async def test_a_static_credential_is_never_fetched(world: World) -> None:
    cell = world.static()
    assert (await cell.token("key")).value == "key"
    assert await cell.renew(1) is None
    assert not cell.renew_later(1)
    cell.warm()
    await cell.retry()
    assert (world.logins.calls, cell.life.failure) == (0, None)


# ------------------------------------------------------------------ start, operators


async def test_warming_respects_pauses_and_live_tokens(world: World) -> None:
    cell = world.cell()
    world.logins.script = [broken()]
    cell.warm()
    await landed()
    cell.warm()
    assert flights() == []
    world.clock.pass_(1)
    cell.warm()
    await landed()
    cell.warm()
    assert (world.logins.calls, flights()) == (2, [])


async def test_an_operator_clears_a_latch_and_gets_a_token(world: World) -> None:
    cell = world.cell()
    world.logins.script = [wrong()]
    with pytest.raises(Fault):
        await cell.token("qianfan")
    await cell.retry()
    assert cell.life.state(world.clock()) is State.FRESH


async def test_an_operator_renews_a_fresh_token(world: World) -> None:
    cell = world.cell(min_interval=1000.0)
    await cell.token("qianfan")
    await cell.retry()
    assert cell.life.generation == 2


async def test_a_killed_token_is_replaced_by_the_next_request(world: World) -> None:
    cell = world.cell()
    await cell.token("qianfan")
    cell.life.expired()
    assert generation(await cell.token("qianfan")) == 2


# ------------------------------------------------------------------ what goes wrong inside


async def test_trap_26_a_bug_in_a_scheme_is_told_by_its_place_and_without_its_words(
    world: World, log: io.StringIO
) -> None:
    cell = world.cell()
    world.logins.script = [RuntimeError("could not send hush-hush")]
    with pytest.raises(Fault) as caught:
        await cell.token("qianfan")
    assert "hush" not in log.getvalue() + str(caught.value) + str(caught.value.problem())
    assert "RuntimeError at cells.py:" in log.getvalue()
    assert cell.life.failure is not None
    assert cell.life.failure.message.startswith("internal error: RuntimeError at cells.py:")


async def test_mints_and_failures_are_logged(world: World, log: io.StringIO) -> None:
    cell = world.cell("a")
    world.cell("b")
    world.logins.script = [down(retry_after=60)]
    with pytest.raises(Fault):
        await cell.token("a")
    world.clock.pass_(60)
    await cell.token("a")
    failed, minted = log.getvalue().splitlines()
    for part in (
        "token not minted",
        "passing",
        "auth.example did not answer in time",
        "next_attempt_in=60",
        "provider=a,b ",
    ):
        assert part in failed
    for part in ("token minted", "generation=1", "left=80", "seconds="):
        assert part in minted


def test_the_defaults_are_those_of_the_contract() -> None:
    assert LONGEST_WAIT == 20.0
    assert FLIGHT_TIMEOUT > 3 * 15 + 1.1 + 2.2, "three tries of 15 s fit"
    assert PASSING == "passing"


async def test_what_is_odd_about_a_good_reply_is_logged(world: World, log: io.StringIO) -> None:
    wall = world.clock.wall
    world.logins.script = [Minted("t", 300.0, dated=wall - 361, doubt="`expires_in` can't be read as a time")]
    await world.cell().token("qianfan")
    text = log.getvalue()
    assert "`expires_in` can't be read as a time" in text
    assert "the issuer's clock is 360 s behind this machine's" in text
    assert text.count("Z warning ") == 2


async def test_scopes_that_were_not_granted_are_told(world: World, log: io.StringIO) -> None:
    world.logins.script = [Minted("t", 300.0, scope="read", lacks=("write",))]
    await world.cell().token("qianfan")
    assert "fewer scopes granted" in log.getvalue()
    assert "lacks=write" in log.getvalue()


async def test_a_good_reply_without_oddities_is_not_remarked(world: World, log: io.StringIO) -> None:
    world.logins.script = [Minted("t", 300.0, dated=world.clock.wall)]
    await world.cell().token("qianfan")
    assert "warning" not in log.getvalue()
