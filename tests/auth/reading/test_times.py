from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.reading.times import dated, in_words, relative, unread

WALL = 1_700_000_000.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30d", 2_592_000),
        ("2h", 7200),
        ("2H", 7200),
        (" 15m ", 900),
        ("500ms", 0.5),
        ("3600s", 3600),
        ("1h30m", 5400),
        ("1d 2h", 93_600),
        ("90 minutes", 5400),
        ("1 hour and 5 minutes", 3900),
        ("2.5 hrs", 9000),
        ("2 weeks", 1_209_600),
        ("1:00:00", 3600),
        ("100:00:01.5", 360_001.5),
        ("1.02:00:00", 93_600),
        ("1 day, 2:00:00", 93_600),
        ("PT1H", 3600),
        ("PT90M", 5400),
        ("P1DT12H", 129_600),
        ("P2W", 1_209_600),
        ("pt90m", 5400),
        ("p1dt12h", 129_600),
        ("p1m", 28 * 86_400),
        ("P1M", 28 * 86_400),
        ("PT0.5S", 0.5),
        ("0d", 0),
        ("PT0S", 0),
        ("0:00:00", 0),
    ],
)
def test_trap_08_durations_in_words(text: str, seconds: float) -> None:
    assert in_words(text) == pytest.approx(seconds)
    for unit in ("s", "ms", "minutes", "hours"):
        assert relative(text, unit, WALL) == pytest.approx(seconds), "words bring their own unit"


@pytest.mark.parametrize(
    "text",
    ["", "soon", "m", "3600 apples", "1M", "1:30", "10:00", "p", "pt", "pt1",
     "90mt", "1:60:00", "P", "PT", "P1DT", "1H PT", "h2", "-2h", "1h 30", "1e3s",
     "٣h", "1h" * 40, None, 3600, True, ["1h"]],
    ids=repr,
)  # fmt: skip
def test_what_is_no_duration(text: object) -> None:
    assert in_words(text) is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("10:00", "is 10:00: hours and minutes, or minutes and seconds?"),
        (" 1M ", "is 1M: months or minutes?"),
        ("a-token-in-the-wrong-place", "can't be read as a time: a text of 26 characters"),
        ("", "can't be read as a time: a text of 0 characters"),
        (True, "can't be read as a time: true or false"),
        ([3600], "can't be read as a time: a list"),
        ({"s": 3600}, "can't be read as a time: an object"),
        (float("nan"), "can't be read as a time: no number"),
    ],
)
def test_what_is_unread_is_told_without_a_word_of_it_that_may_be_secret(value: object, said: str) -> None:
    assert unread(value) == said


@given(st.text(alphabet="0123456789.:,PTYMWDHSdhmsand \t-+", max_size=70))
def test_any_text_is_a_duration_or_none(text: str) -> None:
    seconds = in_words(text)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    ("headers", "moment"),
    [
        ({}, None),
        ({"date": "Tue, 14 Nov 2023 22:13:20 GMT"}, WALL),
        ({"date": "Tue, 14 Nov 2023 22:13:20 GMT", "age": "60"}, WALL + 60),
        ({"date": "Tue, 14 Nov 2023 22:13:20 GMT", "age": "-60"}, WALL),
        ({"date": "Tue, 14 Nov 2023 22:13:20 GMT", "age": "old"}, WALL),
        ({"date": "Tue, 14 Nov 2023 22:13:20 GMT", "age": "nan"}, WALL),
        ({"date": "Thu, 01 Jan 1970 00:00:07 GMT"}, None),
        ({"date": "yesterday"}, None),
        ({"date": ""}, None),
    ],
)
def test_what_a_replys_sender_calls_now(headers: dict[str, str], moment: float | None) -> None:
    assert dated(headers) == moment
