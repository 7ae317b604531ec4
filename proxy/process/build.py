"""Which build of Keyless this process runs, and whether another one counts from the next start.

Owns: where a build that is made beside a running proxy lies (compile_beside.py makes it). Must not know: who asks.

Each build has a folder of its own. The switch, which Python reads when it starts, leads to the one that counts: so a
process never sees two, whatever is built meanwhile.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from enum import StrEnum
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import NamedTuple

from proxy import clock

UNFINISHED = "unfinished-"
"""Begins the name of the folder in which the process of that number builds."""


class Build(StrEnum):
    """What runs, and what will from the next start on."""

    COMPILED = "compiled"
    SOURCES = "sources"
    COMPILING = "sources, compiling"
    NEXT = "sources, compiled at the next start"


class Place(NamedTuple):
    """The folder of all builds, and the switch."""

    builds: Path
    switch: Path

    def under_way(self) -> bool:
        return any(_lives(folder.name.removeprefix(UNFINISHED)) for folder in self.builds.glob(f"{UNFINISHED}*"))


HERE = Place(Path(sys.prefix) / "keyless-builds", Path(sysconfig.get_path("purelib")) / "keyless-compiled.pth")


def running(place: Place = HERE) -> Build:
    if str(clock.__file__).endswith(tuple(EXTENSION_SUFFIXES)):
        return Build.COMPILED
    if place.switch.exists():
        return Build.NEXT
    return Build.COMPILING if place.under_way() else Build.SOURCES


def _lives(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, OSError):
        return False
    return True
