"""The key file beside a file store, for those who configure no key.

Owns: its making, so that of many processes that start at once all get the same. Must not know: what is sealed.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from proxy.config.secrets.seal import Seal, Unsealable, new_key

__all__ = ["Seal", "Unsealable", "key_file", "new_key"]


def key_file(path: Path) -> str:
    """The key in `path`, made with mode 0600 if there is none. Raises OSError, or ValueError for one that won't do."""
    if not path.exists():
        make(path, new_key())
    about = path.stat()
    if about.st_uid != os.geteuid():
        raise ValueError(f"{path} belongs to another user; run: chown {os.geteuid()} {path}")
    if stat.S_IMODE(about.st_mode) & 0o077:
        raise ValueError(f"{path} can be read by others; run: chmod 600 {path}")
    key = path.read_text(encoding="ascii", errors="replace").strip()
    if not key:
        raise ValueError(f"{path} is empty; put the key back, or remove the file to begin anew without what is stored")
    return key


def make(path: Path, key: str) -> None:
    """Whole or not at all: a link can't be seen half written, and the first one stays. Raises OSError."""
    temp = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(temp)
    except FileExistsError:
        pass
    finally:
        temp.unlink()
