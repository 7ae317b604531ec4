"""Switches and counters without a server."""

from __future__ import annotations

import asyncio

import pytest

from proxy.sandbox.issuer import KEY, SECRET
from proxy.sandbox.state import RECORDED, Call, State, Switches
from proxy.sandbox.tokens import Standing

from .conftest import Clock


@pytest.fixture
def state(clock: Clock) -> State:
    return State(lifetime=30.0, clock=clock)


def test_the_same_token_is_handed_out_again_until_it_expires(state: State, clock: Clock) -> None:
    first = state.mint("aiob", clock())
    state.reissue_same = True
    state.void()
    assert state.mint("aiob", clock()) is first
    assert state.mint("aiob", clock() + 30).generation == 2
    assert (state.mints["aiob"], state.mints.total()) == (3, 3)


def test_a_new_lifetime_holds_for_the_next_token(state: State, clock: Clock) -> None:
    first = state.mint("aiob", clock())
    state.lifetime = 5.0
    assert state.mint("aiob", clock()).expires == clock() + 5
    assert first.expires == clock() + 30


def test_records_are_bounded_and_counted_all_the_same(state: State) -> None:
    for count in range(RECORDED + 5):
        state.record(Call("aiob", "GET", f"/{count}", (("Authorization", "s3cret"),), Standing.GOOD, 1))
    assert (len(state.requests), state.api_requests) == (RECORDED, RECORDED + 5)
    assert state.requests[0].path == "/5"
    assert "s3cret" not in repr(state.requests[0])


def test_reset_makes_it_as_new(state: State, clock: Clock) -> None:
    token = state.mint("aiob", clock())
    state.lifetime, state.issuer_down, state.broken_reply = 1.0, True, b""
    state.keys["other"] = "other"
    state.gate.clear()
    state.reset()
    assert Switches(**{name: getattr(state, name) for name in vars(Switches())}) == Switches()
    assert (state.keys, state.mints.total(), state.gate.is_set()) == ({KEY: SECRET}, 0, True)
    assert state.ledger.judge("aiob", token.value, clock())[0] is Standing.UNKNOWN


async def test_until_wakes_everyone_whose_condition_holds(state: State, clock: Clock) -> None:
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for wanted in (1, 1, 2):
            group.create_task(state.until(lambda wanted=wanted: state.mints.total() >= wanted))  # type: ignore[misc]
        group.create_task(_mint_twice(state, clock()))
    await state.until(lambda: True)


async def _mint_twice(state: State, now: float) -> None:
    for _ in range(2):
        state.mint("aiob", now)
        state.changed()
