"""A route in service, in front of a cell that is played: what it does about a refusal, and what outlives a config."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import pytest

from proxy.auth.life.lifecycle import Lifecycle, Terms
from proxy.auth.token import Token
from proxy.errors import Fault
from proxy.plan.route import nowhere
from proxy.serve.lane import Lane, Renew, Skip
from proxy.tokens.cell import Cell
from tests.serve.requests import NOW, route
from tests.tokens.cells import World

T = TypeVar("T")


class Played:
    """As much of a cell as a lane asks for. Its issuer has `tokens` newer ones."""

    def __init__(self, tokens: int = 1) -> None:
        self.life = Lifecycle(Terms(), lambda: 0.5)
        self.life.generation = 1
        self.sharing = World().cell().sharing
        self.replays = 0
        self.later: list[int] = []
        self._left = tokens

    async def renew(self, generation: int) -> Token | None:
        if generation < self.life.generation:
            return token(self.life.generation)
        if not self._left:
            return None
        self._left -= 1
        self.life.generation += 1
        return token(self.life.generation)

    def renew_later(self, generation: int) -> bool:
        self.later.append(generation)
        return True


def token(generation: int) -> Token:
    return Token(generation, f"token-{generation}", NOW, NOW, 0.0, 0.0)


def lane(cell: Played) -> Lane:
    return Lane(route(), cast("Cell", cell))


async def refused(on: Lane, generation: int = 1, *replayable: bool) -> Renew | Skip:
    """`replayable`: what is answered each time it is asked; True if nothing is said."""
    answers = list(replayable)
    return await on.refused(token(generation), lambda: answers.pop(0) if answers else True, 1000.0)


async def test_a_refused_token_is_renewed_and_counted() -> None:
    cell = Played()
    on = lane(cell)
    renewed = await refused(on)
    assert isinstance(renewed, Renew)
    assert (renewed.token.generation, cell.replays) == (2, 1)
    await on.replayed(renewed, False, 1000.0)
    proof = cell.sharing.proof
    assert (proof.generation, proof.streak, on.brake.until) == (2, 0, 0.0)


async def test_a_vain_replay_pauses_and_says_so_next_time() -> None:
    cell = Played(tokens=2)
    on = lane(cell)
    renewed = await refused(on)
    assert isinstance(renewed, Renew)
    await on.replayed(renewed, True, 1000.0)
    assert await refused(on, 2) == Skip("paused")
    assert cell.sharing.proof.streak == 3


@pytest.mark.parametrize(
    ("tokens", "replayable", "reason"),
    [(0, (True,), "token_unavailable"), (1, (False,), "body_too_large"), (1, (True, False), "body_too_large")],
)
async def test_why_there_is_no_replay(tokens: int, replayable: tuple[bool, ...], reason: str) -> None:
    cell = Played(tokens)
    assert await refused(lane(cell), 1, *replayable) == Skip(reason)
    assert cell.replays == 0
    assert cell.later == ([1] if replayable == (False,) else []), "renewed all the same, for the next call"


async def test_an_old_token_is_replayed_with_the_one_that_is_there() -> None:
    cell = Played(tokens=0)
    cell.life.generation = 2
    renewed = await refused(lane(cell), 1)
    assert isinstance(renewed, Renew)
    assert renewed.token.generation == 2


def test_the_brake_goes_on_while_the_route_draws_from_the_same_cell() -> None:
    cell = Played()
    before = lane(cell)
    assert lane(cell).brake is before.brake
    assert lane(Played()).brake is not before.brake


async def test_before_a_streak_lifts_a_pause_who_shares_the_cell_may_object() -> None:
    cell, objections = Played(tokens=3), []

    class Shared:
        """The proof is shared with one who objects the first time."""

        shared = True
        proof = cell.sharing.proof

        async def tell(self, step: Callable[[], T]) -> T:
            return step()

        async def objections(self) -> None:
            objections.append(self.proof.streak)
            self.proof.streak = 0 if len(objections) == 1 else self.proof.streak

    cell.sharing = cast("Any", Shared())
    on = lane(cell)
    renewed = await refused(on)
    assert isinstance(renewed, Renew)
    await on.replayed(renewed, True, 1000.0)
    cell.sharing.proof.generation = 2
    assert await refused(on, 2) == Skip("paused")
    assert (objections, cell.sharing.proof.streak) == ([2], 1)
    assert await refused(on, 2) == Skip("paused")
    assert isinstance(await refused(on, 2), Renew)
    assert objections == [2, 2]


async def test_a_route_without_a_credential_waits_for_none() -> None:
    none = Lane(nowhere(), None)
    assert none.ready(NOW) is None
    assert await none.token() is None
    assert isinstance(await refused(none), Skip)


async def test_a_route_whose_provider_sleeps_says_what_is_missing() -> None:
    plan: Any = route()
    with pytest.raises(Fault) as asleep:
        await Lane(plan, None).token()
    assert asleep.value.code == "provider_unconfigured"
