"""`keyless env`: lines that shells evaluate, the key that stands in them, and its end."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from proxy.cli.env import Shell, written
from tests.cli import conftest
from tests.cli.conftest import PATIENCE, Process, keyless, process
from tests.cli.run.test_run_lending import status_of, until
from tests.ports import free_port

NASTY = "it's \"a\" $(touch x) `y` \\ \\' %z; #\u00e9"


def config(folder: Path, sandbox: str, **more: Any) -> str:
    routes = {"/openai": {"provider": "openai", "upstream": f"{sandbox}/control"}}
    listen = f"127.0.0.1:{free_port()}"
    return conftest.written(folder, routes=routes, listen=listen, log={"access": False}, **more)


def listening(running: Process) -> None:
    running.until(lambda line: line.startswith("status:"))


def test_a_shell_gets_the_very_text() -> None:
    lines = written({"A": NASTY, "B": ""}, Shell.SH)
    script = f'{lines}\nprintf "%s|%s" "$A" "$B"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, timeout=PATIENCE, check=True)
    assert done.stdout.decode() == f"{NASTY}|"


@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish here")
def test_fish_gets_the_very_text() -> None:
    script = f'{written({"A": NASTY}, Shell.FISH)}\nprintf "%s" "$A"'
    done = subprocess.run(["fish", "-c", script], capture_output=True, timeout=PATIENCE, check=True)
    assert done.stdout.decode() == NASTY


def test_the_other_languages() -> None:
    assert written({"A": r"a'b\c"}, Shell.FISH) == r"set -gx A 'a\'b\\c'"
    assert written({"A": "a'b$c"}, Shell.POWERSHELL) == "$env:A = 'a''b$c'"
    assert json.loads(written({"B": "", "A": NASTY}, Shell.JSON)) == {"A": NASTY, "B": ""}


def test_without_clients_the_key_is_a_word(folder: Path, sandbox: str) -> None:
    path = config(folder, sandbox)
    with process("run", "-c", path) as running:
        listening(running)
        told = keyless("env", "-c", path, "--shell", "json").json
        assert told["OPENAI_API_KEY"] == "kls_none"
        assert status_of(told["OPENAI_BASE_URL"], told["OPENAI_API_KEY"]) == 424  # that it is told a secret is missing
        assert "sessions" not in keyless("status", "-c", path, "--json").json
        assert "export OPENAI_API_KEY=kls_none\n" in keyless("env", "-c", path, "/openai").out
        running.popen.send_signal(signal.SIGTERM)
        running.end()


def test_with_clients_it_is_lent_listed_and_taken_back(folder: Path, sandbox: str) -> None:
    path = config(folder, sandbox, clients=[{"name": "app", "key": "a-made-up-client-key"}])
    with process("run", "-c", path) as running:
        listening(running)
        told = keyless("env", "-c", path, "--shell", "json", "--for", "2h").json
        url, key = told["OPENAI_BASE_URL"], told["OPENAI_API_KEY"]
        assert status_of(url, key) == 424
        (listed,) = keyless("status", "-c", path, "--json").json["sessions"]
        assert listed["name"] == "env"
        assert round(listed["until"] - listed["since"]) == 7200
        assert keyless("env", "-c", path, "--revoke", "env").out == "env: taken back\n"
        until(url, key, 401)
        assert keyless("env", "-c", path, "--revoke", "env").code == 1
        assert keyless("env", "-c", path, "/nowhere").code == 2
        brief = keyless("env", "-c", path, "--shell", "json", "--for", "1s").json
        until(url, brief["OPENAI_API_KEY"], 401)
        running.popen.send_signal(signal.SIGTERM)
        running.end()


def test_it_needs_a_proxy_that_runs(folder: Path, sandbox: str) -> None:
    done = keyless("env", "-c", config(folder, sandbox))
    assert done.code == 1
    assert "`keyless run` starts one" in done.err
    assert keyless("env", environ={"XDG_CONFIG_HOME": str(folder), "KEYLESS_CONFIG": ""}).code == 2


@pytest.mark.parametrize("lifetime", ["soon", "0", "-1h"])
def test_a_wrong_time_is_usage(folder: Path, sandbox: str, lifetime: str) -> None:
    path = config(folder, sandbox)
    with process("run", "-c", path) as running:
        listening(running)
        done = keyless("env", "-c", path, f"--for={lifetime}")
        assert done.code == 2
        assert done.err.startswith("--for: ")
        running.popen.send_signal(signal.SIGTERM)
        running.end()
