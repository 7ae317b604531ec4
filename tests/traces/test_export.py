"""A collector that is slow or dead delays nobody; what it does not take is bounded and counted."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Iterator, Sequence

import pytest

from proxy.config.model import Log
from proxy.figures.ended import Ended
from proxy.figures.timeline import Timeline
from proxy.logs import setup
from proxy.traces.export import BATCH, Export, Part
from proxy.traces.trace import Tracing

PATIENCE = 10.0


class Slow:
    """Takes nothing before it is let go."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.go = threading.Event()
        self.answers = [True, True, True]
        self.closed = False
        self.sizes: list[int] = []

    def send(self, parts: Sequence[Part]) -> bool:
        self.sizes.append(len(parts))
        self.asked.set()
        assert self.go.wait(PATIENCE)
        return self.answers.pop(0)

    def close(self) -> None:
        self.closed = True
        self.go.set()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    out = io.StringIO()
    setup.configure(Log(), out)
    yield out
    setup.structlog.reset_defaults()


def offer(export: Export, many: int) -> None:
    tracing = Tracing(1.0, export.take)
    for _ in range(many):
        tracing.begin({}).over(Ended(Timeline(1.0, 2.0), "GET", "/", 200))


async def test_what_waits_is_bounded_and_the_rest_is_counted() -> None:
    slow = Slow()
    export = Export(slow, "here", most=2 * BATCH, every=60.0)
    offer(export, BATCH)
    assert await asyncio.to_thread(slow.asked.wait, PATIENCE)
    offer(export, 2 * BATCH + 7)  # while the first ones are on their way
    assert export.lost == 7
    slow.go.set()
    await export.close(PATIENCE)
    assert slow.sizes == [BATCH, BATCH, BATCH]
    assert export.lost == 7


async def test_few_leave_at_the_end() -> None:
    slow = Slow()
    slow.go.set()
    export = Export(slow, "here", every=60.0)
    offer(export, 3)
    await export.close(PATIENCE)
    assert (slow.sizes, slow.closed, export.lost) == ([3], True, 0)


async def test_the_end_does_not_wait_for_a_dead_collector() -> None:
    slow = Slow()
    export = Export(slow, "here", every=0.0)
    offer(export, 1)
    await export.close(patience=0.01)
    assert slow.closed


async def test_the_log_hears_of_it_once_and_of_its_end(log: io.StringIO) -> None:
    slow = Slow()
    slow.answers = [False, False, True]
    export = Export(slow, "http://collector", every=60.0)
    offer(export, BATCH)
    assert await asyncio.to_thread(slow.asked.wait, PATIENCE)
    offer(export, BATCH + 1)
    slow.go.set()
    await export.close(PATIENCE)
    first, second = log.getvalue().splitlines()
    assert "warning traces are not taken, and lost" in first
    assert "to=http://collector" in first
    assert "info    traces are taken again" in second
    assert f"lost={2 * BATCH}" in second
