"""Tasks of the event loop, each kept until it ends: the loop itself would let one be collected half done.

Owns: those references, the one flight that many wait for, and the thread that nobody does. Must not know: what is done
in them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from contextvars import copy_context
from threading import Thread
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")

AGAIN = 5.0
"""Seconds: what a task does at its end, such as to close connections, is over by then."""

_kept: set[asyncio.Task[Any]] = set()


def spawn(work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
    """The only way to start one (tests/test_imports.py); `name` is for those who look at what runs."""
    task = asyncio.get_running_loop().create_task(work, name=name)
    _kept.add(task)
    task.add_done_callback(_kept.discard)
    return task


async def cancelled(tasks: Iterable[asyncio.Task[Any]], again: float = AGAIN) -> None:
    """Cancel them, and wait for their end; what one of them raised is not told.

    Asked for once more every `again` seconds, as one may be lost: redis-py forgets it on Python 3.11 where it meets the
    end of a write (findings/redis_loses_a_cancellation.sh), and an error of what is closed takes its place. Who waits
    for a task that waits so itself takes the longer pause.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=again)


async def aside(call: Callable[..., T], *args: Any) -> T:
    """What `call` returns, or raises, in a thread that nobody waits for at the end of the process: what it reads may be
    a pipe into which nobody writes, or a disk that hangs.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(cast("T", result))

    def run() -> None:
        result: T | None = None
        failed: BaseException | None = None
        try:
            result = call(*args)
        except BaseException as error:
            failed = error
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, result, failed)

    Thread(target=copy_context().run, args=(run,), name="keyless-aside", daemon=True).start()
    return await done


BREATH = 0.1
"""Seconds in which those who waited are served."""


async def freed(*retired: list[Any]) -> None:
    """Free what these lists alone hold, in a thread, with a pause before each: while one object is freed with all that
    it holds, nothing else runs, tens of milliseconds for ten thousand routes.
    """
    for each in retired:
        await asyncio.sleep(BREATH)
        await asyncio.to_thread(each.clear)


class Tasks:
    """Those of one owner, which end with it."""

    __slots__ = ("_running",)

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        task = spawn(work, name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def __len__(self) -> int:
        return len(self._running)

    async def close(self) -> None:
        """Cancel all, and wait for their end; what one of them raised is not told."""
        await cancelled(self._running)

    async def ended(self) -> None:
        """Wait for their end; what one of them raised is not told."""
        await asyncio.gather(*self._running, return_exceptions=True)


class Flight(Generic[T]):
    """One piece of work at a time: who comes while it is under way joins it, and who leaves ends nothing (trap 3)."""

    __slots__ = ("_task",)

    def __init__(self) -> None:
        self._task: asyncio.Task[T] | None = None

    @property
    def under_way(self) -> bool:
        return self._task is not None and not self._task.done()

    def start(self, work: Callable[[], Coroutine[Any, Any, T]], name: str) -> asyncio.Task[T]:
        """Or join what is under way."""
        if self._task is None or self._task.done():
            self._task = spawn(work(), name)
        return self._task

    async def landed(self, patience: float | None = None) -> bool:
        """Wait for the end of what is under way, up to so many seconds: whether it has come.

        asyncio.wait cancels nothing.
        """
        task = self._task
        if task is not None and not task.done():
            await asyncio.wait((task,), timeout=patience)
        return task is None or task.done()

    async def close(self, patience: float = 0.0) -> None:
        """Let it end within so many seconds, then cancel it."""
        task = self._task
        if task is not None and not (patience and await self.landed(patience)):
            await cancelled((task,))
