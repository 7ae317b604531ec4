from __future__ import annotations

import time

from proxy import clock


def test_both_clocks_are_read_at_once() -> None:
    before, wall = time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)), time.time()
    now = clock.now()
    assert 0 <= now.boot - before < 5
    assert 0 <= now.wall - wall < 5


def test_trap_10_boot_time_does_not_go_back() -> None:
    readings = [clock.now().boot for _ in range(100)]
    assert readings == sorted(readings)


def test_draws_are_shares_of_one() -> None:
    draws = [clock.draw() for _ in range(100)]
    assert all(0 <= draw < 1 for draw in draws)
    assert len(set(draws)) > 90
