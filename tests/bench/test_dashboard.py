"""The ratio that the dashboard's bench prints."""

from __future__ import annotations

import os
import time

import pytest

from bench.dashboard import PAIRS, Interval, cpu_seconds


def test_equal_pairs_are_no_difference_and_scatter_is_told() -> None:
    assert Interval.of([1.0] * PAIRS) == (1.0, 1.0, 1.0)
    low, high = 0.9, 1 / 0.9
    ratio = Interval.of([low, high] * (PAIRS // 2))
    assert ratio.middle == pytest.approx(1.0)
    assert low < ratio.low < 1.0 < ratio.high < high
    assert Interval.of([1.2, 1.2001] * (PAIRS // 2)).low > 1.19


def test_cpu_is_read_finer_than_in_ticks() -> None:
    before = cpu_seconds(os.getpid())
    deadline = time.monotonic() + 10
    while cpu_seconds(os.getpid()) == before:
        assert time.monotonic() < deadline
    assert cpu_seconds(os.getpid()) > before
