"""What a peer is."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.site import Origin, Site

TOKEN = "bench-token-000001-0123456789abcdef0123456789abcdef"
MANY = 20_000
"""Connections that a peer is set up for, so that 10,000 idle ones are no question of configuration."""
BUSY = 4_096
"""Connections to the API that a peer may keep, so that 2,000 busy ones are not closed and opened again and again."""


@dataclass(frozen=True)
class Setting:
    """One start of one peer. `feature` is '' or a word that keyless alone knows; `secure` asks for a TLS listener."""

    site: Site
    folder: Path
    port: int
    origin: Origin
    feature: str = ""
    secure: bool = False

    def write(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.write_text(text, encoding="utf-8")
        return file


@dataclass(frozen=True)
class Command:
    argv: list[str]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Peer:
    """`missing` tells why it can't run, or nothing. `slow` ones run in the main scenarios only; those that
    are `once` have their turn in the first round only.
    """

    name: str
    title: str
    missing: Callable[[], str | None]
    version: Callable[[], str]
    command: Callable[[Setting], Command] | None
    prefix: str = ""
    slow: bool = False
    once: bool = False
    start_seconds: float = 20.0


def find(program: str) -> str | None:
    """Also where Debian puts servers, which is not on everyone's PATH."""
    return shutil.which(program) or shutil.which(f"/usr/sbin/{program}")


def lacks(program: str, package: str) -> Callable[[], str | None]:
    return lambda: None if find(program) else f"{program} is not installed (Debian: {package})"


def version_of(*argv: str) -> str:
    """The first thing in its output that looks like a version."""
    done = subprocess.run(
        [find(argv[0]) or argv[0], *argv[1:]], capture_output=True, text=True, timeout=60, check=False
    )
    found = re.search(r"\d+\.\d+(\.\d+)?", done.stdout + done.stderr)
    return found[0] if found else "?"
