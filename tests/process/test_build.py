"""What a process knows of its build, and of the next one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from proxy import clock
from proxy.process.build import UNFINISHED, Build, Place, running

SOURCES = str(clock.__file__).endswith(".py")


def place(folder: Path) -> Place:
    return Place(folder / "builds", folder / "keyless-compiled.pth")


def expected(build: Build) -> Build:
    return build if SOURCES else Build.COMPILED


def test_with_nothing_built(tmp_path: Path) -> None:
    assert running(place(tmp_path)) is expected(Build.SOURCES)


def test_while_one_is_being_built(tmp_path: Path) -> None:
    here = place(tmp_path)
    (here.builds / f"{UNFINISHED}{os.getpid()}").mkdir(parents=True)
    assert running(here) is expected(Build.COMPILING)


def test_what_a_killed_build_left_is_none(tmp_path: Path) -> None:
    here = place(tmp_path)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (here.builds / f"{UNFINISHED}{gone.pid}").mkdir(parents=True)
    (here.builds / f"{UNFINISHED}else").mkdir()
    assert running(here) is expected(Build.SOURCES)


def test_once_one_is_ready(tmp_path: Path) -> None:
    here = place(tmp_path)
    here.switch.write_text("")
    assert running(here) is expected(Build.NEXT)
