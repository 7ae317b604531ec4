"""Replies in a folder beside a file store, without a loop: what serve/cache/files.py does in its thread.

Owns: names, whole files, and the bound on all of them. One that was killed while it wrote leaves nothing half written.
Must not know: what is sealed. Calls raise OSError.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

SUFFIX = ".reply"
_TEMP = ".temp"
_OLD = 60.0
"""Seconds after which nobody goes on with a file that was begun."""
_LOOK_AGAIN = 16
"""All files are counted again when a 16th of the room was written: others write here, too."""


class Folder:
    def __init__(self, path: Path, room: int) -> None:
        self.path = path
        self._room = room
        self._written = room  # since all were counted last; they never were

    def write(self, key: bytes, variant: bytes, sealed: bytes) -> None:
        if self._written + len(sealed) > self._room // _LOOK_AGAIN:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_room()
            self._written = 0
        name = f"{key.hex()}-{variant.hex()[:16]}"
        temp = self.path / f"{name}.{os.getpid()}{_TEMP}"
        with os.fdopen(os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(sealed)
        temp.replace(self.path / f"{name}{SUFFIX}")
        self._written += len(sealed)

    def read(self, key: bytes) -> list[bytes]:
        """All variants of it, the latest first."""
        found = sorted(self.path.glob(f"{key.hex()}-*{SUFFIX}"), key=lambda path: -path.stat().st_mtime_ns)
        return [path.read_bytes() for path in found]

    def _make_room(self) -> None:
        """The oldest go, until a 16th of the room is free."""
        with suppress(FileNotFoundError):  # another process makes room as well
            known = [(path.stat().st_mtime, path.stat().st_size, path) for path in self.path.glob(f"*{SUFFIX}")]
            size = sum(size for _, size, _ in known)
            for _, freed, path in sorted(known):
                if size <= self._room - self._room // _LOOK_AGAIN:
                    break
                path.unlink(missing_ok=True)
                size -= freed
            for path in self.path.glob(f"*{_TEMP}"):
                if time.time() - path.stat().st_mtime > _OLD:
                    path.unlink(missing_ok=True)
