"""What a soak says of its figures; how it is started."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bench.soak import SETTLING, Held, answered, command, verdict

FLAT = [Held(80.0, 50, 30)] * SETTLING


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ([], "too short for a verdict"),
        (FLAT, "too short for a verdict"),
        ([*FLAT, Held(80.0, 50, 30)], "flat"),
        ([*FLAT, Held(84.9, 74, 54)], "flat"),
        ([*FLAT, Held(86.0, 50, 30)], "grown: mib 80 to 86"),
        ([*FLAT, Held(120.0, 50, 30), Held(80.0, 50, 30)], "grown: mib 80 to 120"),
        ([*FLAT, Held(80.0, 90, 70)], "grown: descriptors 50 to 90, tasks 30 to 70"),
        ([Held(200.0, 900, 900), *FLAT, Held(80.0, 50, 30)], "flat"),
    ],
)
def test_what_came_after_settling_is_held_against_what_was_there_then(figures: list[Held], words: str) -> None:
    assert verdict(figures) == words


def test_who_left_was_not_answered() -> None:
    assert answered(Counter({"200": 7, "401": 2, "left": 5})) == 9


def test_from_the_sources_it_is_this_python() -> None:
    argv = command(Path("tasks"), Path("config.yaml"), sources=True)
    assert "-P" not in argv
    assert argv[-3:] == ["run", "-c", "config.yaml"]
