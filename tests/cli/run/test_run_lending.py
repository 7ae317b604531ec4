"""Session keys of a proxy that runs: good as long as the connection that asked, through reloads, takeovers, workers."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from proxy.process.runtime import path_of
from tests.cli.conftest import PATIENCE, crm, keyless, process, written
from tests.ports import free_port

CLIENTS = [{"name": "app", "key": "a-made-up-client-key"}]


class Borrower:
    """The connection of a command that asks."""

    def __init__(self, config: str, *names: str, ask: str = "lend") -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(str(path_of(Path(config), os.environ)))
        self.socket.sendall(json.dumps({"ask": ask, "names": names}).encode() + b"\n")
        with self.socket.makefile("rb") as lines:
            self.said: dict[str, Any] = json.loads(lines.readline())

    @property
    def key(self) -> str:
        return str(self.said["answer"]["key"])


def said(config: str, *names: str, ask: str = "lend") -> dict[str, Any]:
    """What is answered to whoever leaves at once."""
    borrower = Borrower(config, *names, ask=ask)
    borrower.socket.close()
    return borrower.said


def status_of(url: str, key: str) -> int:
    try:
        with urlopen(Request(url, headers={"Authorization": f"Bearer {key}"}), timeout=PATIENCE) as reply:
            return int(reply.status)
    except HTTPError as error:
        with error:
            return error.code


def until(url: str, key: str, status: int) -> None:
    """Workers hear of an end one after the other: so many answers in a row are those of all."""
    deadline, row = time.monotonic() + PATIENCE, 0
    while row < 12:
        row = row + 1 if status_of(url, key) == status else 0
        assert time.monotonic() < deadline, f"{key[:16]} is never {status}"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_key_lives_as_long_as_its_connection(folder: Path, sandbox: str, workers: int) -> None:
    port = free_port()
    more = {"listen": f"127.0.0.1:{port}", "clients": CLIENTS, "workers": workers, "log": {"access": False}}
    path = written(folder, **crm(sandbox, **more))
    url = f"http://127.0.0.1:{port}/crm/echo"
    with process("run", "-c", path) as running:
        running.until(lambda line: line.startswith("status:"))
        first, second = Borrower(path, "exec app", ""), Borrower(path, "exec app", "")
        assert first.said["answer"]["offer"]["routes"][0]["url"] == f"http://127.0.0.1:{port}/crm"
        assert {status_of(url, first.key) for _ in range(12)} == {200}
        listed = keyless("status", "-c", path, "--json").json["sessions"]
        assert [(each["name"], each["routes"]) for each in listed] == [("exec app", ["/crm"]), ("exec app 2", ["/crm"])]
        assert "exec app 2  with its command  /crm" in keyless("status", "-c", path).out
        written(folder, **crm(sandbox, **more | {"anyone": True}))
        running.popen.send_signal(signal.SIGHUP)
        until(url, second.key, 200)
        first.socket.close()
        until(url, first.key, 401)
        assert status_of(url, second.key) == 200
        running.popen.send_signal(signal.SIGTERM)
        assert running.end().code == 0
        second.socket.close()


def test_a_worker_that_is_started_later_knows_it(folder: Path, sandbox: str) -> None:
    port = free_port()
    more = {"listen": f"127.0.0.1:{port}", "clients": CLIENTS, "workers": 2, "log": {"access": False}}
    path = written(folder, **crm(sandbox, **more))
    with process("run", "-c", path) as running:
        running.until(lambda line: line.startswith("status:"))
        borrower = Borrower(path, "exec app", "")
        before = {each["pid"] for each in keyless("status", "-c", path, "--json").json["workers"].values()}
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        pids: set[int | None] = set()
        while len(pids - {None}) < 2 or pids & before:
            done = keyless("status", "-c", path, "--json")
            pids = {each["pid"] for each in done.json["workers"].values()} if done.code == 0 else set()
        until(f"http://127.0.0.1:{port}/crm/echo", borrower.key, 200)
        borrower.socket.close()
        until(f"http://127.0.0.1:{port}/crm/echo", borrower.key, 401)
        running.popen.send_signal(signal.SIGTERM)
        running.end()


def test_a_takeover_brings_keys_and_their_connections(folder: Path, sandbox: str) -> None:
    port = free_port()
    path = written(folder, **crm(sandbox, listen=f"127.0.0.1:{port}", clients=CLIENTS, log={"access": False}))
    url = f"http://127.0.0.1:{port}/crm/echo"
    with process("run", "-c", path) as first:
        first.until(lambda line: line.startswith("status:"))
        held, timed = Borrower(path, "exec app", ""), Borrower(path, "env", "3600")
        with process("run", "--takeover", "-c", path) as second:
            second.until(lambda line: line.startswith("status:"))
            assert first.popen.wait(PATIENCE) == 0
            assert (status_of(url, held.key), status_of(url, timed.key)) == (200, 200)
            held.socket.close()
            until(url, held.key, 401)
            timed.socket.close()
            assert status_of(url, timed.key) == 200
            assert said(path, "env", ask="revoke") == {"answer": {"revoked": ["env"]}}
            until(url, timed.key, 401)
            assert said(path, "env", ask="revoke")["fault"]["code"] == "no_route"
            second.popen.send_signal(signal.SIGTERM)
            assert second.end().code == 0


def test_what_is_asked_wrongly_is_refused(folder: Path, sandbox: str) -> None:
    path = written(folder, **crm(sandbox, log={"access": False}))
    with process("run", "-c", path) as running:
        running.until(lambda line: line.startswith("status:"))
        assert said(path)["fault"]["code"] == "bad_request"
        assert said(path, "env", "soon")["fault"]["code"] == "bad_request"
        assert said(path, "exec app", "", "/cmr")["fault"]["code"] == "no_route"
        running.popen.send_signal(signal.SIGTERM)
        assert running.end().code == 0
