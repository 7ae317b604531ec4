"""Where lines of text leave the process: by a thread for each descriptor, so that nobody else waits for its reader.

Owns: what waits for a reader, and the count of what is dropped when nobody takes it. Must not know: what lines mean.

A thread and a plain blocking write. The descriptor is shared with other processes, a terminal often among them, so it
can't be made non-blocking; and room that poll() saw may be gone when another worker writes first.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

ROOM = 1024 * 1024
"""Bytes that wait for a reader who is behind."""
RETRY = 0.25
EXIT_PATIENCE = 0.5
"""Seconds that the end of a process waits for who reads its lines."""


class _Piece(NamedTuple):
    """`gap`: it tells of so many lines that were dropped, and counted, before it."""

    data: bytes
    lines: int
    gap: bool = False


class Sink:
    """A text stream for print() and structlog. Any thread may write; the text is of whole lines.

    `gap` makes the line that stands where so many were dropped. Nothing is raised where the descriptor fails: that
    drops, too; without `gap` it is tried again, until it works.
    """

    def __init__(self, handle: int, gap: Callable[[int], str] | None = None, room: int = ROOM) -> None:
        self._handle = handle
        self._gap = gap
        self._room = room
        self._changed = threading.Condition()
        self._pieces: deque[_Piece] = deque()
        self._bytes = 0
        self._since = 0.0
        self._untold = 0
        self._thread: threading.Thread | None = None
        self.dropped = 0

    def write(self, text: str) -> int:
        """What can't be taken is counted. A gap lasts until all that waits has been read."""
        if not self.offer(text):
            with self._changed:
                self._drop(text.count("\n"))
        return len(text)

    def offer(self, text: str) -> bool:
        """Whether there is room for it."""
        piece = _Piece(text.encode("utf-8", "backslashreplace"), text.count("\n"))
        with self._changed:
            if self._pieces and (self._untold or self._bytes + len(piece.data) > self._room):
                return False
            self._tell_gap()
            self._append(piece)
            if self._thread is None:
                self._thread = threading.Thread(target=self._write_on, name="sink", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return True

    def flush(self) -> None:
        """Streams have it; what is written is on its way already."""

    def drain(self, patience: float = EXIT_PATIENCE) -> bool:
        """Wait until all is written. False if that was not the case in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._pieces, patience)

    def isatty(self) -> bool:
        return os.isatty(self._handle)

    @property
    def waiting(self) -> int:
        """Lines that nobody has taken yet."""
        with self._changed:
            return sum(piece.lines for piece in self._pieces)

    @property
    def stuck(self) -> float:
        """For how many seconds nobody has taken anything, though something waits."""
        with self._changed:
            return time.monotonic() - self._since if self._pieces else 0.0

    # -------------------------------------------------------------- with the lock held

    def _append(self, piece: _Piece) -> None:
        if not self._pieces:
            self._since = time.monotonic()
        self._pieces.append(piece)
        self._bytes += len(piece.data)

    def _drop(self, lines: int) -> None:
        self._untold += lines
        self.dropped += lines

    def _tell_gap(self) -> None:
        if self._untold and self._gap is not None:
            self._append(_Piece(self._gap(self._untold).encode("utf-8"), self._untold, gap=True))
        self._untold = 0

    # -------------------------------------------------------------- in the thread

    def _write_on(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pieces)
                piece = self._pieces[0]
            rest = _put(self._handle, piece.data)
            with self._changed:
                self._written(piece, rest)
                self._changed.notify_all()
            if rest and self._gap is None:
                time.sleep(RETRY)

    def _written(self, piece: _Piece, rest: bytes) -> None:
        if rest and self._gap is None:
            self._pieces[0] = piece._replace(data=rest)
            self._bytes -= len(piece.data) - len(rest)
            return
        self._pieces.popleft()
        self._bytes -= len(piece.data)
        self._since = time.monotonic()
        if rest and piece.gap:
            self._untold += piece.lines
        elif rest:
            self._drop(piece.lines)
        elif not self._pieces:
            self._tell_gap()


def _put(handle: int, data: bytes) -> bytes:
    """What could not be written. Waits for a reader as long as it takes."""
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(handle, left) :]
        except BlockingIOError:  # another process that shares it wants it so
            select.select([], [handle], [])
        except OSError:
            break
    return bytes(left)
