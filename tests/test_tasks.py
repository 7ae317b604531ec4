"""Tasks are kept until they end; one flight for all who wait, whoever leaves."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys

import pytest

from proxy.tasks import Flight, Tasks, aside, cancelled, spawn


class Work:
    """Counts its starts, and goes on when it is let."""

    def __init__(self) -> None:
        self.starts = 0
        self.gate = asyncio.Event()

    async def __call__(self) -> int:
        self.starts += 1
        await self.gate.wait()
        return self.starts


async def test_a_task_that_nobody_keeps_is_not_collected() -> None:
    done = asyncio.Event()

    async def work(ready: asyncio.Future[None]) -> None:
        await ready
        done.set()

    ready = asyncio.get_running_loop().create_future()
    assert spawn(work(ready), "work").get_name() == "work"
    gc.collect()
    ready.set_result(None)
    await done.wait()


async def test_all_who_come_wait_for_the_same_flight() -> None:
    work, flight = Work(), Flight[int]()
    first, second = flight.start(work, "work"), flight.start(work, "work")
    assert first is second
    assert flight.under_way
    work.gate.set()
    await flight.landed()
    assert (await first, work.starts, flight.under_way) == (1, 1, False)
    assert await flight.start(work, "work") == 2


async def test_who_gives_up_or_is_cancelled_ends_nothing() -> None:
    work, flight = Work(), Flight[int]()
    task = flight.start(work, "work")
    await flight.landed(0.0)
    waiting = asyncio.create_task(flight.landed())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert flight.under_way
    work.gate.set()
    assert await task == 1


async def test_a_flight_that_is_closed_has_ended() -> None:
    work, flight = Work(), Flight[int]()
    await flight.close()
    task = flight.start(work, "work")
    await flight.close()
    assert task.cancelled()


async def test_a_flight_may_be_given_time_to_end() -> None:
    work, flight = Work(), Flight[int]()
    task = flight.start(work, "work")
    asyncio.get_running_loop().call_soon(work.gate.set)
    await flight.close(60.0)
    assert task.result() == 1


async def test_tasks_end_with_their_owner_and_leave_nothing() -> None:
    work, tasks = Work(), Tasks()

    async def broken() -> None:
        raise LookupError

    running, breaking = tasks.spawn(work(), "a"), tasks.spawn(broken(), "b")
    await asyncio.wait((breaking,))
    assert isinstance(breaking.exception(), LookupError)
    assert len(tasks) == 1
    await tasks.close()
    assert running.cancelled()
    assert len(tasks) == 0


async def test_a_cancellation_that_was_lost_is_asked_for_again() -> None:
    """redis-py forgets one now and then, and an error of what is closed may take its place."""
    lost: list[str] = []

    async def stubborn() -> None:
        for _ in range(2):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                lost.append("lost")
        await asyncio.Event().wait()

    async def broken() -> None:
        raise OSError("told to nobody")

    tasks = [spawn(work(), "work") for work in (stubborn, stubborn, broken)]
    await asyncio.sleep(0)
    await cancelled(tasks, again=0.001)
    assert [task.cancelled() for task in tasks] == [True, True, False]
    assert len(lost) == 4
    await cancelled([])


async def test_what_is_read_aside_comes_back_or_is_raised() -> None:
    assert await aside(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await aside(divmod, 7, 0)


def test_nobody_waits_at_the_end_for_what_never_comes() -> None:
    program = """
import asyncio, os
from proxy.tasks import aside
async def main():
    await asyncio.wait_for(aside(os.read, os.pipe()[0], 1), 0.01)
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr.splitlines()[-1] == "TimeoutError"
