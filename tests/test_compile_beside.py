"""What `make run` compiles beside counts from the next start, whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from compile_beside import CAUSE, CompileError, Make, beside
from proxy.process.build import UNFINISHED, Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "site").mkdir()
    return Place(tmp_path / "builds", tmp_path / "site" / "keyless-compiled.pth")


def made(folder: Path) -> Path:
    code = folder / "code"
    code.mkdir()
    (code / "told.py").write_text(f"print({folder.name!r})")
    return code


def broken(error: BaseException) -> Make:
    def make(folder: Path) -> Path:
        made(folder)
        raise error

    return make


def build(place: Place, number: int, make: Make = made, current: Callable[[], bool] = lambda: True) -> str:
    folder = place.builds / f"{UNFINISHED}{number}"
    folder.mkdir(parents=True)
    return beside(place, folder, current, make)


def started(place: Place) -> str:
    """What a process says that starts now."""
    code = "import site, sys; site.addsitedir(sys.argv[1]); import told"
    command = [sys.executable, "-I", "-c", code, str(place.switch.parent)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_newest_counts(place: Place) -> None:
    for number in (1, 2, 3):
        assert "next start" in build(place, number)
        assert started(place) == f"{UNFINISHED}{number}"


def test_the_one_before_is_kept_for_what_still_runs_it(place: Place) -> None:
    for number in range(4):
        build(place, number)
        os.utime(place.builds / str(number), (number, number))
    assert sorted(folder.name for folder in place.builds.iterdir()) == ["2", "3"]


@pytest.mark.parametrize(
    ("error", "said"),
    [(CompileError("no Python.h"), "no Python.h"), (OSError("disk full"), "disk full"), (KeyboardInterrupt(), "")],
)
def test_one_that_is_broken_off_leaves_what_was(place: Place, error: BaseException, said: str) -> None:
    assert said in build(place, 1, broken(error))
    assert list(place.builds.iterdir()) == []
    assert not place.switch.exists()
    build(place, 2)
    build(place, 3, broken(error))
    assert started(place) == f"{UNFINISHED}2"


def test_sources_that_are_newer_than_the_build_go_on(place: Place) -> None:
    assert build(place, 1, current=lambda: False) == ""
    assert not place.switch.exists()


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (
            "error: subprocess-exited-with-error\n\n  a.c:1: fatal error: Python.h: No such file\n  error: command\n",
            "Python.h: No such file",
        ),
        (
            "ERROR: No matching distribution found for mypy\nnote: not pip's\n",
            "No matching distribution found for mypy",
        ),
        ("Traceback\nModuleNotFoundError: No module named 'x'\n", "No module named 'x'"),
    ],
)
def test_the_cause_is_what_was_wrong_first(said: str, cause: str) -> None:
    found = CAUSE.search(said)
    assert found is not None
    assert found[1] == cause
