"""How work grows with its input, counted in steps. Seconds tell nothing on a busy machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

Tracer = Callable[[FrameType, str, Any], Any]


def steps(work: Callable[[], object]) -> int:
    """Lines that `work` runs in this thread, those of what it calls among them; none of compiled code."""
    count = 0

    def trace(_frame: FrameType, event: str, _arg: object) -> Tracer:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def growth(work: Callable[[int], Callable[[], object]], size: int) -> float:
    """How often more steps the double size takes: 2 where they are linear, 4 where they are quadratic."""
    work(1)()  # what is made once and kept
    return steps(work(2 * size)) / max(1, steps(work(size)))


class Counted(str):
    """A name that counts how often it is compared: what a look-up in a list does, and no line tells."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__
