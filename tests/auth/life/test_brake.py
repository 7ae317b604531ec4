from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.life.brake import Brake


class Route:
    """A route with its brake, in front of a cell whose issuer always mints at once, as a lane joins them."""

    def __init__(self) -> None:
        self.brake = Brake()
        self.boot = 1000.0
        self.generation = 1
        self.proven = 0
        self.streak = 0
        self.forced = 0

    def good(self) -> None:
        """A call that the API accepts."""
        self.streak, self.proven = 0, self.generation
        if self.brake.unsettled:
            self.brake.settled(self.generation)

    def refused(self, *, replay_is_good: bool = False, replayable: bool = True) -> bool:
        """A call that the API refuses, and its replay too unless `replay_is_good`. True if it cost a mint."""
        self.streak += 1
        if not self.brake.permits(self.boot, self.generation, self.streak, self.proven == self.generation):
            return False
        self.forced += 1
        self.generation += 1
        if not replayable:
            self.brake.unreplayed(self.generation)
        elif replay_is_good:
            self.good()
            self.brake.useful()
        else:
            self.streak += 1
            self.brake.useless(self.boot, self.generation)
        return True

    def pause(self) -> float:
        """Seconds until a refusal forces a flight again."""
        return self.brake.until - self.boot


@pytest.fixture
def route() -> Route:
    return Route()


def test_a_first_refusal_forces_a_flight(route: Route) -> None:
    assert route.refused(replay_is_good=True)
    assert route.refused(replay_is_good=True)


def test_pauses_begin_at_thirty_seconds_and_double_to_five_minutes(route: Route) -> None:
    for pause in (30.0, 60.0, 120.0, 240.0, 300.0, 300.0):
        assert route.refused()
        assert route.pause() == pause
        route.boot += pause - 0.001
        assert not route.refused()
        route.boot += 0.001


def test_a_useful_flight_resets(route: Route) -> None:
    for _ in range(3):
        assert route.refused()
        route.boot = route.brake.until
    assert route.refused(replay_is_good=True)
    assert route.refused()
    assert route.pause() == 30.0


@pytest.mark.parametrize(("quiet", "pause"), [(300.0, 120.0), (300.001, 30.0)])
def test_time_resets(route: Route, quiet: float, pause: float) -> None:
    for _ in range(2):
        assert route.refused()
        route.boot = route.brake.until
    route.boot += quiet
    assert route.refused()
    assert route.pause() == pytest.approx(pause)


def test_ordinary_acceptances_do_not_reset(route: Route) -> None:
    assert route.refused()
    for _ in range(100):
        route.good()
    assert not route.refused()
    route.boot = route.brake.until
    route.good()
    assert route.refused()
    assert route.pause() == 60.0


def test_good_and_forbidden_calls_in_turn_cost_a_mint_per_pause(route: Route) -> None:
    """Two calls a second for an hour."""
    for _ in range(3600):
        route.good()
        route.refused()
        route.boot += 1
    assert route.forced == pytest.approx(3600 / 300, abs=6)


@given(st.lists(st.sampled_from(["good", "forbidden"]), min_size=200, max_size=400))
def test_no_mix_of_good_and_forbidden_calls_costs_more_than_its_longest_streaks(calls: list[str]) -> None:
    """Within one second, whatever the order: each further mint asks for a streak three times as long."""
    route, streak, longest = Route(), 0, 0
    for call in calls:
        streak = streak + 1 if call == "forbidden" else 0
        longest = max(longest, streak)
        route.good() if call == "good" else route.refused()
    allowed = 1 + sum(1 for lift in (3, 9, 27, 81, 243) if longest + 5 >= lift)
    assert route.forced <= allowed


def test_three_forbidden_calls_between_good_ones_cost_two_mints_and_not_one_each_round(route: Route) -> None:
    for _ in range(100):
        route.good()
        for _ in range(3):
            route.refused()
    assert route.forced == 2


def test_a_pause_is_lifted_by_three_refusals_in_a_row_of_a_proven_generation(route: Route) -> None:
    assert route.refused()
    route.good()
    assert [route.refused(replay_is_good=True) for _ in range(3)] == [False, False, True]
    assert route.refused()
    assert route.pause() == 30.0, "it was useful, so that all is as new"


def test_a_generation_that_was_never_accepted_lifts_nothing(route: Route) -> None:
    assert route.refused()
    assert not any(route.refused() for _ in range(100))


def test_an_acceptance_breaks_the_streak(route: Route) -> None:
    assert route.refused()
    for _ in range(50):
        route.good()
        assert not route.refused()
        assert not route.refused()


def test_a_token_that_dies_during_a_pause_after_a_vain_lift_is_replaced_all_the_same(route: Route) -> None:
    assert route.refused()
    route.good()
    assert [route.refused() for _ in range(3)] == [False, False, True]
    assert route.pause() == 60.0
    route.good()
    assert [route.refused(replay_is_good=True) for _ in range(9)] == [False] * 8 + [True]


def test_parallel_replays_that_are_refused_count_once(route: Route) -> None:
    for _ in range(50):
        route.brake.useless(route.boot, 2)
    assert route.pause() == 30.0


def test_routes_do_not_share_a_brake(route: Route) -> None:
    assert route.refused()
    assert Route().refused()


# ------------------------------------------------------------------ flights for calls that can't be replayed


def test_trap_30_what_an_unreplayed_flight_brought_and_is_refused_pauses_and_doubles(route: Route) -> None:
    for pause in (30.0, 60.0, 120.0):
        assert route.refused(replayable=False)
        assert not route.refused(replayable=False)
        assert route.pause() == pause
        route.boot = route.brake.until


def test_trap_30_good_calls_between_do_not_make_each_large_forbidden_one_cost_a_mint(route: Route) -> None:
    for _ in range(3600):
        route.good()
        route.refused(replayable=False)
        route.boot += 1
    assert route.forced <= 2 * 3600 / 30  # the first of each pair may be the token's end, the second not so soon


def test_trap_30_one_large_refusal_does_not_pause_the_route(route: Route) -> None:
    """The token really died: after the renewal another death is believed at once."""
    route.refused(replayable=False)
    route.good()
    route.boot += 1
    route.refused()
    assert route.forced == 2


def test_trap_02_refusals_of_the_old_generation_join_an_unreplayed_flight() -> None:
    brake = Brake()
    assert brake.permits(1000.0, 1, 1, True)
    brake.unreplayed(2)
    assert all(brake.permits(1000.0, 1, streak, True) for streak in range(2, 50))
    brake.useful()
    assert brake.permits(1000.0, 2, 1, True)


def test_a_replay_beside_it_settles_an_unreplayed_flight(route: Route) -> None:
    assert route.refused(replayable=False)
    route.brake.useful()
    assert (route.brake.unsettled, route.brake.until) == (0, 0.0)


def test_an_accepted_unreplayed_flight_is_not_held_against_the_route(route: Route) -> None:
    assert route.refused(replayable=False)
    route.good()
    route.boot += 30
    assert route.refused()
    assert route.pause() == 30.0


def test_another_generation_settles_nothing(route: Route) -> None:
    route.brake.unreplayed(5)
    route.brake.settled(4)
    assert route.brake.unsettled == 5
