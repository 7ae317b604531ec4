"""The last hour in minutes, from counts that only rise."""

from __future__ import annotations

from proxy.figures.counts import Counts
from proxy.figures.histogram import API, OWN, median
from proxy.figures.series import MINUTES, Series
from proxy.figures.timeline import Timeline

START = 1_700_000_040.0
"""A whole minute."""


def use(counts: Counts, prefix: str, status: int, number: int) -> None:
    times = Timeline(10.0, 0.0)
    times.sent, times.first, times.ended = 10.0001, 10.2, 10.2
    for _ in range(number):
        counts.route(prefix).over(status, "", times)


def rates(series: Series, prefix: str, wall: float) -> list[int]:
    return [sum(minute.classes) for minute in series.of(prefix, wall)]


def test_each_minute_has_what_came_in_it() -> None:
    counts = Counts()
    series = Series(counts)
    for minute in range(1, 4):
        use(counts, "/a", 200, minute)
        series.tick(START + 60 * minute)
    use(counts, "/a", 500, 7)
    assert rates(series, "/a", START + 60 * 3 + 5) == [0] * (MINUTES - 4) + [1, 2, 3, 7]
    assert series.of("/a", START + 185)[-1].classes == (0, 0, 0, 7, 0)
    third = series.of("/a", START + 185)[-2]
    assert third.classes == (3, 0, 0, 0, 0)
    assert (median(API, third.upstream), median(OWN, third.own)) == (0.175, 7.5e-05)


def test_a_minute_without_requests_and_a_route_without_any() -> None:
    counts = Counts()
    series = Series(counts)
    use(counts, "/a", 200, 1)
    series.tick(START + 60)
    series.tick(START + 120)
    assert rates(series, "/a", START + 121)[-3:] == [1, 0, 0]
    assert rates(series, "/b", START + 121) == [0] * MINUTES


def test_after_an_hour_nothing_is_left() -> None:
    counts = Counts()
    series = Series(counts)
    use(counts, "/a", 200, 1)
    for minute in range(1, MINUTES + 3):
        series.tick(START + 60 * minute)
    assert rates(series, "/a", START + 60 * (MINUTES + 2)) == [0] * MINUTES


def test_a_route_that_was_gone_begins_anew() -> None:
    counts = Counts()
    series = Series(counts)
    use(counts, "/a", 200, 5)
    series.tick(START + 60)
    counts.keep(())
    use(counts, "/a", 200, 2)
    series.tick(START + 120)
    assert rates(series, "/a", START + 121)[-3:] == [5, 2, 0]
    counts.keep(())
    series.tick(START + 180)
    assert rates(series, "/a", START + 181) == [0] * MINUTES


def test_workers_add_up() -> None:
    counts, others = Counts(), Counts()
    use(counts, "/a", 200, 2)
    use(others, "/a", 404, 3)
    both = Series(counts).of("/a", START)[-1].plus(Series(others).of("/a", START)[-1])
    assert both.classes == (2, 0, 3, 0, 0)
    assert sum(both.upstream) == 5
