"""Commands that are stopped from another thread; how they print and fail otherwise: tests/config/secrets/sources."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from proxy.command import Command, CommandFailed, Stop

STARTED = "started"
HANGS = f"""
import pathlib, subprocess
child = subprocess.Popen(["sleep", "60"])
pathlib.Path("new").write_text(str(child.pid))
pathlib.Path("new").rename("{STARTED}")
child.wait()
"""


def hanging(folder: Path, timeout: float = 60.0) -> Command:
    """It starts another, and says so in a file."""
    return Command([sys.executable, "-c", HANGS], folder, timeout, {})


def lives(pid: int) -> bool:
    """A zombie that nobody has fetched yet is dead."""
    with suppress(OSError):
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def appears(path: Path) -> bool:
    deadline = time.monotonic() + 30
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return path.exists()


def dies(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while lives(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not lives(pid)


def test_a_stop_ends_it_with_all_that_it_started(tmp_path: Path) -> None:
    stop, failures = Stop(), []

    def run() -> None:
        with pytest.raises(CommandFailed) as failed:
            hanging(tmp_path).output(stop)
        failures.append(str(failed.value))

    thread = threading.Thread(target=run)
    thread.start()
    assert appears(tmp_path / STARTED)
    stop.ask()
    thread.join()
    stop.close()
    assert failures == ["the command was stopped"]
    assert dies(int((tmp_path / STARTED).read_text()))


def test_what_is_set_for_it_is_kept_out_of_its_last_words(tmp_path: Path) -> None:
    code = "import os, sys; sys.exit('no account ' + os.environ['ACCOUNT'] + os.environ['PATH'][:0])"
    with pytest.raises(CommandFailed) as failed:
        Command([sys.executable, "-c", code], tmp_path, 10.0, {}, {"ACCOUNT": "hush-hush"}).output()
    assert (str(failed.value), failed.value.detail) == ("the command ended with exit code 1", "no account ***")
    assert failed.value.at_start is False


@pytest.mark.parametrize("argv", [[], [""], ["no-such-command-here"], ["."], ["a\0b"]])
def test_what_is_no_command_never_ran(tmp_path: Path, argv: list[str]) -> None:
    with pytest.raises(CommandFailed, match="can't be started") as failed:
        Command(argv, tmp_path, 10.0, {}).output()
    assert failed.value.at_start


def test_a_repr_shows_none_of_its_words(tmp_path: Path) -> None:
    assert "hush" not in repr(Command(["a", "--key=hush"], tmp_path, 1.0, {"A": "hush"}, {"B": "hush"}))
