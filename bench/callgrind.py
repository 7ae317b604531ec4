"""What a process executes in user space, counted by Valgrind's callgrind: the same count on a noisy machine.

Owns: how a process is started under it, told to count, and how its files are read. Must not know: proxies.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

FILES = "callgrind"
"""Dumps are written beside each other: callgrind.1, callgrind.2."""
SLOWER = 20
"""Times the seconds that a start may take, while it is not counting yet."""
PATIENCE = 60.0


class CountError(Exception):
    """The message has the last words of the program that was asked."""


def missing() -> str | None:
    """Why nothing can be counted here."""
    return None if shutil.which("valgrind") else "valgrind is not installed (Debian: valgrind)"


def under(argv: Sequence[str], folder: Path) -> list[str]:
    """The command that runs `argv` where it can be counted, and does not count yet."""
    return ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={folder / FILES}", *argv]


def begin(pid: int) -> None:
    """Count from here on. Raises CountError."""
    _tell(pid, "--instr=on")


def count(pid: int, folder: Path) -> int:
    """Instructions since the last count, or since the beginning. Raises CountError."""
    before = set(folder.glob(f"{FILES}.*"))
    _tell(pid, "--dump")
    written = set(folder.glob(f"{FILES}.*")) - before
    if len(written) != 1:
        raise CountError(f"callgrind wrote {len(written)} files, and not one")
    return total(written.pop().read_text(encoding="utf-8", errors="replace"))


def total(dump: str) -> int:
    """Of all functions in a file of callgrind's. Raises CountError."""
    for line in reversed(dump.splitlines()):
        name, _, value = line.partition(":")
        if name in ("totals", "summary"):
            return int(value.split()[0])
    raise CountError("callgrind's file has no total")


def _tell(pid: int, word: str) -> None:
    argv = ["callgrind_control", word, str(pid)]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CountError(f"callgrind_control {word}: {error}") from None
    told = done.stdout + done.stderr
    if done.returncode or "Error:" in told:  # a process that is not there is no failure to it
        raise CountError(f"callgrind_control {word}: {told.strip()[:300]}")
