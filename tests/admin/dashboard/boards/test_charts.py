"""Small charts: what happened at all is seen, and they stay short."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.admin.dashboard.boards.charts import HEIGHT, line, mix

NONE = (0, 0, 0, 0, 0)


def test_an_hour_of_nothing_has_no_bars() -> None:
    assert mix([NONE] * 60) == ("", "", "", 0)


def test_a_bar_stands_on_what_is_below_it() -> None:
    made = mix([NONE, (2, 1, 1, 2, 0)])
    assert made == ("M1 24v-12h1v12z", "M1 12v-4h1v4z", "M1 8v-8h1v8z", 6)


def test_one_failure_of_thousands_is_seen() -> None:
    assert mix([(100_000, 0, 0, 1, 0)]).failed == f"M0 {HEIGHT - 24}v-1h1v1z"


@given(st.lists(st.tuples(*[st.integers(0, 10**6)] * 5), min_size=60, max_size=60))
def test_no_chart_is_long(minutes: list[tuple[int, ...]]) -> None:
    made = mix(minutes)
    assert len(made.good + made.refused + made.failed) <= 60 * 3 * 20


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ([], ""),
        ([None, None], ""),
        ([1.0], "M0.5 1h.01"),
        ([None, 0.0, 1.0, None, 0.5], "M1.5 24h.01L2.5 1M4.5 12.5h.01"),
    ],
)
def test_a_line_breaks_where_nothing_was_measured(values: list[float | None], path: str) -> None:
    assert line(values, 1.0) == path
