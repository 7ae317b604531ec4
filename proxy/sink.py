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
EXIT_PATIENCE = 0.5
"""Seconds that the end of a process waits for who reads its lines."""


class _Piece(NamedTuple):
    data: bytes
    lines: int


class Sink:
    """A text stream for print() and structlog. Any thread may write; the text is of whole lines.

    `gap` makes the line that stands where so many were dropped. A descriptor that fails drops, too: nothing is raised.
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
        self.offer(text)
        return len(text)

    def offer(self, text: str) -> bool:
        """Whether it was taken; else its lines are counted. A gap lasts until all that waits has been read."""
        piece = _piece(text)
        with self._changed:
            if self._pieces and (self._untold or self._bytes + len(piece.data) > self._room):
                self._drop(piece.lines)
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
            self._append(_Piece(_piece(self._gap(self._untold)).data, self._untold))
        self._untold = 0

    # -------------------------------------------------------------- in the thread

    def _write_on(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pieces)
                piece = self._pieces[0]
            is_written = _put(self._handle, piece.data)
            with self._changed:
                self._pieces.popleft()
                self._bytes -= len(piece.data)
                self._since = time.monotonic()
                if not is_written:
                    self._drop(piece.lines)
                elif not self._pieces:
                    self._tell_gap()
                self._changed.notify_all()


def _piece(text: str) -> _Piece:
    return _Piece(text.encode("utf-8", "backslashreplace"), text.count("\n") or 1)


def _put(handle: int, data: bytes) -> bool:
    """Waits as long as it takes."""
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(handle, left) :]
        except BlockingIOError:  # another process that shares it wants it so
            select.select([], [handle], [])
        except OSError:
            return False
    return True
