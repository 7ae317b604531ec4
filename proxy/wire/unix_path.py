"""The place of a unix socket in the file system.

Owns: whose it is when somebody wants to listen there. Must not know: what is said over it.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path


def clear(path: str) -> None:
    """Remove the socket of a process that has ended. Raises OSError if one still listens there."""
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):  # noqa: PTH116 -- as it was written
            return
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink(missing_ok=True)
            return
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
