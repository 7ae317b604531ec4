"""How the process that serves holds its memory. What glibc's allocator is told, others have no need of, or no way."""

from __future__ import annotations

import ctypes
import sys

KEPT = 16 * 1024 * 1024
LARGEST = 4 * 1024 * 1024

_TRIM_THRESHOLD = -1  # malloc.h
_MMAP_THRESHOLD = -3


def keep_freed_memory() -> None:
    """Keep up to KEPT bytes of what was freed, and serve blocks up to LARGEST from it.

    Large bodies pass in chunks of a quarter MiB. Given back to the system at each free and asked for anew, page by
    page, they cost up to four times the CPU; whether glibc does that depends on what else lies at its heap's end.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, KEPT)
        mallopt(_MMAP_THRESHOLD, LARGEST)
