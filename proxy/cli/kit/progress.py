"""What takes longer than a moment says on a terminal how far it is, and leaves nothing behind.

Owns: when and where it is said. Must not know: what it is that takes so long.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Awaitable
from typing import Self, TextIO, TypeVar

PATIENCE = 1.0
"""Seconds that nobody minds."""
_OFTEN = 0.2
_CLEAR = "\r\x1b[K"

T = TypeVar("T")


class Progress:
    """`what` are to be done, `total` of them if that is clear; `step` after each. `out` is stderr, if none is given."""

    def __init__(self, what: str, total: int = 0, out: TextIO | None = None, patience: float = PATIENCE) -> None:
        self._what = what
        self._total = total
        self._out = sys.stderr if out is None else out
        self._patience = patience
        self._done = 0
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def step(self) -> None:
        self._done += 1

    async def after(self, one: Awaitable[T]) -> T:
        """What comes of it, which is a step."""
        try:
            return await one
        finally:
            self.step()

    def __enter__(self) -> Self:
        if self._out.isatty():
            self._thread = threading.Thread(target=self._show, name="progress", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _show(self) -> None:
        """In a thread: what is waited for may wait in C, or hold up the loop."""
        began = time.monotonic()
        if self._over.wait(self._patience):
            return
        while True:
            self._write(f"{_CLEAR}{self._told()}, {time.monotonic() - began:.0f} s")
            if self._over.wait(_OFTEN):
                break
        self._write(_CLEAR)

    def _told(self) -> str:
        return f"{self._what}: {self._done} of {self._total}" if self._total else self._what

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
