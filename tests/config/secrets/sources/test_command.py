"""`${exec:}`: commands that print, fail, hang, and say too much."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from proxy.config.secrets.sources import Around, Unavailable
from proxy.config.secrets.sources.command import Source


def run(folder: Path, command: str, timeout: float = 10.0, **variables: str) -> str:
    return Source(Around(folder, variables), timeout)(command)


def python(code: str) -> str:
    return f"{sys.executable} -c '{code}'"


@pytest.mark.parametrize(
    ("command", "value"),
    [
        ("echo hello", "hello"),
        ("printf 'a\\n\\n'", "a\n"),
        ("printf 'a\\r\\n'", "a"),
        ("echo 'two words' $HOME ; cat", "two words $HOME ; cat"),  # no shell
        ("cat", None),  # nothing on stdin
        ("pwd", "."),
    ],
)
def test_what_it_prints(tmp_path: Path, command: str, value: str | None) -> None:
    if value is None:
        with pytest.raises(Unavailable, match="printed nothing"):
            run(tmp_path, command)
    else:
        assert run(tmp_path, command) == (str(tmp_path) if value == "." else value)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("no-such-command-here", "can't be started (no such file or directory)"),
        ("false", "ended with exit code 1"),
        (python("import os; os.kill(os.getpid(), 9)"), "ended with signal 9"),
        (python('print("x" * 70000)'), "more than 65536 bytes"),
        (python('import sys; sys.stdout.buffer.write(b"\\xff")'), "no UTF-8"),
    ],
)
def test_failures(tmp_path: Path, command: str, message: str) -> None:
    with pytest.raises(Unavailable) as failed:
        run(tmp_path, command)
    assert message in str(failed.value)


def test_stderr_is_for_operators_and_holds_no_secret(tmp_path: Path) -> None:
    said = "first line\\nno item printed-one for op-token-here aB3dE6gH9jK2mN5p"
    code = f'import sys; print("printed-one"); sys.exit("{said}")'
    with pytest.raises(Unavailable) as failed:
        run(tmp_path, python(code), OP_SESSION_TOKEN="op-token-here")
    assert str(failed.value) == "the command ended with exit code 1"
    assert failed.value.detail == "no item *** for *** ***"


def test_what_hangs_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    child_of = 'p = subprocess.Popen(["sleep", "60"]); pathlib.Path("pid").write_text(str(p.pid)); p.wait()'
    code = f"import subprocess, pathlib; {child_of}"
    with pytest.raises(Unavailable, match="more than 2 s"):
        run(tmp_path, python(code), timeout=2.0)
    child = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 10
    while _lives(child):
        assert time.monotonic() < deadline
    assert not _lives(child)


def _lives(pid: int) -> bool:
    """A zombie that nobody has fetched yet is dead."""
    with suppress(OSError):
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
