"""Keeps this process's secrets from the program that it starts, which runs as the same user.

Owns: what Linux offers for it. Must not know: what is secret. This is hygiene, no sandbox: what the user may read, the
program may.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Collection
from pathlib import Path

_PR_SET_DUMPABLE = 4
_ENVIRONMENT = slice(47, 49)
"""env_start and env_end among the fields of proc_pid_stat(5) that follow the name of the program."""


def hide(variables: Collection[str]) -> None:
    """No other process of this user reads this one's memory or environment from now on; and these variables are gone
    from the environment that it was started with, for root, too.
    """
    if sys.platform != "linux":
        return
    _overwrite(variables)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _overwrite(variables: Collection[str]) -> None:
    """In place, where /proc/PID/environ shows it. What Python knows of it is a copy."""
    try:
        fields = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        start, end = map(int, fields[_ENVIRONMENT])
    except (OSError, ValueError):
        return
    if not 0 < start < end:
        return
    at = start
    for entry in ctypes.string_at(start, end - start).split(b"\0"):
        name, equals, value = entry.partition(b"=")
        if equals and name.decode("utf-8", "replace") in variables:
            ctypes.memset(at + len(name) + 1, 0, len(value))
        at += len(entry) + 1
