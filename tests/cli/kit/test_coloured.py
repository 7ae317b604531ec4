"""Help in colours, on a terminal only, and else the same."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.cli.conftest import ROOT

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
WIDTH = {"COLUMNS": "80", "LINES": "24"}


def on_terminal(*words: str, **environ: str) -> str:
    master, line = os.openpty()
    command = [sys.executable, "-m", "proxy", *words]
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM", "FORCE_COLOR")}
    with subprocess.Popen(command, stdout=line, cwd=ROOT, env={**kept, **WIDTH, "TERM": "xterm", **environ}):
        os.close(line)
        seen = b""
        while piece := _read(master):
            seen += piece
    os.close(master)
    return seen.decode().replace("\r\n", "\n")


def _read(master: int) -> bytes:
    try:
        return os.read(master, 65536)
    except OSError:  # nobody holds the other end any more
        return b""


def piped(*words: str) -> str:
    command = [sys.executable, "-m", "proxy", *words]
    return subprocess.run(
        command, stdout=subprocess.PIPE, cwd=ROOT, env=os.environ | WIDTH, text=True, check=True
    ).stdout


@pytest.mark.parametrize("words", [("--help",), ("run", "--help"), ("store", "--help"), ("store", "list", "--help")])
def test_colours_are_all_that_differs(words: tuple[str, ...]) -> None:
    plain, coloured = piped(*words), on_terminal(*words)
    assert "\x1b" not in plain
    assert "\x1b[1mUsage: \x1b[0m" in coloured
    assert "\x1b[36m" in coloured
    assert ESCAPES.sub("", coloured) == plain


def test_who_wants_no_colour_gets_none() -> None:
    assert on_terminal("run", "--help", NO_COLOR="1") == piped("run", "--help")
