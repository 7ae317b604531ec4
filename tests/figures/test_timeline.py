"""Where the time of an exchange went, by its marks."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.figures.timeline import Timeline

BEGAN, WALL = 1000.0, 1_700_000_000.0


def line(streamed: bool = False, **marks: float) -> Timeline:
    """`marks` are seconds since the request came."""
    made = Timeline(BEGAN, WALL)
    for mark, seconds in marks.items():
        setattr(made, mark, seconds if mark == "opening" else BEGAN + seconds)
    made.streamed = streamed
    return made


@pytest.mark.parametrize(
    ("marks", "upstream", "own"),
    [
        pytest.param({"ended": 0.5}, 0.0, 0.5, id="answered by us"),
        pytest.param({"sent": 1.0, "first": 3.0, "ended": 3.5}, 2.0, 1.5, id="whole"),
        pytest.param({"sent": 1.0, "first": 3.0, "ended": 60.0, "streamed": True}, 2.0, 1.0, id="streamed"),
        pytest.param({"sent": 1.0, "ended": 4.0}, 3.0, 1.0, id="the API never answered"),
        pytest.param({"armed": 20.0, "sent": 21.0, "first": 22.0, "ended": 22.0}, 1.0, 1.0, id="waited for a token"),
        pytest.param(
            {"guarded": 1.0, "charged": 2.0, "armed": 8.0, "read": 9.0, "sent": 10.0, "first": 11.0, "ended": 12.0},
            *(1.0, 4.0),
            id="waited for everything",
        ),
        pytest.param({"read": 30.0, "sent": 31.0, "first": 32.0, "ended": 32.0}, 1.0, 1.0, id="a slow client"),
        pytest.param({"sent": 1.0, "first": 2.0, "resent": 5.0, "again": 9.0, "ended": 9.5}, 5.0, 1.5, id="replayed"),
        pytest.param({"sent": 1.0, "first": 2.0, "resent": 5.0, "ended": 9.0}, 5.0, 1.0, id="the replay failed"),
    ],
)
def test_what_was_ours_and_what_the_apis(marks: dict[str, Any], upstream: float, own: float) -> None:
    made = line(**marks)
    assert (made.upstream, made.own) == (pytest.approx(upstream), pytest.approx(own))


def test_spans_lie_end_to_end_and_leave_out_what_took_nothing() -> None:
    made = line(armed=1.0, sent=1.5, opening=0.5, first=3.0, resent=4.0, again=5.0, ended=6.0)
    assert [(span.step, span.begins, span.seconds) for span in made.spans()] == [
        ("token", 0.0, 1.0),
        ("prepare", 1.0, 0.5),
        ("connect", 1.5, 0.5),
        ("first byte", 2.0, 1.0),
        ("renew", 3.0, 1.0),
        ("replay", 4.0, 1.0),
        ("answer", 5.0, 1.0),
    ]
    assert sum(span.seconds for span in made.spans()) == made.seconds


def test_what_was_never_sent_is_one_span() -> None:
    assert [span.step for span in line(ended=0.25).spans()] == ["answer"]


def test_the_first_byte_of_an_answer_is_that_of_the_replay() -> None:
    assert line(sent=1.0, first=2.0, ended=9.0).first_byte == 2.0
    assert line(sent=1.0, first=2.0, resent=3.0, again=4.0, ended=9.0).first_byte == 4.0
