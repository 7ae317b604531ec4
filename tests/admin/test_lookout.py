"""What the page knows of requests, of this process and of its siblings."""

from __future__ import annotations

import json

import pytest

from proxy.admin import lookout
from proxy.figures.ended import Ended
from proxy.figures.figures import Figures
from proxy.figures.series import MINUTES, NOTHING
from proxy.figures.timeline import Timeline


def figures() -> Figures:
    made = Figures()
    made.look_on()
    return made


def request(figures: Figures, prefix: str, status: int) -> None:
    times = Timeline(1.0, 60.0)
    times.sent, times.first, times.ended = 1.001, 1.005, 1.006
    figures.counts.route(prefix).over(status, "", times)
    ended = Ended(times, "GET", f"{prefix}/x", status)
    ended.route = prefix
    figures.tell(ended)


def test_records_come_after_a_number_and_all_anew_after_a_new_start() -> None:
    known = figures()
    for status in (200, 404, 500):
        request(known, "/a", status)
    assert [number for number, _ in lookout.recent(known, 0, 9)] == [1, 2, 3]
    assert [record["status"] for _, record in lookout.recent(known, 2, 9)] == [500]
    assert len(lookout.recent(known, 900, 9)) == 3
    assert [number for number, _ in lookout.recent(known, 0, 2)] == [2, 3]
    assert lookout.recent(known, 1, 9)[0][1]["why"]


def test_who_does_not_look_on_has_nothing() -> None:
    assert lookout.recent(Figures(), 0, 9) == []
    assert lookout.hours(Figures(), ["/a"], 60.0) == {}


def test_hours_of_several_add_up_over_the_wire() -> None:
    one, other = figures(), figures()
    request(one, "/a", 200)
    request(other, "/a", 500)
    found = [lookout.hours(each, ["/a", "/b"], 61.0) for each in (one, other)]
    told = lookout.read_hours(json.loads(json.dumps(lookout.written(found[1]))))
    assert told == found[1]
    whole = lookout.joined([found[0], told], ["/a", "/b"])
    assert whole["/a"][-1].classes == (1, 0, 0, 1, 0)
    assert sum(whole["/a"][-1].upstream) == 2
    assert whole["/b"] == [NOTHING] * MINUTES


@pytest.mark.parametrize("document", [{"/a": 1}, {"/a": [1]}, {"/a": [[1]]}, []])
def test_what_is_no_hour(document: object) -> None:
    with pytest.raises(ValueError, match="minutes"):
        lookout.read_hours(document)  # type: ignore[arg-type]
