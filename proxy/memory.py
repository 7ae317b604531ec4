"""Memory that a crowd of connections has left behind goes back to the system.

Owns: when that is worth a pause, and how it is done. Must not know: connections.

glibc keeps what is freed between two blocks in use until it is asked. Python's own allocator keeps a whole MiB for each
block of it in use, and nothing makes it let go: what Python keeps for later is dropped first, and still some dozen
blocks of a crowd's live on, each in a MiB of its own. All goes back only with PYTHONMALLOC=malloc, which is in the
environment of the image, and costs 3 to 5 % of CPU (docs/operate.md).
"""

from __future__ import annotations

import ctypes
import gc
import sys

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
    if gc.get_freeze_count():
        _drop_spare()
    trim(0)
    return True


def _drop_spare() -> None:
    """What Python keeps at hand. It lies where the crowd's lay: 16 MiB stay with it after 9,500 connections.

    Where nothing is frozen (process/garbage.py) we are guests in somebody's program: to search that may take long.
    """
    # The names that attributes were last looked up by. asyncio's C code makes a new one for each socket it connects.
    clear = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache  # noqa: SLF001 -- before 3.13
    clear()
    gc.collect()  # only a full one empties the lists of spare tuples, dicts and the like
