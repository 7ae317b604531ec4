"""`keyless completion`, read by a real shell where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import keyless

ASK = """
source /dev/stdin
COMP_WORDS=({words}) COMP_CWORD={at}
_keyless_completion keyless
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("keyless ex", ["explain", "exec", "expire"]),
        ("keyless run --ta", ["--takeover"]),
        ("keyless completion po", ["powershell"]),
    ],
)
def test_bash_completes_with_it(words: str, expected: list[str], tmp_path: Path) -> None:
    program = tmp_path / "keyless"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m proxy "$@"\n')
    program.chmod(0o755)
    script = keyless("completion", "bash").out
    ask = ASK.format(words=words, at=len(words.split()) - 1)
    environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(Path.cwd())}
    command = ["bash", "--norc", "-c", ask]
    done = subprocess.run(command, input=script, env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.split() == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_each_shell_has_its_own(shell: str) -> None:
    done = keyless("completion", shell)
    assert (done.code, done.err) == (0, "")
    assert "_KEYLESS_COMPLETE" in done.out


def test_another_shell_is_2() -> None:
    assert keyless("completion", "tcsh").code == 2
