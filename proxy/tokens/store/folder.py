"""A directory of sealed records, without a loop: what `tokens/store/file.py` does in its threads.

Owns: durability (temp, fsync, rename, fsync of the directory) and the fence. One file per key; its first line is the
generation in clear, so that a write can be fenced without opening the seal. Calls raise OSError.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from proxy.logger import get_logger
from proxy.tokens.store import NOTED
from proxy.tokens.store.key_file import make

log = get_logger("keyless.store")

SUFFIX = ".sealed"
NOTE_SUFFIX = ".note"
WRITE_LOCK = "write.lock"
PROOF = "proof.temp"
WRITE_LOCK_WAIT = 2.0
_WRITE_LOCK_POLL = 0.005


class Folder:
    """Makes `path` with mode 0700. Raises OSError, or ValueError with the command that mends it.

    `key`: the file in it that holds the key of its records, and the key.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.key: tuple[Path, str] | None = None
        for folder in (path.parent, path):  # `parents` would have a mode of their own, and the state folder may be one
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = path.stat()
        if about.st_uid != os.geteuid():
            raise ValueError(f"{path} belongs to another user; run: chown -R {os.geteuid()} {path}")
        if stat.S_IMODE(about.st_mode) & 0o077:
            raise ValueError(f"{path} is open to others; run: chmod 700 {path}")

    def read(self, key: str) -> bytes | None:
        found = self._read(key)
        if found is not None and found[0] is None:
            self.set_aside(key, found[1], "torn")
            return None
        return None if found is None else found[1]

    def replace(self, key: str, sealed: bytes, generation: int, below: int) -> bool:
        """False if what is there is not of a generation below `below`."""
        with self._writing():
            known = self._read(key)
            if known is not None and known[0] is not None and known[0] >= below:
                return False
            self._put_back_key()
            self._write(key, b"%d\n%b" % (generation, sealed))
            return True

    def _put_back_key(self) -> None:
        """Whoever emptied the directory took the key, too: what is sealed with it could never be opened again."""
        if self.key is not None and not self.key[0].exists():
            make(*self.key)
            log.warning("the key file had gone, and was put back", file=str(self.key[0]))

    def delete(self, key: str) -> None:
        with self._writing():
            self._path(key).unlink(missing_ok=True)
            self._note(key).unlink(missing_ok=True)
            self._sync()

    def note(self, key: str) -> bytes | None:
        try:
            return self._note(key).read_bytes()
        except FileNotFoundError:
            return None

    def renote(self, key: str, before: bytes | None, after: bytes) -> bool:
        """False if it is not `before`. Not durable: each refusal writes one, and none is worth waiting for a disk."""
        with self._writing():
            if self.note(key) != before:
                return False
            temp = self._note(key).with_suffix(f"{NOTE_SUFFIX}.temp")
            with os.fdopen(os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(after)
            temp.rename(self._note(key))
            return True

    def set_aside(self, key: str, sealed: bytes, why: str) -> None:
        with self._writing():
            found = self._read(key)
            if found is None or found[1] != sealed:
                return  # another process has written a better one meanwhile
            aside = self._path(key).with_suffix(f".{why}")
            self._path(key).replace(aside)
        log.warning("a stored record was set aside", why=why, file=str(aside))

    def keys(self) -> list[str]:
        return sorted(path.name.removesuffix(SUFFIX) for path in self.path.glob(f"*{SUFFIX}"))

    def stamps(self) -> dict[str, tuple[int, int]]:
        """What changes with every write, of records and of notes, by the word that is heard of it.

        An inode alone would not change: it is used again once its file is gone.
        """
        stamps = {}
        for suffix, heard in ((SUFFIX, ""), (NOTE_SUFFIX, NOTED)):
            for path in self.path.glob(f"*{suffix}"):
                try:
                    about = path.stat()
                except FileNotFoundError:
                    continue
                stamps[path.name.removesuffix(suffix) + heard] = (about.st_ino, about.st_mtime_ns)
        return stamps

    def changed(self) -> int:
        """The directory's mtime: a rename changes it, so a quiet store costs its watchers one call."""
        return self.path.stat().st_mtime_ns

    def prove(self) -> None:
        """What a write does, to a file that is no record."""
        with self._writing():
            (self.path / PROOF).write_bytes(b"proof")
            (self.path / PROOF).unlink()
            self._sync()

    def open_lock(self, key: str) -> int:
        return os.open(self.path / f"{key}.lock", os.O_RDWR | os.O_CREAT, 0o600)

    # -------------------------------------------------------------- files

    def _path(self, key: str) -> Path:
        return self.path / f"{key}{SUFFIX}"

    def _note(self, key: str) -> Path:
        return self.path / f"{key}{NOTE_SUFFIX}"

    def _read(self, key: str) -> tuple[int | None, bytes] | None:
        """Generation and sealed bytes; without a generation all bytes of a torn file."""
        try:
            written = self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        generation, _, sealed = written.partition(b"\n")
        if not generation.isdigit() or len(generation) > 18 or not sealed:
            return None, written
        return int(generation), sealed

    def _write(self, key: str, content: bytes) -> None:
        # The name is fixed, so that what a crash leaves behind is written over by the next one.
        temp = self._path(key).with_suffix(".temp")
        try:
            with os.fdopen(os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temp.rename(self._path(key))
        except OSError:
            temp.unlink(missing_ok=True)
            raise
        self._sync()

    def _sync(self) -> None:
        handle = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One writer at a time, for the milliseconds between its look and its rename; a lease lasts a whole mint."""
        handle = os.open(self.path / WRITE_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            deadline = time.monotonic() + WRITE_LOCK_WAIT
            while not try_lock(handle):
                if time.monotonic() >= deadline:
                    raise OSError(None, "another process holds write.lock")
                time.sleep(_WRITE_LOCK_POLL)
            yield
        finally:
            os.close(handle)


def try_lock(handle: int) -> bool:
    """flock: the kernel releases it however the holder ends."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
