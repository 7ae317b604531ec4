"""The README's tour, run as printed: only the ports and the path of the command are this test's own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from proxy.config.load import load
from tests.ports import free_port

ROOT = Path(__file__).parent.parent
TOUR = re.compile(r"<!-- tour -->(.*)<!-- /tour -->", re.DOTALL)
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


class Step(NamedTuple):
    command: str
    expected: str


def steps() -> list[Step]:
    """Every `$ command` of the tour with the output printed under it."""
    tour = TOUR.search((ROOT / "README.md").read_text())
    assert tour is not None
    found = []
    for block in BLOCK.findall(tour[1]):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            found.append(Step(command, expected))
    return found


def matches(expected: str, printed: str) -> bool:
    """`...` stands for anything, also for lines."""
    pattern = ".*".join(re.escape(piece.strip()) for piece in expected.split("..."))
    return re.search(pattern, printed.replace("\r", ""), re.DOTALL) is not None


class Running(NamedTuple):
    folder: Path
    environ: dict[str, str]
    port: int
    sandbox_port: int


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The shipped config in service, on free ports, with no secret set."""
    folder = tmp_path_factory.mktemp("tour")
    port, sandbox_port = free_port(), free_port()
    config = (ROOT / "config.yaml").read_text().replace("127.0.0.1:8080", f"127.0.0.1:{port}")
    (folder / "config.yaml").write_text(config)
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "SANDBOX_URL": f"http://127.0.0.1:{sandbox_port}"}
    process = subprocess.Popen(
        [sys.executable, "-m", "proxy", "run"],
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if str(port).encode() in line:
                break
        yield Running(folder, environ, port, sandbox_port)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        assert process.returncode == 0


@pytest.mark.skipif(shutil.which("curl") is None, reason="the tour is written for curl")
def test_the_tour_works_as_printed(running: Running) -> None:
    assert len(steps()) >= 10
    for step in steps():
        command = step.command.replace(":8080", f":{running.port}").replace(":8089", f":{running.sandbox_port}")
        command = command.replace(".venv/bin/keyless", f"{sys.executable} -m proxy")
        done = subprocess.run(
            command,
            shell=True,
            check=False,
            cwd=running.folder,
            env=running.environ,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert matches(step.expected, done.stdout), f"$ {command}\n{done.stdout}{done.stderr}"


def test_the_example_configs_load(tmp_path: Path) -> None:
    """Each yaml of `Your API` is a config."""
    routes = []
    for block in re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL):
        (tmp_path / "config.yaml").write_text(block)
        loaded = load(tmp_path / "config.yaml", environ={"CRM_CLIENT_SECRET": "made-up-secret"})
        assert all(lacking.names for lacking in loaded.unconfigured.values())
        routes.append(list(loaded.config.routes))
    assert routes == [["/groq", "/feishu"], ["/crm"]]


@pytest.mark.parametrize("file", ["config.yaml", "deploy/config.yaml"])
def test_the_shipped_configs_want_the_variables_that_they_name(file: str) -> None:
    """What stands behind a route, and in .env.example, is what wakes it up."""
    written = (ROOT / file).read_text("utf-8")
    offered = set(re.findall(r"^(\w+)=$", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE))
    loaded = load(ROOT / file, environ={"KEYLESS_CLIENT_KEY": f"sha256:{'ab' * 32}"})
    wanted = {name for lacking in loaded.unconfigured.values() for name in lacking.names}
    assert wanted <= offered
    assert all(name in written for name in wanted)
    assert [warning for warning in loaded.warnings if "to end" in warning.message] == []
