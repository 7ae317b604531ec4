"""What signals mean to a serving command: the first SIGINT or SIGTERM asks it to end, the second ends it at once.

SIGHUP is a word of the operator's; with a terminal it says that this has gone. SIGUSR1 and SIGUSR2, which other servers
take for one thing or another, must not kill.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

ENDING = (signal.SIGINT, signal.SIGTERM)
QUIET = ("SIGHUP", "SIGUSR1", "SIGUSR2")


def on_signals(at_once: Callable[[], None] = lambda: None) -> asyncio.Event:
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

    for number in ENDING:
        try:
            loop.add_signal_handler(number, tell, int(number))
        except NotImplementedError:  # Windows
            signal.signal(number, lambda number, _frame: loop.call_soon_threadsafe(tell, number))
    for name in QUIET:
        _handle(name, lambda: None)
    on_hang_up(told.set, with_terminal=True)
    return told


def on_hang_up(what: Callable[[], None], with_terminal: bool = False) -> None:
    """Do this, if there is a terminal, or if there is none."""
    if with_terminal == (sys.stdin is not None and sys.stdin.isatty()):
        _handle("SIGHUP", what)


def _handle(name: str, handler: Callable[[], None]) -> None:
    with suppress(AttributeError, NotImplementedError):  # Windows
        asyncio.get_running_loop().add_signal_handler(getattr(signal, name), handler)
