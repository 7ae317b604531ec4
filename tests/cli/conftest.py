"""Commands in this process, a sandbox in a thread of its own beside them, and the proxy as a process with signals."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

import pytest
import yaml
from typer.testing import CliRunner

from proxy.cli import app
from proxy.sandbox import KEY, SECRET, Sandbox
from tests.ports import free_port

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 60
"""Seconds that a process may take to say or do something; it takes a fraction of one."""


class Outcome(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def keyless(*words: str, environ: Mapping[str, str] | None = None, stdin: bytes = b"") -> Outcome:
    """One command, as the shell would call it."""
    done = CliRunner().invoke(app, words, env=dict(environ or {}), input=stdin, catch_exceptions=False)
    return Outcome(done.exit_code, done.stdout, done.stderr)


@pytest.fixture
def folder() -> Iterator[Path]:
    """For configs and private directories; short, since a unix socket's path may have 107 bytes."""
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[str]:
    """The URL of a sandbox."""
    ready: Future[str] = Future()
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()

    async def serve() -> None:
        async with Sandbox() as running:
            ready.set_result(running.url)
            await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    yield ready.result(PATIENCE)
    loop.call_soon_threadsafe(ended.set)
    thread.join(PATIENCE)
    loop.close()


def control(url: str, path: str, **document: Any) -> Any:
    """Turn one of the sandbox's switches, or read its counters."""
    body = json.dumps(document).encode() if path != "state" else None
    with urlopen(Request(f"{url}/control/{path}", data=body), timeout=PATIENCE) as reply:
        return json.load(reply)


def written(folder: Path, **config: Any) -> str:
    """The path of a config file with this content."""
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({"listen": "127.0.0.1:0"} | config, sort_keys=False), encoding="utf-8")
    return str(path)


def crm(url: str, **more: Any) -> dict[str, Any]:
    """A config with one route, to the sandbox's OAuth2 API."""
    provider = {"scheme": "oauth2", "token_url": f"{url}/oauth2/token", "client_id": KEY, "client_secret": SECRET}
    route = {"upstream": f"{url}/oauth2/api", "provider": "crm"}
    return {"providers": {"crm": provider}, "routes": {"/crm": route}} | more


@pytest.fixture
def config(tmp_path: Path, sandbox: str) -> str:
    return written(tmp_path, **crm(sandbox))


@contextmanager
def untouched() -> Iterator[str]:
    """A URL where nobody may have connected when it's over."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


@dataclass
class Process:
    """`keyless` on its own, for what has to do with signals."""

    popen: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    def until(self, holds: Callable[[str], bool]) -> str:
        """The next line of stdout that is what the test waits for."""
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self.said.append(line)
            if holds(line):
                return line
        pytest.fail(f"it ended, having said {self.said}, and {self.popen.communicate()[1]}")

    def end(self) -> Outcome:
        out, err = self.popen.communicate(timeout=PATIENCE)
        return Outcome(self.popen.returncode, "".join(self.said) + out, err)


@contextmanager
def process(*words: str, stdin: int | None = None, **environ: str) -> Iterator[Process]:
    command = [sys.executable, "-m", "proxy", *words]
    own = {name: os.environ[name] for name in ("PATH", "XDG_RUNTIME_DIR", "XDG_STATE_HOME")}
    environ = {"PYTHONPATH": str(ROOT), **own, **environ}
    with subprocess.Popen(
        command,
        env=environ,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as popen:
        # Whoever waits for a line that never comes is told what did.
        watchdog = threading.Timer(PATIENCE, popen.kill)
        watchdog.start()
        try:
            yield Process(popen)
        finally:
            watchdog.cancel()
            popen.kill()


class Running(NamedTuple):
    """A proxy as its own process."""

    process: Process
    config: str
    url: str


@contextmanager
def proxy(folder: Path, environ: Mapping[str, str] | None = None, **config: Any) -> Iterator[Running]:
    port = free_port()
    path = written(folder, **({"listen": f"127.0.0.1:{port}"} | config))
    with process("run", "-c", path, **(environ or {})) as started:
        started.until(lambda line: line.startswith("status:"))
        yield Running(started, path, f"http://127.0.0.1:{port}")
