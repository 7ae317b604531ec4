"""When a serving command has to end: the first SIGINT or SIGTERM asks it to, the second ends it at once."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterable

ENDING = (signal.SIGINT, signal.SIGTERM)


def on_signals(numbers: Iterable[signal.Signals] = ENDING, at_once: Callable[[], None] = lambda: None) -> asyncio.Event:
    """Set by the first signal. Call it before anything else, so that none is missed.

    `at_once` is called before the second one ends this process.
    """
    told = asyncio.Event()
    loop = asyncio.get_running_loop()

    def tell(number: int) -> None:
        if told.is_set():
            at_once()
            os._exit(128 + number)
        told.set()

    for number in numbers:
        try:
            loop.add_signal_handler(number, tell, int(number))
        except NotImplementedError:  # Windows
            signal.signal(number, lambda number, _frame: loop.call_soon_threadsafe(tell, number))
    return told
