"""The command itself: its help, its version, wrong usage, and an end that nobody foresaw."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from proxy import __version__
from proxy.cli import COMMANDS
from tests.cli.conftest import PATIENCE, ROOT, keyless, process, written


def test_help_names_every_command() -> None:
    done = keyless("--help")
    assert done.code == 0
    assert all(f"  {name} " in done.out for name in COMMANDS)
    assert "Send one request through the config" in done.out, "in its own words"


def test_every_file_of_a_command_is_one() -> None:
    for name in COMMANDS:
        assert keyless(name, "--help").code == 0


def test_version() -> None:
    assert keyless("--version") == (0, f"keyless {__version__}\n", "")


@pytest.mark.parametrize("words", [["nonsense"], ["run", "--nonsense"], ["token"], ["client", "nonsense"]])
def test_wrong_usage_is_2(words: list[str]) -> None:
    done = keyless(*words)
    assert (done.code, done.out) == (2, "")
    assert done.err


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("audit", "client", "store")])
def test_c_works_with_every_command(name: str) -> None:
    assert keyless(name, "-c", "elsewhere.yaml", "--help").code == 0


def test_a_missing_config_is_2(tmp_path: Path) -> None:
    for words in (["run"], ["explain", "GET", "/"], ["call", "GET", "/"], ["token", "x"], ["status"], ["expire", "x"]):
        done = keyless(*words, "-c", str(tmp_path / "none.yaml"))
        assert (done.code, done.out) == (2, "")
        assert done.err.endswith("none.yaml:1: file: not found\n")


def test_help_cuts_no_sentence_within_code() -> None:
    assert "authority, which `tls: local` shows. seal" in " ".join(keyless("--help").out.split())


def test_help_is_quick_because_it_imports_no_command() -> None:
    look = (
        "import sys; from proxy.cli import app; app(['--help'], standalone_mode=False);"
        "assert not {'aiohttp', 'pydantic', 'yaml', 'rich'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", look], cwd=ROOT, check=True, capture_output=True)


def test_ctrl_c_is_130_without_a_traceback(tmp_path: Path) -> None:
    """In the middle of a token request that nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as issuer:
        issuer.settimeout(PATIENCE)
        url = f"http://127.0.0.1:{issuer.getsockname()[1]}/token"
        provider = {"scheme": "oauth2", "token_url": url, "client_id": "id", "client_secret": "a-made-up-secret"}
        path = written(tmp_path, providers={"slow": provider})
        with process("token", "slow", "-c", path) as waiting, issuer.accept()[0]:
            waiting.popen.send_signal(signal.SIGINT)
            done = waiting.end()
    assert done.code == 130
    assert "Traceback" not in done.err


@pytest.mark.parametrize("words", [["--help"], ["token", "--help"], ["token", "--nonsense"], ["check"], ["presets"]])
def test_no_colour_but_on_a_terminal(tmp_path: Path, words: list[str]) -> None:
    done = keyless(*words, *(["-c", written(tmp_path)] if words == ["check"] else []), environ={"FORCE_COLOR": "1"})
    assert "\x1b" not in done.out + done.err


def test_a_bug_shows_where_but_no_value() -> None:
    raising = (
        "import proxy.cli as cli\n"
        "def broken(prog_name): raise ValueError('a-made-up-secret')\n"
        "cli.app = broken\n"
        "cli.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", raising], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ValueError" in done.stderr
    assert "broken" in done.stderr
    assert "a-made-up-secret" not in done.stderr


CLOSED = (
    "import os, sys; os.close(int(sys.argv.pop(1)));"
    "os.execv(sys.executable, [sys.executable, '-m', 'proxy', *sys.argv[1:]])"
)


@pytest.mark.parametrize("closed", ["0", "1", "2"])
def test_a_daemon_may_have_no_streams(closed: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", CLOSED, closed, "check", "-c", written(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=ROOT)
    assert done.returncode == 0
    assert "internal error" not in done.stdout + done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has it")
def test_a_full_disk_is_told_as_that(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "proxy", "check", "-c", written(tmp_path)]
    with open("/dev/full", "w") as full:  # noqa: PTH123 -- a device
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False, cwd=ROOT
        )
    assert (done.returncode, done.stderr) == (1, "keyless: No space left on device\n")


def test_a_hang_up_during_the_start_ends_nothing(tmp_path: Path, sandbox: str) -> None:
    """The command says that it runs by opening one pipe, and ends when the other one is written."""
    began, go = tmp_path / "began", tmp_path / "go"
    for pipe in (began, go):
        os.mkfifo(pipe)
    command = tmp_path / "secret"
    command.write_text(f"#!/bin/sh\necho x > {began}\ncat {go}\n")
    command.chmod(0o700)
    provider = {"scheme": "static", "token": f"${{exec:{command}}}"}
    route = {"upstream": sandbox, "provider": "p"}
    path = written(tmp_path, providers={"p": provider}, routes={"/p": route})
    with process("run", "-c", path, stdin=subprocess.DEVNULL) as started:
        assert began.read_text() == "x\n"
        started.popen.send_signal(signal.SIGHUP)
        go.write_text("a-secret-token\n")
        started.until(lambda line: line.startswith("status:"))
        started.popen.send_signal(signal.SIGTERM)
        assert started.end().code == 0
