"""Rates and dates as people write them."""

from __future__ import annotations

import pytest

from proxy.values import moments
from proxy.values.units import Rate, rate

DAY = 86400


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("600/min", Rate(600, "min")),
        ("600/minute", Rate(600, "min")),
        ("10/s", Rate(10, "s")),
        ("10/sec", Rate(10, "s")),
        ("1/second", Rate(1, "s")),
        ("5000/hour", Rate(5000, "hour")),
        ("5000/h", Rate(5000, "hour")),
        ("10000/day", Rate(10000, "day")),
        (" 999999999/d ", Rate(999999999, "day")),
    ],
)
def test_rates(written: str, known: Rate) -> None:
    assert rate(written) == known
    assert rate(str(known)) == known
    assert known.seconds == {"s": 1, "min": 60, "hour": 3600, "day": DAY}[known.per]


@pytest.mark.parametrize(
    "written",
    [600, None, True, "", "600", "0/min", "000/s", "-1/s", "1.5/s", "600/month", "600 per min", "1/s;2/min", "1/5min"],
)
def test_what_is_no_rate(written: object) -> None:
    with pytest.raises(ValueError, match="expected a rate such as"):
        rate(written)


@pytest.mark.parametrize(
    ("written", "begin", "end"),
    [
        ("1970-01-01", 0, DAY),
        ("1970-01-02T00:00:00Z", DAY, DAY),
        ("1970-01-02t00:00z", DAY, DAY),
        ("1970-01-02 01:00:30.5+01:00", DAY + 30.5, DAY + 30.5),
        ("2024-02-29", 1709164800, 1709164800 + DAY),
    ],
)
def test_moments(written: str, begin: float, end: float) -> None:
    assert (moments.begin(written), moments.end(written)) == (begin, end)
    assert moments.end(moments.shown(end)) == int(end)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "soon",
        20270131,
        None,
        "2027-1-31",
        "2027-02-30",
        "31.01.2027",
        "2027-01-31T12:00:00",
        "2027-01-31T25:00Z",
        "9999-12-31T23:59:59-23:59x",
        "2027-01-31\n",
        "0000-01-01",
        "2027-01-31T12:00+25:00",
    ],
)
def test_what_is_no_moment(written: object) -> None:
    for read in (moments.begin, moments.end):
        with pytest.raises(ValueError, match="expected a date such as"):
            read(written)


def test_there_is_no_day_after_the_last() -> None:
    with pytest.raises(ValueError, match="expected a date"):
        moments.end("9999-12-31")
