from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.life.margins import Margins, margins

HOUR, DAY = 3600.0, 86400.0
lives = st.floats(0.001, 10 * 365 * DAY)
draws = st.floats(0, 1, exclude_max=True)
maybe_seconds = st.none() | st.floats(0, 400 * DAY)


@pytest.mark.parametrize(
    ("life", "hard", "soft"),
    [
        (1.0, 0.125, 0.25),
        (8.0, 1.0, 2.0),
        (30.0, 3.75, 7.5),
        (80.0, 10.0, 20.0),
        (480.0, 60.0, 120.0),
        (600.0, 60.0, 150.0),
        (1200.0, 60.0, 300.0),
        (HOUR, 60.0, 300.0),
        (DAY, 60.0, 300.0),
        (DAY + 1, 60.0, HOUR),
        (30 * DAY, 60.0, HOUR),
    ],
)
def test_margins_of_each_life(life: float, hard: float, soft: float) -> None:
    assert margins(life, None, None, 0.0) == Margins(hard, soft)


@pytest.mark.parametrize(("life", "jitter"), [(8.0, 0.4), (80.0, 4.0), (HOUR, 60.0), (30 * DAY, 60.0)])
def test_jitter_is_a_fifth_of_soft_or_a_minute(life: float, jitter: float) -> None:
    assert margins(life, None, None, 1.0).soft - margins(life, None, None, 0.0).soft == pytest.approx(jitter)


@pytest.mark.parametrize(
    ("life", "before", "soft"),
    [
        (30 * DAY, DAY, DAY),  # baidu
        (30 * DAY, 20 * DAY, 15 * DAY),
        (HOUR, 600.0, 600.0),
        (HOUR, 1800.0, 1800.0),
        (HOUR, DAY, 1800.0),
        (HOUR, 1.0, 60.0),
        (8.0, 600.0, 4.0),
        (1.0, 600.0, 0.5),
    ],
)
def test_before_replaces_soft_up_to_half_the_life(life: float, before: float, soft: float) -> None:
    assert margins(life, None, before, 0.0).soft == soft


def test_before_is_jittered_too_but_never_beyond_half_the_life() -> None:
    assert margins(30 * DAY, None, DAY, 0.5).soft == DAY + 30
    assert margins(HOUR, None, 1790.0, 0.5).soft == 1800


@pytest.mark.parametrize(
    ("life", "refresh_in", "soft"),
    [
        (DAY, DAY / 2, DAY / 2),
        (HOUR, 600.0, 3000.0),
        (HOUR, 3599.0, 60.0),
        (HOUR, 0.001, 3595.0),
        (8.0, 0.001, 4.0),
        (HOUR, HOUR, 300.0),
        (HOUR, 0.0, 300.0),
        (HOUR, -5.0, 300.0),
    ],
)
def test_the_issuers_wish_comes_first(life: float, refresh_in: float, soft: float) -> None:
    assert margins(life, refresh_in, None, 0.0).soft == soft
    if 0 < refresh_in < life:
        assert margins(life, refresh_in, 1234.0, 0.9).soft == soft


@given(life=lives, draw=draws)
def test_the_defaults_of_any_life(life: float, draw: float) -> None:
    hard, soft = margins(life, None, None, draw)
    base = min(HOUR if life > DAY else 300.0, life / 4)
    assert hard == min(60.0, life / 8)
    assert base <= soft <= base + min(60.0, base / 5)


@given(life=lives, refresh_in=maybe_seconds, before=maybe_seconds, draw=draws)
def test_trap_09_no_margin_eats_the_whole_life(
    life: float, refresh_in: float | None, before: float | None, draw: float
) -> None:
    hard, soft = margins(life, refresh_in, before, draw)
    assert 0 < hard <= soft < life
    assert life - soft >= min(5.0, life / 2) * 0.999
