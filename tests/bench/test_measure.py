import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.measure import Figure, figures, percentile


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([], 50, 0.0), ([7.0], 99, 7.0), ([4, 1, 3, 2], 50, 2), ([4, 1, 3, 2], 99, 4), ([4, 1, 3, 2], 0, 1)],
)
def test_percentile(values: list[float], percent: float, expected: float) -> None:
    assert percentile(values, percent) == expected


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1), st.floats(0, 100))
def test_a_percentile_is_one_of_the_values(values: list[float], percent: float) -> None:
    assert percentile(values, percent) in values


def test_figures_take_each_metric_from_the_samples_that_have_it() -> None:
    found = figures([{"cpu": 3.0}, {"cpu": 1.0, "rps": 5.0}, {"cpu": 2.0}])
    assert found == {"cpu": Figure(2.0, 1.0, 3.0), "rps": Figure(5.0, 5.0, 5.0)}


def test_nothing_is_over_nothing() -> None:
    assert Figure.of([2.0]).over(None) is None
    assert Figure.of([2.0]).over(Figure.of([0.0])) is None
    assert Figure.of([2.0]).over(Figure.of([4.0])) == 0.5
