"""Where audit lines go: a file that several processes append to, or standard output.

Owns: the file's lock, rotation, what is done about a tail that a crash has torn. Must not know: what is audited.

One chain for all processes of a file: a line is written under `flock`, tied to whatever line is the last one then. The
lock is held for some microseconds and not waited for for long, since the event loop waits too; who doesn't get it has
an OSError, as when the disk is full. A line is one write(2), not buffered: what a process has
audited survives its kill -9. There is no fsync, so a power failure can cost the last seconds.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from proxy.audit import chain
from proxy.audit.chain import Link, Tail
from proxy.logger import get_logger
from proxy.sink import Sink

log = get_logger("keyless.audit")

MODE = 0o600
LOCK_WAIT = 0.25
LATE = 1.0
"""Seconds that a reader of standard output may take for a line."""
_LOCK_POLL = 0.0005
_TAIL = 8192


class Trail:
    """A file and its rotated ones, `FILE.1` the newest. Opened when there is something to write."""

    def __init__(self, path: Path, rotate: int, keep: int, key: bytes | None) -> None:
        self._path = path
        self._rotate = self._step = rotate
        self._keep = keep
        self._key = key
        self._handle: int | None = None
        self._last: Link | None = None
        self._size = 0
        self._patience = LOCK_WAIT

    late = 0
    """Lines on their way for too long: here they are written, or an error."""

    def append(self, facts: Mapping[str, Any]) -> None:
        """Raises OSError if the line can't be written."""
        with self._locked() as handle:
            if self._size_of(handle) < self._rotate:
                self._write(handle, facts)
                return
            self._shift()
        with self._locked() as handle:
            self._write(handle, facts)

    def check(self) -> None:
        """Raises OSError if lines can't be written."""
        with self._locked() as handle:
            self._end(handle, self._size_of(handle))

    def close(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
            self._size = 0

    # -------------------------------------------------------------- the lock

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """The file that has the name now: another process may have rotated it."""
        while True:
            handle = self._handle = _open(self._path) if self._handle is None else self._handle
            self._lock(handle)
            try:
                if is_named(handle, self._path):
                    yield handle
                    return
            finally:
                fcntl.flock(handle, fcntl.LOCK_UN)
            self.close()

    def _lock(self, handle: int) -> None:
        """A holder that was stopped must not stop us, nor make every request wait: who has failed tries but once."""
        deadline = time.monotonic() + self._patience
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    self._patience = 0.0
                    raise OSError(None, "another process holds its lock") from None
                time.sleep(_LOCK_POLL)
            else:
                self._patience = LOCK_WAIT
                return

    # -------------------------------------------------------------- lines

    def _size_of(self, handle: int) -> int:
        return os.fstat(handle).st_size

    def _write(self, handle: int, facts: Mapping[str, Any]) -> None:
        size = self._size_of(handle)
        found = self._end(handle, size)
        mended, last = self._mended(found, facts["time"])
        line, last = chain.make(facts, last, self._key)
        written = mended + line + b"\n"
        if os.write(handle, written) < len(written):  # the disk is full: no half of a line stays
            with suppress(OSError):
                os.ftruncate(handle, size)
            raise OSError(None, "the disk is full")
        self._last, self._size = last, size + len(written)

    def _end(self, handle: int, size: int) -> Tail:
        """How the file ends; known, unless another process has written since."""
        if self._last is not None and size == self._size and size:
            return Tail(self._last)
        return _read_tail(handle, size)

    def _mended(self, found: Tail, moment: str) -> tuple[bytes, Link]:
        """What has to stand before the next line, and the link that this one is tied to."""
        start = b"\n" if found.open else b""
        if found.link is not None and not found.torn:
            return start, self._later(found.link)
        torn = chain.torn_digest(found.torn) if found.torn else None
        event, after = chain.RECOVERED, found.link
        if after is None:
            after = self._before()
            event = chain.BEGAN if after is None else chain.CONTINUED
        after = chain.beginning(secrets.token_hex(8)) if after is None else self._later(after)
        line, last = chain.make({"time": moment, "event": event, "torn": torn}, after, self._key)
        return start + line + b"\n", last

    def _before(self) -> Link | None:
        """The last line of the file before this one: the newest rotated one, or what we remember of it."""
        try:
            with _numbered(self._path, 1).open("rb") as older:
                return _read_tail(older.fileno(), self._size_of(older.fileno())).link or self._last
        except OSError:
            return self._last

    def _later(self, found: Link) -> Link:
        """Lines that we have seen written and that are gone: the next one is tied to them, so that the gap shows."""
        ours = self._last
        if ours is None or ours.chain != found.chain or ours.seq <= found.seq:
            return found
        log.error("lines of the audit log are gone", file=str(self._path), missing=ours.seq - found.seq)
        return ours

    # -------------------------------------------------------------- rotation

    def _shift(self) -> None:
        """Where the folder can't be written to, the file grows on, and is tried again when it has grown as much."""
        try:
            for number in range(self._keep - 1, 0, -1):
                with suppress(FileNotFoundError):
                    _numbered(self._path, number).rename(_numbered(self._path, number + 1))
            self._path.rename(_numbered(self._path, 1))
            self._rotate = self._step
        except OSError as error:
            self._rotate += self._step
            log.warning("the audit log can't be rotated", file=str(self._path), reason=error.strerror)


class Stream:
    """Standard output. A chain of its own for each process, so that workers can share it.

    A line that nobody takes waits in the sink, where the chain has it already: it comes out once there is a reader.
    """

    def __init__(self, key: bytes | None, sink: Sink, late: float = LATE) -> None:
        self._key = key
        self._sink = sink
        self._late = late
        self._last: Link | None = None

    def append(self, facts: Mapping[str, Any]) -> None:
        """Raises OSError if those before it could not be written in time."""
        if self._sink.stuck > self._late:
            raise OSError(None, "nobody reads it")
        written, last = b"", self._last
        if last is None:
            began = {"time": facts["time"], "event": chain.BEGAN}
            line, last = chain.make(began, chain.beginning(secrets.token_hex(8)), self._key)
            written += line + b"\n"
        line, last = chain.make(facts, last, self._key)
        if not self._sink.offer((written + line + b"\n").decode("utf-8")):
            raise OSError(None, "its reader is too slow")
        self._last = last

    @property
    def late(self) -> int:
        return self._sink.waiting if self._sink.stuck > self._late else 0

    def check(self) -> None:
        """There is nothing to check."""

    def close(self) -> None:
        """It's not ours to close."""
        self._sink.drain(self._late)


def rotated(path: Path) -> list[Path]:
    """All files of a log that are there, the oldest first."""
    names = (name.partition(f"{path.name}.") for name in _names(path.parent))
    numbers = sorted(int(number) for before, _, number in names if not before and number.isdecimal())
    older = [_numbered(path, number) for number in reversed(numbers)]
    return [*older, *([path] if path.exists() else [])]


def _names(folder: Path) -> list[str]:
    try:
        return [each.name for each in folder.iterdir()]
    except OSError:
        return []


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def _open(path: Path) -> int:
    """Read, too: a chain goes on from its last line."""
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, MODE)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(None, "no regular file")
    return handle


def is_named(handle: int, path: Path) -> bool:
    try:
        named, opened = path.stat(), os.fstat(handle)
    except FileNotFoundError:
        return False
    return (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino)


def _read_tail(handle: int, size: int) -> Tail:
    """As much from the end as it takes to find a whole line."""
    wanted = _TAIL
    while True:
        start = max(0, size - wanted)
        data = os.pread(handle, size - start, start)
        found = chain.tail(data if start == 0 else data[data.find(b"\n") + 1 :])
        if found.link is not None or start == 0:
            return found
        wanted *= 8
