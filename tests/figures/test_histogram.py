"""Buckets, and what is estimated from them."""

from __future__ import annotations

from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.figures.histogram import API, OWN, Histogram, median


@pytest.mark.parametrize("bounds", [API, OWN])
def test_bounds_rise(bounds: tuple[float, ...]) -> None:
    assert list(bounds) == sorted(set(bounds))


@given(st.lists(st.floats(min_value=0.0, max_value=1000.0), max_size=50))
def test_each_falls_under_its_bound(seconds: list[float]) -> None:
    histogram = Histogram(API)
    for one in seconds:
        histogram.add(one)
    for place, bound in enumerate(API):
        assert sum(histogram.counts[: place + 1]) == sum(one <= bound for one in seconds)
    assert sum(histogram.counts) == len(seconds)
    assert histogram.sum == pytest.approx(sum(seconds))


@given(st.lists(st.floats(min_value=0.0, max_value=100.0), min_size=1, max_size=50))
def test_the_median_is_in_the_right_bucket(seconds: list[float]) -> None:
    histogram = Histogram(API)
    for one in seconds:
        histogram.add(one)
    estimate = median(API, histogram.counts)
    assert estimate is not None
    place = bisect_right(API, estimate)
    below = sum(one <= API[place] for one in seconds) if place < len(API) else len(seconds)
    assert below >= len(seconds) / 2


def test_the_median_of_nothing_and_of_what_is_above_all_bounds() -> None:
    assert median(API, [0] * (len(API) + 1)) is None
    assert median(API, [0] * len(API) + [3]) == API[-1]
    assert median((1.0, 2.0), [0, 4, 0]) == 1.5


def test_the_last_example_of_a_bucket_is_shown() -> None:
    histogram = Histogram(API)
    for trace, seconds in (("a", 0.02), ("b", 0.021), ("c", 3.0)):
        histogram.show(seconds, trace, 5.0)
    assert sorted(example.trace for example in histogram.exemplars.values()) == ["b", "c"]
