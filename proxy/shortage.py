"""What this machine has run out of: file descriptors, memory. Whoever fails for that says so, and blames nobody else.

Owns: the limit of descriptors, telling such errors from others, and one log line now and then. Must not know: what was
wanted.
"""

from __future__ import annotations

import errno
import math
import os
import time
from contextlib import suppress
from typing import Final

from proxy.errors import Fault
from proxy.logger import get_logger

try:
    import resource
except ImportError:  # Windows knows no such limit
    resource = None  # type: ignore[assignment]

log = get_logger("keyless.shortage")

MOST: Final = 1024 * 1024
"""A limit beyond this one is none; commands that close all that they may have inherited would take seconds for it."""
TOLD_EVERY: Final = 10.0
PER_CONNECTION: Final = 2
"""Descriptors: the client's, and one to the API."""
SPARE: Final = 64
"""Descriptors for all else: listeners, files, calls to issuers."""
_OF_DESCRIPTORS = frozenset((errno.EMFILE, errno.ENFILE))
_OF_MEMORY = frozenset((errno.ENOMEM, errno.ENOBUFS))
_told = -math.inf


def raise_limit() -> None:
    """As many descriptors as the system lets this process have; those that it starts have them, too."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # some systems have a lower bound that they don't tell
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def limit() -> float:
    """How many descriptors this process may have."""
    if resource is None:
        return math.inf
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return math.inf if soft == resource.RLIM_INFINITY else soft


def is_nearly_out(descriptor: int) -> bool:
    """New ones get the lowest free number, so one tells how many there are. What is left is for those being served."""
    most = limit()
    return descriptor >= most - min(SPARE, most / 8)


def of(error: BaseException) -> str | None:
    """What was missing, if that was the reason. A lookup of a name fails with any error where it can open no socket."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) in _OF_MEMORY:
        return "memory"
    if getattr(error, "errno", None) in _OF_DESCRIPTORS or _is_out():
        return "file descriptors (`ulimit -n`)"
    return None


def tell(lack: str) -> Fault:
    """What a client is told that can't be served; the operator is told now and then."""
    global _told  # noqa: PLW0603 -- one process, one shortage
    if time.monotonic() - _told > TOLD_EVERY:
        _told = time.monotonic()
        log.error(f"this machine is out of {lack}", limit=limit())
    return Fault("overloaded", f"the proxy's machine is out of {lack}", retry_after=1.0)


def _is_out() -> bool:
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno in _OF_DESCRIPTORS
    return False
