"""Memory that a crowd of connections has left behind goes back to the system.

Owns: when that is worth a pause, and how it is done. Must not know: connections.

glibc keeps what is freed between two blocks in use until it is asked. Python's own allocator keeps a whole MiB for each
block of it in use, and nothing makes it let go: so a crowd is forgotten only with PYTHONMALLOC=malloc, which is in the
environment of the image, and costs 3 to 5 % of CPU (docs/operate.md).
"""

from __future__ import annotations

import ctypes

CROWD = 1000
"""Connections at once; fewer leave nothing behind that is worth a pause."""
GONE = 4
"""A crowd has gone when no more than one in so many is still there."""
SETTLED = 20.0
"""Seconds after which what the crowd had used is free, too: connections to APIs are kept for 15."""


def has_gone(most: int, left: int) -> bool:
    """`most`: how many there were at once, before no more than `left` of them were left."""
    return most >= CROWD and left * GONE <= most


def give_back() -> bool:
    """Some milliseconds for a hundred MiB. False where the C library has no word for it."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # musl and macOS; Windows has no library without a name
        return False
    trim(0)
    return True
