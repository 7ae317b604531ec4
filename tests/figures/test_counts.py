"""What is counted of requests, and that it does not grow with what clients and APIs send."""

from __future__ import annotations

import pytest

from proxy.figures.counts import Counts, RouteCounts
from proxy.figures.timeline import Timeline


def times(*, sent: bool = True, streamed: bool = False) -> Timeline:
    made = Timeline(10.0, 0.0)
    if sent:
        made.sent, made.first = 10.0001, 10.2
    made.streamed, made.ended = streamed, 10.3
    return made


@pytest.fixture
def counts() -> RouteCounts:
    return RouteCounts()


def test_replies_by_status_and_our_own_answers_by_code(counts: RouteCounts) -> None:
    for status, code in ((200, ""), (200, ""), (403, ""), (403, "origin_refused")):
        counts.over(status, code, times())
    assert counts.statuses == {200: 2, 403: 1}
    assert counts.faults == {(403, "origin_refused"): 1}
    assert counts.ended == 4


def test_an_api_that_makes_up_statuses_adds_one_number(counts: RouteCounts) -> None:
    for status in range(600, 1000):
        counts.over(status, "", times())
    assert counts.statuses == {0: 400}


def test_durations_are_those_of_what_was_sent(counts: RouteCounts) -> None:
    counts.over(200, "", times())
    counts.over(200, "", times(streamed=True))
    counts.over(403, "origin_refused", times(sent=False))
    assert [sum(part.counts) for part in (counts.upstream, counts.own, counts.first_byte)] == [2, 2, 1]
    assert counts.upstream.sum == pytest.approx(2 * 0.1999)
    assert counts.first_byte.sum == pytest.approx(0.2)


def test_replays_and_why_there_was_none(counts: RouteCounts) -> None:
    counts.replayed("refused", "accepted")
    counts.replayed("refused", "accepted")
    counts.not_replayed("body_too_large")
    assert (counts.replays, counts.skipped) == ({("refused", "accepted"): 2}, {"body_too_large": 1})


def test_a_route_keeps_its_counts_over_reloads_and_one_that_is_gone_does_not() -> None:
    counts = Counts()
    kept, nowhere = counts.route("/a"), counts.route("")
    counts.route("/b")
    counts.keep({"/a"})
    assert counts.routes == {"/a": kept, "": nowhere}
    assert counts.route("/a") is kept
