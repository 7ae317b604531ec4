"""What an API teaches of its patience, and how that is forgotten."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.wire.outbound.idle import IdleLife

SECONDS = st.floats(0, 1e4)


def learnt(*closed: float, now: float = 0.0) -> IdleLife:
    life = IdleLife()
    for idle in closed:
        life.closed(idle, now)
    return life


def test_nothing_is_near_before_anything_was_seen() -> None:
    assert not IdleLife().is_near(1e9, 1.0)


@pytest.mark.parametrize(
    ("closed", "idle", "near"),
    [
        ((5.0,), 3.9, False),
        ((5.0,), 4.1, True),
        ((5.0,), 60.0, True),
        ((5.9, 5.0, 5.5), 4.1, True),
        ((0.5,), 0.1, True),
        ((0.001,), 0.0, True),
    ],
)
def test_the_shortest_life_counts_less_a_margin(closed: tuple[float, ...], idle: float, near: bool) -> None:
    assert learnt(*closed).is_near(idle, 0.5) is near


@pytest.mark.parametrize(("idle", "near"), [(5.9, True), (6.1, False)])
def test_one_that_lives_longer_proves_it_wrong(idle: float, near: bool) -> None:
    life = learnt(5.0)
    life.outlived(idle)
    assert life.is_near(5.0, 1.0) is near


@pytest.mark.parametrize(("closed", "holds"), [(5.0, 300.0), (0.001, 1.0)])
def test_in_time_it_is_forgotten_and_learnt_anew(closed: float, holds: float) -> None:
    life = learnt(closed)
    assert life.is_near(closed, holds - 0.1)
    assert not life.is_near(closed, holds)
    life.closed(9.0, holds)
    assert not life.is_near(7.9, holds)
    assert life.is_near(8.1, holds)


def test_what_is_seen_again_holds_on() -> None:
    life = learnt(5.0)
    life.closed(5.0, 299.0)
    assert life.is_near(5.0, 500.0)


@given(SECONDS, SECONDS)
def test_what_has_just_closed_one_is_near(closed: float, now: float) -> None:
    assert learnt(closed, now=now).is_near(closed, now)
