"""A private directory: of the processes that serve one port, for sealed tokens with `store: memory` and their sockets;
or of `keyless exec`, for the files of a program.

Owns: making it, and that the last who leaves removes it. Must not know: what lies in it.

Whoever uses the directory holds a shared flock on it, which the kernel drops however a process ends. Who can have it
exclusively is alone and may remove it: the supervisor at its end; after a kill -9 of the supervisor the last worker;
after a kill -9 of everyone the next supervisor on this machine. systemd-tmpfiles, too, leaves a locked directory alone.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
import tempfile
import time
from pathlib import Path

PREFIX = "keyless-workers-"
_RANDOM = r"[a-z0-9_]{8}"  # as mkdtemp makes them
_RETRY = 0.01


class PrivateFolder:
    """Joined by making one. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = _locked(path, fcntl.LOCK_SH)

    @classmethod
    def new(cls, prefix: str = PREFIX, parent: Path | None = None) -> PrivateFolder:
        """A directory of mode 0700, after those of this prefix that nobody uses any more are gone."""
        parent = parent or Path(tempfile.gettempdir())
        for path in parent.glob(f"{prefix}*"):
            if re.fullmatch(_RANDOM, path.name.removeprefix(prefix)):  # what others keep under a like name is theirs
                _remove_if_deserted(path)
        # Locked before it has the name that others look for.
        private = cls(Path(tempfile.mkdtemp(prefix=f"new-{prefix}", dir=parent)))
        private.path = private.path.rename(parent / private.path.name.removeprefix("new-"))
        return private

    def leave(self, patience: float = 0.0) -> None:
        """Remove it, unless another process is still in it after `patience` seconds. A second call does nothing."""
        if self._lock is None:
            return
        deadline = time.monotonic() + patience
        alone = _is_alone(self._lock)
        while not alone and time.monotonic() < deadline:
            time.sleep(_RETRY)
            alone = _is_alone(self._lock)
        if alone:
            shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)
        self._lock = None


def _remove_if_deserted(path: Path) -> None:
    try:
        about = path.lstat()
        ours = about.st_uid == os.geteuid() and stat.S_ISDIR(about.st_mode) and stat.S_IMODE(about.st_mode) == 0o700
        if not ours:
            return
        lock = _locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return
    shutil.rmtree(path, ignore_errors=True)
    os.close(lock)


def _is_alone(lock: int) -> bool:
    # A conversion that fails gives the shared lock up, so of two who leave at once the second removes.
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _locked(path: Path, how: int) -> int:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, how)
    except OSError:
        os.close(handle)
        raise
    return handle
