"""What is left in a window, and the words for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import CODES
from proxy.plan.admission.quota import DAY, Limit, Room, daily, exceeded, limits_of, sliding, told
from proxy.values.units import Rate, rate

PER_MINUTE = Limit.of("client", "one", rate("10/min"))
PER_DAY = Limit.of("client", "one", rate("100/day"))
ROUTE = Limit.of("route", "/crm", rate("5/s"))


@pytest.mark.parametrize(
    ("before", "before_left", "current", "turn", "room"),
    [
        (0, 0.0, 0, 0.0, Room(10, 60.0, 0.0)),  # nothing counted yet: the whole window is to come
        (0, 0.0, 0, -60.0, Room(10, 60.0, 0.0)),
        (0, 0.0, 3, 20.0, Room(7, 20.0, 0.0)),
        (10, 30.0, 4, 30.0, Room(1, 30.0, 0.0)),
        (10, 29.9, 5, 29.9, Room(1, 29.9, 0.0)),
        (10, 30.0, 5, 30.0, Room(0, 30.0, 0.0)),  # room is there an instant later
        (10, 42.0, 5, 42.0, Room(0, 42.0, 12.0)),
        (0, 0.0, 10, 20.0, Room(0, 20.0, 20.0)),
        (10, 20.0, 10, 20.0, Room(0, 20.0, 20.0)),
        (0, 0.0, 20, 20.0, Room(0, 20.0, 50.0)),  # the config had a higher rate: the next window begins full, too
    ],
)
def test_a_sliding_window(before: int, before_left: float, current: int, turn: float, room: Room) -> None:
    assert sliding(PER_MINUTE, before, before_left, current, turn) == pytest.approx(room)


@given(st.integers(0, 30), st.floats(0.02, 59.9), st.integers(0, 30))
def test_after_the_wait_there_is_room_and_not_before(before: int, turn: float, current: int) -> None:
    """If nobody else asks meanwhile. `turn` is what is left of this window, and so of the one before in sight."""
    room = sliding(PER_MINUTE, before, turn, current, turn)

    def after(seconds: float) -> int:
        if seconds < turn:
            return sliding(PER_MINUTE, before, turn - seconds, current, turn - seconds).left
        return sliding(PER_MINUTE, current, 60.0 + turn - seconds, 0, 60.0 + turn - seconds).left

    assert 0 <= room.left <= 10
    assert after(room.wait + 0.001) > 0
    if room.wait > 0.01:
        assert after(room.wait - 0.01) <= 0


@pytest.mark.parametrize(
    ("count", "wall", "room"),
    [
        (0, 0.0, Room(100, DAY, 0.0)),
        (1, 5 * DAY + 10.0, Room(99, DAY - 10.0, 0.0)),
        (100, 6 * DAY - 1.5, Room(0, 1.5, 1.5)),
        (123, 6 * DAY - 1.5, Room(0, 1.5, 1.5)),
    ],
)
def test_a_day_is_from_midnight_to_midnight(count: int, wall: float, room: Room) -> None:
    assert daily(PER_DAY, count, wall) == room


def test_each_window_has_a_counter() -> None:
    assert PER_DAY.counter(3) == "client:one:day:3" != PER_DAY.counter(2)


def test_counters_are_told_apart_by_who_and_window_not_by_amount() -> None:
    limits = [Limit.of(*each) for each in (("client", "/crm", Rate(5, "s")), ("client", "/crm", Rate(5, "min")))]
    assert len({limit.key for limit in (*limits, ROUTE, PER_MINUTE)}) == 4
    assert Limit.of("route", "/crm", Rate(9, "s")).key == ROUTE.key


def test_the_shortest_window_comes_first() -> None:
    rates = [Rate(3, "day"), Rate(1, "s"), Rate(2, "hour")]
    assert [limit.rate.per for limit in limits_of("route", "/a", rates)] == ["s", "hour", "day"]
    assert limits_of("route", "/a", None) == ()


def test_what_a_reply_tells() -> None:
    lines = told((PER_MINUTE, PER_DAY), (Room(7, 19.2, 0.0), Room(0, 3600.0, 0.0))).decode().split("\r\n")
    assert lines == [
        'RateLimit: "client 10/min";r=7;t=20, "client 100/day";r=0;t=3600',
        'RateLimit-Policy: "client 10/min";q=10;w=60, "client 100/day";q=100;w=86400',
        "",
    ]


def test_what_a_refusal_tells() -> None:
    fault = exceeded((PER_MINUTE, ROUTE, PER_DAY), [(PER_MINUTE, Room(0, 30.0, 41.3)), (ROUTE, Room(0, 0.4, 0.4))])
    assert (fault.code, CODES[fault.code].status) == ("rate_limited", 429)
    assert fault.detail == "client one has used up 10/min and all clients of /crm together have used up 5/s"
    assert fault.problem()["retry_after"] == 42
    assert dict(fault.headers) == {
        "RateLimit": '"client 10/min";r=0;t=42, "route 5/s";r=0;t=1',
        "RateLimit-Policy": '"client 10/min";q=10;w=60, "route 5/s";q=5;w=1, "client 100/day";q=100;w=86400',
    }


def test_a_spent_day_says_when_the_next_begins() -> None:
    assert "from midnight UTC" in exceeded((PER_DAY,), [(PER_DAY, Room(0, 60.0, 60.0))]).detail
