"""The last exchanges."""

from __future__ import annotations

from proxy.figures.ended import Ended
from proxy.figures.recent import LONGEST, Recent
from proxy.figures.timeline import Timeline


def ended(path: str) -> Ended:
    return Ended(Timeline(1.0, 2.0), "GET", path, 200)


def test_the_last_ones_are_kept_under_their_numbers() -> None:
    recent = Recent(3)
    for number in range(1, 6):
        recent.add(ended(f"/{number}"))
    assert [(number, kept.path) for number, kept in recent.after(0)] == [(3, "/3"), (4, "/4"), (5, "/5")]
    assert [number for number, _ in recent.after(4)] == [5]
    assert recent.after(5) == []
    assert recent.number == 5


def test_what_a_client_chooses_is_cut() -> None:
    recent = Recent()
    long = ended("/" + "x" * 10_000)
    long.cause, long.code = "y" * 10_000, "no_route"
    recent.add(long)
    [(_, kept)] = recent.after(0)
    assert (len(kept.path), len(kept.cause), kept.code) == (LONGEST, LONGEST, "no_route")
    assert len(long.path) == 10_001, "others are told all of it"
