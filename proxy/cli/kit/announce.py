"""What a serving command says on stdout, in a thread of its own: neither traffic nor a signal waits for who reads it.

Owns: the thread, and that what nobody takes is given up. Must not know: what is said.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Self

LAST_WORDS = 1.0
"""Seconds that the end waits for what was said to be taken."""


class Announcer:
    """Says each text whole, in turn. A text that takes a while to make is given as what makes it."""

    def __init__(self, descriptor: int | None = None) -> None:
        """`descriptor` is stdout's, if none is given."""
        self._descriptor = sys.stdout.fileno() if descriptor is None else descriptor
        self._encoding = sys.stdout.encoding or "utf-8"
        self._texts: SimpleQueue[Callable[[], str] | None] = SimpleQueue()
        # Not one that the exit waits for: who holds a pipe and doesn't read would keep us from ending.
        self._thread = threading.Thread(target=self._run, name="announce", daemon=True)
        self._thread.start()

    def say(self, text: str | Callable[[], str]) -> None:
        self._texts.put((lambda: text) if isinstance(text, str) else text)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._texts.put(None)
        self._thread.join(LAST_WORDS)

    def _run(self) -> None:
        try:
            while (text := self._texts.get()) is not None:
                self._write(text().encode(self._encoding, "backslashreplace"))
        except OSError:  # nobody reads any more
            return

    def _write(self, left: bytes) -> None:
        """Not through sys.stdout: a thread that hangs there holds its lock, and the interpreter can't end."""
        while left:
            left = left[os.write(self._descriptor, left) :]
