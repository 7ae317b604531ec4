"""`keyless run --offline`, as processes: what was kept before kill -9 answers afterwards, and nobody is asked."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.cli.conftest import PATIENCE, control, crm, keyless, process, written
from tests.ports import free_port


def get(port: int, path: str) -> tuple[int, bytes, str | None]:
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", path)
    reply = connection.getresponse()
    told = reply.status, reply.read(), reply.headers.get("Cache-Status")
    connection.close()
    return told


def until(holds: Callable[[], bool]) -> None:
    """Of another process's files."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("workers", [1, 2])
def test_kept_replies_survive_kill_9_and_answer_alone(folder: Path, sandbox: str, workers: int) -> None:
    port = free_port()
    config = crm(sandbox, store="file:state", listen=f"127.0.0.1:{port}", workers=workers)
    config["routes"]["/crm"]["cache"] = "60s"
    path = written(folder, **config)
    with process("run", "-c", path) as first:
        first.until(lambda line: line.startswith("status:"))
        status, body, said = get(port, "/crm/echo?a=1")
        assert (status, said) == (200, "keyless; fwd=uri-miss; stored")
        until(lambda: bool(list(folder.glob("state/cache/*.reply"))))
        first.popen.send_signal(signal.SIGKILL)
        first.end()
    asked = control(sandbox, "state")
    with process("run", "-c", path, "--offline") as second:
        second.until(lambda line: line.startswith("offline: "))
        second.until(lambda line: line.startswith("status:"))
        assert get(port, "/crm/echo?a=1")[:2] == (200, body)
        missing, problem, _ = get(port, "/crm/echo?a=2")
        assert (missing, json.loads(problem)["code"]) == (504, "offline")
        second.popen.send_signal(signal.SIGTERM)
        assert second.end().code == 0
    assert control(sandbox, "state") == asked


@pytest.mark.parametrize("store", [{}, {"store": "memory"}])
def test_it_needs_files(tmp_path: Path, sandbox: str, store: dict[str, str]) -> None:
    done = keyless("run", "--offline", "-c", written(tmp_path, **crm(sandbox, **store)))
    assert (done.code, "set `store: file:DIR`" in done.err) == (2, True)
