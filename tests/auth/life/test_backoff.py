from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.life.backoff import TRIES, pause, wait_in_flight
from proxy.errors import FailureClass, IssuerError

PASSING, CREDENTIAL, LOGIN = FailureClass.PASSING, FailureClass.CREDENTIAL, FailureClass.LOGIN
draws = st.floats(0, 1, exclude_max=True)


def error(failure: FailureClass = PASSING, retry_after: float | None = None, again: bool = True) -> IssuerError:
    return IssuerError(failure, "no token", retry_after=retry_after, again=again)


@pytest.mark.parametrize(
    ("failure", "draw", "pauses"),
    [
        (PASSING, 1.0, [0.5, 1, 2, 4, 8, 16, 32, 60, 60]),
        (PASSING, 0.0, [0.25, 0.5, 1, 2, 4, 8, 16, 30, 30]),
        (CREDENTIAL, 0.0, [60, 120, 240, 480, 900, 900]),
        (CREDENTIAL, 1.0, [60, 120, 240, 480, 900, 900]),
        (LOGIN, 0.0, [math.inf, math.inf]),
    ],
)
def test_pauses_double_up_to_their_cap(failure: FailureClass, draw: float, pauses: list[float]) -> None:
    assert [pause(error(failure), failures, draw) for failures in range(1, len(pauses) + 1)] == pauses


def test_no_number_of_failures_is_too_many() -> None:
    assert pause(error(), 10**9, 1.0) == 60


@pytest.mark.parametrize(
    ("retry_after", "expected"),
    [(None, 0.5), (0.0, 0.5), (0.1, 0.5), (17.0, 17.0), (3600.0, 3600.0), (3601.0, 3600.0), (1e9, 3600.0)],
)
def test_trap_14_retry_after_is_honoured_up_to_an_hour(retry_after: float | None, expected: float) -> None:
    assert pause(error(retry_after=retry_after), 1, 1.0) == expected


@given(draw=draws, failures=st.integers(1, 100), retry_after=st.none() | st.floats(0, 1e6))
def test_trap_14_no_pause_is_shorter_than_its_floor_or_than_retry_after(
    draw: float, failures: int, retry_after: float | None
) -> None:
    waits = pause(error(retry_after=retry_after), failures, draw)
    assert waits >= min(30.0, 0.25 * 2.0 ** min(failures - 1, 10))
    assert waits <= max(60.0, min(retry_after or 0.0, 3600.0))
    assert retry_after is None or waits >= min(retry_after, 3600.0)


@pytest.mark.parametrize(
    ("tries", "draw", "waits"),
    [(1, 0.0, 0.9), (1, 0.5, 1.0), (1, 1.0, 1.1), (2, 0.0, 1.8), (2, 0.5, 2.0), (2, 1.0, 2.2)],
)
def test_tries_of_a_flight_are_one_and_two_seconds_apart(tries: int, draw: float, waits: float) -> None:
    assert wait_in_flight(error(), tries, draw) == pytest.approx(waits)


def test_a_flight_has_three_tries() -> None:
    assert TRIES == 3
    assert [wait_in_flight(error(), tries, 0.5) is None for tries in (1, 2, 3, 4)] == [False, False, True, True]


def test_what_may_not_be_tried_again_is_not() -> None:
    assert wait_in_flight(error(again=False), 1, 0.5) is None


@pytest.mark.parametrize(
    ("retry_after", "waits"), [(0.0, 1.0), (0.5, 1.0), (3.0, 3.0), (5.0, 5.0), (5.01, None), (60.0, None)]
)
def test_trap_14_retry_after_delays_the_next_try_or_ends_the_flight(retry_after: float, waits: float | None) -> None:
    assert wait_in_flight(error(retry_after=retry_after), 1, 0.5) == waits
