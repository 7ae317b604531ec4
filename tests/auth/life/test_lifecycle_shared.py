"""What other processes do to a cell: their tokens, their deaths, their logins."""

from __future__ import annotations

import pytest

from proxy.auth.life.lifecycle import Answer, Lifecycle, State, Terms
from proxy.auth.token import Minted, Token
from proxy.errors import FailureClass, IssuerError
from proxy.values.now import Now

AT = Now(1000.0, 1_700_000_000.0)


def life(terms: Terms | None = None) -> Lifecycle:
    return Lifecycle(terms or Terms(), lambda: 0.5)


def later(seconds: float) -> Now:
    return Now(AT.boot + seconds, AT.wall + seconds)


def token(generation: int, lifetime: float = 80.0) -> Token:
    return Token(generation, "theirs", AT, later(lifetime), 20.0, 10.0)


def test_a_draft_is_what_will_be_minted_and_changes_nothing() -> None:
    here = life()
    draft = here.draft(AT, Minted("t", 80.0, refresh_token="r"), floor=4)
    assert (here.token, here.generation) == (None, 0)
    assert here.minted(AT, AT, Minted("t", 80.0, refresh_token="r"), floor=4) == draft
    assert here.generation == 5


@pytest.mark.parametrize("failure", list(FailureClass))
def test_an_adopted_token_ends_every_failure(failure: FailureClass) -> None:
    here = life()
    here.failed(AT, IssuerError(failure, "no"))
    here.adopted(token(7))
    assert (here.state(AT), here.generation, here.mints) == (State.FRESH, 7, 0)
    assert here.ask(AT) is Answer.USE
    assert here.refuse(AT, 6) is Answer.USE
    assert here.refuse(AT, 7) is Answer.WAIT


def test_a_flight_of_ours_goes_on_when_a_token_is_adopted() -> None:
    """It may be too old to rest on, and whoever waits must not be told that nothing is under way."""
    here = life(Terms(min_interval=100.0))
    here.launched()
    here.adopted(token(7))
    assert here.flying
    assert here.ask(later(75)) is Answer.WAIT
    assert here.ask(later(81)) is Answer.WAIT
    here.landed()
    assert here.ask(later(81)) is Answer.FAIL


def test_the_least_time_between_two_mints_counts_from_the_others_too() -> None:
    here = life(Terms(min_interval=30.0))
    here.adopted(token(7))
    assert here.refuse(later(29), 7) is Answer.FAIL
    assert here.refuse(later(30), 7) is Answer.WAIT


def test_a_death_declared_elsewhere_counts_here() -> None:
    here = life()
    here.minted(AT, AT, Minted("t", 80.0))
    here.overtaken(2)
    assert (here.state(AT), here.generation) == (State.REFUSED, 2)
    assert here.ask(AT) is Answer.WAIT
    assert here.refuse(AT, 1) is Answer.WAIT
    here.minted(AT, AT, Minted("u", 80.0))
    assert (here.state(AT), here.generation) == (State.FRESH, 3)


def test_a_login_elsewhere_ends_the_need_for_one() -> None:
    here = life()
    here.failed(AT, IssuerError(FailureClass.LOGIN, "no"))
    assert here.ask(AT) is Answer.FAIL
    here.overtaken(1)
    assert (here.state(AT), here.ask(AT)) == (State.EMPTY, Answer.WAIT)


def test_exclusive_tokens_are_not_replaced_before_they_have_to_be() -> None:
    here = life(Terms(exclusive=True))
    here.minted(AT, AT, Minted("t", 80.0))
    asked = {second: here.ask(later(second)) for second in range(80)}
    assert Answer.USE_AND_REFRESH not in asked.values()
    assert asked[69] is Answer.USE
