"""Words to whoever has started this process and waits until it serves: systemd, with `Type=notify`.

Owns: the form of such words (sd_notify(3)). Must not know: what it is that serves.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping

VARIABLE = "NOTIFY_SOCKET"
READY = "READY=1"
STOPPING = "STOPPING=1"


def notify(words: str, environ: Mapping[str, str]) -> None:
    """Nothing happens where nobody has asked, or whoever has is gone: serving does not depend on it."""
    address = environ.get(VARIABLE, "")
    if not address.startswith(("/", "@")) or not hasattr(socket, "AF_UNIX"):
        return
    where = f"\0{address[1:]}" if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.sendto(words.encode(), where)
    except OSError:
        return
