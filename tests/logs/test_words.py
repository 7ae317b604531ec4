"""Times, numbers and texts of a line."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.logs.words import Stamp, begin, clipped, decimal, number, rounded, shown, took


@pytest.mark.parametrize(
    ("wall", "expected"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1795795140.0, "2026-11-27T15:59:00.000Z"),
        (1795795140.0074, "2026-11-27T15:59:00.007Z"),
        (1795795140.99999, "2026-11-27T15:59:00.999Z"),
    ],
)
def test_a_time(wall: float, expected: str) -> None:
    assert Stamp().of(wall) == expected


@given(st.lists(st.integers(0, 4_000_000_000_000), min_size=1))
def test_one_stamp_serves_all_times_in_any_order(milliseconds: list[int]) -> None:
    stamp = Stamp()
    for millisecond in milliseconds:
        wall = millisecond / 1000
        read = datetime.fromisoformat(stamp.of(wall))
        assert abs((read - datetime.fromtimestamp(wall, UTC)).total_seconds()) <= 0.001


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, "0.0ms"),
        (0.00004, "0.0ms"),
        (0.0123, "12.3ms"),
        (0.09996, "100ms"),
        (0.1, "100ms"),
        (0.9994, "999ms"),
        (0.9996, "1.0s"),
        (59.94, "59.9s"),
        (59.96, "1m00s"),
        (61.4, "1m01s"),
        (119.6, "2m00s"),
        (3725.0, "62m05s"),
    ],
)
def test_a_duration(seconds: float, expected: str) -> None:
    assert took(seconds) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0.0, "0"),
        (0.0863712, "0.0864"),
        (12.0, "12"),
        (99.99, "100"),
        (3599.9981, "3600"),
        (-0.5, "-0.5"),
        (1e300, "1e+300"),
    ],
)
def test_a_number(number: float, expected: str) -> None:
    assert f"{rounded(number):g}" == expected


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_what_can_not_be_rounded_stays(number: float) -> None:
    assert repr(rounded(number)) == repr(number)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/a/b", "/a/b"),
        ("", '""'),
        ("two words", '"two words"'),
        ('a"b', r'"a\"b"'),
        ("a\\b", r'"a\\b"'),
        ("张三", "张三"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),  # a page escapes it, a terminal does nothing
        ("/\x1b[2J", r'"/\u001b[2J"'),
        ("/a\r\n2026-11-27T15:59:00.000Z info", r'"/a\r\n2026-11-27T15:59:00.000Z info"'),
        ("/\x9b2J", r'"/\u009b2J"'),
        ("\u202egnp.exe", r'"\u202egnp.exe"'),
        ("\ud800", r'"\ud800"'),
    ],
)
def test_a_text(text: str, expected: str) -> None:
    assert shown(text) == expected


@given(st.text())
def test_no_text_can_do_anything_to_a_line(text: str) -> None:
    assert shown(text).isprintable()


def test_what_is_long_is_clipped() -> None:
    assert clipped("x" * 10, 5) == "xxxx…"
    assert clipped("x" * 5, 5) == "xxxxx"


def test_levels_are_of_one_width() -> None:
    assert {len(begin("T", level, coloured=False)) for level in ("debug", "info", "warning", "error")} == {
        len("T warning")
    }
    assert begin("T", "error", coloured=True) == "\x1b[2mT\x1b[0m \x1b[31merror  \x1b[0m"


@pytest.mark.parametrize("whole", [-1, 0, 9, 200, 999, 1000, 12345])
def test_a_number_of_every_line(whole: int) -> None:
    assert number(whole) == str(whole)


@pytest.mark.parametrize(("tenths", "expected"), [(0, "0.0"), (7, "0.7"), (999, "99.9"), (1000, "100.0"), (-1, "-1.9")])
def test_so_many_tenths(tenths: int, expected: str) -> None:
    assert decimal(tenths) == expected
