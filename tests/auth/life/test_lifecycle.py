from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from proxy.auth.life.lifecycle import ON_ASK, Answer, State
from proxy.auth.token import Minted, Token
from proxy.errors import FailureClass, IssuerError
from proxy.values.now import Now
from tests.auth.life.story import (
    CREDENTIAL,
    FAIL,
    LOGIN,
    PASSING,
    TICK,
    USE,
    USE_AND_REFRESH,
    WAIT,
    WALL,
    Story,
)

EAGER = 0.001
"""A `refresh_in` that makes tokens stale five seconds after their mint, or at half of a life below ten."""
ETERNAL = Token.eternal("key", Now(0, WALL))

# ------------------------------------------------------------------ states


@pytest.mark.parametrize(
    ("at", "state"),
    [
        (0, State.FRESH),
        (60 - TICK, State.FRESH),
        (60, State.STALE),  # 20 s are left: soft
        (70 - TICK, State.STALE),
        (70, State.DUE),  # 10 s are left: hard
        (80 - TICK, State.DUE),
        (80, State.EXPIRED),
        (80 + TICK, State.EXPIRED),
    ],
)
def test_states_change_exactly_at_their_edges(at: float, state: State) -> None:
    Story().mints(80).at(at).state(state).asks(ON_ASK[state][0])


STATES: dict[State, Callable[[], Story]] = {
    State.STATIC: lambda: Story(token=ETERNAL),
    State.EMPTY: Story,
    State.FRESH: lambda: Story().mints(80),
    State.STALE: lambda: Story().mints(80).at(60),
    State.DUE: lambda: Story().mints(80).at(70),
    State.EXPIRED: lambda: Story().mints(80).at(80),
    State.REFUSED: lambda: Story().mints(80).refuses(1, WAIT),
}
ANSWERS = {
    State.STATIC: (USE, USE, USE),
    State.EMPTY: (WAIT, WAIT, FAIL),
    State.FRESH: (USE, USE, USE),
    State.STALE: (USE_AND_REFRESH, USE_AND_REFRESH, USE),
    State.DUE: (WAIT, WAIT, USE),
    State.EXPIRED: (WAIT, WAIT, FAIL),
    State.REFUSED: (WAIT, WAIT, FAIL),
}


@pytest.mark.parametrize("state", STATES)
def test_each_state_with_a_flight_possible_under_way_or_forbidden(state: State) -> None:
    possible, under_way, forbidden = ANSWERS[state]
    STATES[state]().state(state).asks(possible)
    STATES[state]().launches().state(state).asks(under_way)
    STATES[state]().fails().asks(forbidden)


@pytest.mark.parametrize("dead", [State.EMPTY, State.EXPIRED, State.REFUSED])
@pytest.mark.parametrize(
    ("failure", "state", "again", "code"),
    [
        (PASSING, State.BACKING_OFF, WAIT, "token_unavailable"),
        (CREDENTIAL, State.LATCHED, WAIT, "credential_refused"),
        (LOGIN, State.LOGIN_REQUIRED, FAIL, "login_required"),
    ],
)
def test_each_failure_without_a_token(
    dead: State, failure: FailureClass, state: State, again: Answer, code: str
) -> None:
    story = STATES[dead]().fails(failure).state(state).asks(FAIL).denies(code)
    story.at(story.boot + 3600).asks(again)


@pytest.mark.parametrize("failure", FailureClass)
@pytest.mark.parametrize("alive", [State.FRESH, State.STALE, State.DUE])
def test_trap_12_whatever_failed_a_live_token_serves_until_it_dies(alive: State, failure: FailureClass) -> None:
    STATES[alive]().fails(failure, retry_after=3600).state(alive).asks(USE).at(80 - TICK).asks(USE).at(80).asks(FAIL)


def test_every_state_has_its_row() -> None:
    assert set(ON_ASK) == set(State)


@pytest.mark.parametrize(("at", "patience"), [(70, 5), (79, 0.5), (80, math.inf), (81, math.inf)])
def test_trap_12_patience_ends_well_before_a_live_token_does(at: float, patience: float) -> None:
    story = Story().mints(80).at(at)
    assert story.life.patience(story.now) == patience
    assert story.refuses(1, WAIT).life.patience(story.now) == math.inf
    assert Story().life.patience(story.now) == math.inf


# ------------------------------------------------------------------ back-off


def test_trap_04_passing_failures_back_off_and_success_resets() -> None:
    story = Story(draw=0.0)
    for pause in (0.25, 0.5, 1, 2, 4, 8, 16, 30, 30):
        story.asks(WAIT).fails().waits(pause).asks(FAIL).denies("token_unavailable", pause)
        story.at(story.boot + pause - TICK).asks(FAIL).at(story.boot + TICK)
    story.asks(WAIT).mints(80).asks(USE)
    story.at(story.boot + 80).asks(WAIT).fails().waits(0.25)


def test_trap_14_retry_after_is_kept_up_to_an_hour() -> None:
    Story().fails(retry_after=17).waits(17).denies("token_unavailable", 17)
    Story().fails(retry_after=99999).waits(3600)


def test_trap_17_a_wrong_credential_costs_one_probe_per_period() -> None:
    story = Story()
    for pause in (60, 120, 240, 480, 900, 900):
        story.asks(WAIT).fails(CREDENTIAL).state(State.LATCHED).waits(pause).denies("credential_refused", pause)
        story.at(story.boot + pause - TICK).asks(FAIL).at(story.boot + TICK)


def test_another_class_of_failure_starts_its_own_series() -> None:
    Story(draw=0.0).fails().at(1).fails().waits(0.5).at(2).fails(CREDENTIAL).waits(60).at(62).fails().waits(0.25)


def test_trap_14_a_login_that_is_needed_is_never_tried_again() -> None:
    story = Story().mints(80).at(80).fails(LOGIN).state(State.LOGIN_REQUIRED).denies("login_required", None)
    story.at(1e9).asks(FAIL).refuses(1, FAIL)
    story.is_expired().asks(FAIL).refuses(1, FAIL).state(State.LOGIN_REQUIRED)


def test_a_login_needed_beside_a_live_token_survives_an_operator_who_kills_it() -> None:
    Story().mints(80).at(60).fails(LOGIN).asks(USE).is_expired().asks(FAIL).refuses(1, FAIL).denies(
        "login_required", None
    )


@pytest.mark.parametrize("failure", FailureClass)
def test_clearing_forgets_pauses_and_their_series(failure: FailureClass) -> None:
    story = Story(draw=0.0).fails(failure).fails(failure).is_cleared().state(State.EMPTY).asks(WAIT).waits(None)
    assert story.life.failure is None
    story.fails().waits(0.25)


def test_clearing_keeps_the_token() -> None:
    Story().mints(80).at(60).fails(CREDENTIAL).asks(USE).is_cleared().asks(USE_AND_REFRESH)


# ------------------------------------------------------------------ refusals


def test_trap_02_a_late_refusal_of_an_older_generation_voids_nothing() -> None:
    Story().mints().mints().refuses(1, USE).state(State.FRESH).refuses(2, WAIT).state(State.REFUSED)


def test_a_late_refusal_waits_where_a_request_would() -> None:
    Story().mints().mints().at(75).refuses(1, WAIT).state(State.DUE)
    Story().mints().mints().refuses(2, WAIT).refuses(1, WAIT)


def test_trap_02_many_refusals_of_one_generation_need_one_flight() -> None:
    story = Story().mints().refuses(1, WAIT).launches()
    for _ in range(50):
        story.refuses(1, WAIT)
    story.mints().refuses(1, USE).state(State.FRESH)
    assert story.life.mints == 2


def test_a_refusal_joins_the_refresh_that_is_under_way() -> None:
    Story().mints().at(60).launches().refuses(1, WAIT).state(State.REFUSED).mints().state(State.FRESH)


def test_a_refused_token_stays_dead_while_the_forced_flight_fails() -> None:
    Story(draw=0.0).mints().refuses(1, WAIT).fails().asks(FAIL).denies("token_unavailable").at(0.25).asks(WAIT)


def test_while_no_flight_may_start_a_refusal_does_not_mark_the_token() -> None:
    Story(draw=0.0).mints().at(60).fails().refuses(1, FAIL).asks(USE).at(60.25).refuses(1, WAIT).state(State.REFUSED)
    Story(min_interval=10).mints().refuses(1, FAIL).state(State.FRESH).at(10).refuses(1, WAIT)


def test_a_static_credential_is_never_replaced() -> None:
    story = Story(token=ETERNAL).refuses(1, FAIL).state(State.STATIC).is_expired().asks(USE)
    story.at(1e12).wall_jumps(1e12).asks(USE)


def test_a_killed_token_is_replaced_at_once() -> None:
    Story(min_interval=100).mints().is_expired().state(State.REFUSED).asks(WAIT).mints().asks(USE)
    Story().is_expired().state(State.EMPTY)


# ------------------------------------------------------------------ mints


def test_life_counts_from_when_the_request_was_sent() -> None:
    story = Story().launches()
    token = story.life.minted(Now(0, WALL), Now(15, WALL + 15), Minted("t", 80.0))
    assert (token.minted, token.expires) == (Now(0, WALL), Now(80, WALL + 80))
    story.at(80).state(State.EXPIRED)


def test_trap_09_a_token_dead_on_arrival_is_a_failure() -> None:
    story = Story(draw=0.0).launches()
    for pause in (0.25, 0.5, 1.0):
        sent = story.now
        story.at(story.boot + 1)
        with pytest.raises(IssuerError, match="dead before it arrived") as caught:
            story.life.minted(sent, story.now, Minted("t", 1.0))
        story.life.failed(story.now, caught.value)
        story.state(State.BACKING_OFF).waits(pause).denies("token_unavailable")
        story.at(story.boot + pause).launches()


def test_a_dead_token_does_not_get_round_min_interval() -> None:
    story = Story(min_interval=100, draw=0.0).launches()
    with pytest.raises(IssuerError) as caught:
        story.life.minted(Now(0, WALL), Now(2, WALL + 2), Minted("t", 1.0))
    story.at(2).life.failed(story.now, caught.value)
    story.waits(98)


def test_min_interval_counts_from_the_request() -> None:
    story = Story(min_interval=100).launches()
    story.life.minted(Now(0, WALL), Now(10, WALL + 10), Minted("t", 80.0))
    story.at(70).asks(USE).at(80).asks(FAIL).denies("token_unavailable", 20).at(100).asks(WAIT)


@pytest.mark.parametrize(("left", "rest"), [(80, 40), (20, 10), (10, 5), (8, 5), (4, 4), (1, 1)])
def test_trap_11_the_rest_is_half_of_what_is_left_and_ends_with_the_token(left: float, rest: float) -> None:
    """`at(left)` is the token's death: never do requests fail for a rest that outlives the token."""
    story = Story().mints(80, "same").mints(left, "same", refresh_in=EAGER)
    flights = [at for at in (rest - TICK, rest) if story.at(at).life.ask(story.now) in (WAIT, USE_AND_REFRESH)]
    assert flights == [rest]
    story.at(left).asks(WAIT)


def test_the_same_token_again_is_refused_at_most_every_five_seconds() -> None:
    Story().mints(8000, "same").refuses(1, WAIT).mints(8000, "same").at(5 - TICK).refuses(2, FAIL).at(5).refuses(
        2, WAIT
    )


def test_no_later_expiry_rests_the_refresh_but_believes_a_refusal() -> None:
    story = Story().mints(80).at(40).mints(40.5, refresh_in=EAGER)
    story.at(50).state(State.STALE).asks(USE).at(60.25 - TICK).asks(USE).at(60.25).asks(USE_AND_REFRESH)
    Story().mints(80).mints(80).refuses(2, WAIT)


def test_a_rest_does_not_outlive_its_token_when_the_wall_clock_jumps() -> None:
    Story().mints(8000, "same").at(10).mints(8000, "same").at(15).wall_jumps(8000).state(State.EXPIRED).asks(WAIT)


def test_progress_is_judged_by_the_clock_that_does_not_jump() -> None:
    story = Story().mints(80).at(50).wall_jumps(-3600).mints(80, refresh_in=EAGER)
    story.at(55 - TICK).asks(USE).at(55).asks(USE_AND_REFRESH)


def test_trap_16_a_reply_without_a_refresh_token_keeps_the_old_one() -> None:
    story = Story().mints(refresh_token="r1").mints()
    assert story.life.token is not None
    assert story.life.token.refresh_token == "r1"
    story.mints(refresh_token="r2")
    assert story.life.token.refresh_token == "r2"


# ------------------------------------------------------------------ clocks


@pytest.mark.parametrize(
    ("boot", "jump", "state"),
    [
        (10, 50, State.STALE),
        (10, 60, State.DUE),
        (10, 70, State.EXPIRED),
        (10, 3600, State.EXPIRED),
        (79, -3600, State.DUE),  # set back: what counts suspend knows better
        (80, -3600, State.EXPIRED),
        (3600, -3600, State.EXPIRED),  # the laptop slept for an hour, and woke with its old time
    ],
)
def test_trap_10_clocks_that_jump_never_lengthen_a_life(boot: float, jump: float, state: State) -> None:
    Story().mints(80).at(boot).wall_jumps(jump).state(state).asks(ON_ASK[state][0])


def test_trap_10_a_wall_clock_that_was_wrong_at_the_mint_costs_one_more_mint() -> None:
    Story().wall_jumps(-WALL).mints(80).wall_jumps(WALL).asks(WAIT).mints(80).asks(USE)


def test_back_off_does_not_follow_the_wall_clock() -> None:
    Story(draw=0.0).fails(retry_after=60).wall_jumps(3600).asks(FAIL).wall_jumps(-7200).at(60).asks(WAIT)


# ------------------------------------------------------------------ flights


def test_a_caller_whose_patience_ends_first_is_told_so() -> None:
    story = Story().launches().denies("token_unavailable", 1.0)
    assert "not answered" in story.life.fault(story.now, "qianfan").detail


def test_a_cancelled_flight_says_nothing_of_the_issuer() -> None:
    story = Story().launches()
    story.life.landed()
    story.state(State.EMPTY).asks(WAIT).denies("token_unavailable", 1.0)


def test_trap_09_a_short_life_is_minted_once_per_life() -> None:
    """A request every tenth of a second for a minute; the flight takes no time."""
    story = Story(draw=0.5)
    for tenth in range(600):
        story.at(tenth / 10)
        if story.life.ask(story.now) is not USE:
            story.mints(1.0)
    assert 60 <= story.life.mints <= 100


def test_the_stores_return_lifts_its_own_pause_and_no_other() -> None:
    story = Story(min_interval=50).mints(80).at(65).fails_for_the_store().waits(0.25)
    story.life.store_back()
    story.waits(None).state(State.STALE)
    story = Story(min_interval=50).mints(80).at(10).fails_for_the_store()
    story.life.store_back()
    story.waits(40)
    story = Story(draw=1.0).fails()
    story.life.store_back()
    story.waits(0.5)
