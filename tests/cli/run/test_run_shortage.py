"""A proxy that has no descriptors left blames this machine alone, and serves again once there are some."""

from __future__ import annotations

import json
import resource
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.cli.conftest import PATIENCE, crm, proxy


def ask(client: socket.socket, path: str) -> tuple[int, Any]:
    """By a connection that stands."""
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    with client.makefile("rb") as reply:
        status, length = int(reply.readline().split()[1]), 0
        while (line := reply.readline()) != b"\r\n":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return status, json.loads(reply.read(length))


def test_at_the_end_of_descriptors_this_machine_is_blamed(tmp_path: Path, sandbox: str) -> None:
    with proxy(tmp_path, **crm(sandbox)) as running, ExitStack() as stack:
        host, port = running.url.removeprefix("http://").split(":")
        pid = running.process.popen.pid
        one = stack.enter_context(socket.create_connection((host, int(port)), PATIENCE))
        two = stack.enter_context(socket.create_connection((host, int(port)), PATIENCE))
        assert ask(one, "/-/healthz")[0] == ask(two, "/-/healthz")[0] == 200
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, before[1]))
        status, answer = ask(one, "/crm/echo")
        assert (status, answer["code"]) == (503, "overloaded")
        assert "the proxy's machine is out of file descriptors" in answer["detail"]
        assert ask(two, "/-/healthz")[0] == 200
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        while ask(one, "/crm/echo")[0] != 200:
            pass
        with urlopen(f"{running.url}/crm/echo", timeout=PATIENCE) as reply:
            assert json.load(reply)["token"] == "good"
        running.process.popen.terminate()
        said = running.process.end().err
    assert 1 <= said.count("this machine is out of file descriptors") <= 3
    assert "can't be reached" not in said


def test_who_comes_when_they_run_out_is_turned_away_in_words(tmp_path: Path, sandbox: str) -> None:
    with proxy(tmp_path, **crm(sandbox)) as running, ExitStack() as stack:
        host, port = running.url.removeprefix("http://").split(":")
        pid = running.process.popen.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (128, before[1]))
        held = [stack.enter_context(socket.create_connection((host, int(port)), PATIENCE)) for _ in range(140)]
        late = b""
        for client in reversed(held):
            with client.makefile("rb") as reply:
                late = late or reply.readline()
            if late:
                break
        assert late == b"HTTP/1.1 503 Service Unavailable\r\n"
        assert ask(held[0], "/crm/echo")[0] == 200, "who was there first is served"
        stack.pop_all().close()
        while True:
            try:
                with urlopen(f"{running.url}/crm/echo", timeout=PATIENCE) as reply:
                    assert reply.status == 200
                break
            except (HTTPError, OSError):
                continue
        running.process.popen.terminate()
        assert "this machine is out of file descriptors" in running.process.end().err


def test_connections_that_no_descriptors_are_left_for_are_warned_of(tmp_path: Path, sandbox: str) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 10_000_000 if hard == resource.RLIM_INFINITY else hard
    with proxy(tmp_path, **crm(sandbox, limits={"max_connections": most})) as running:
        running.process.popen.terminate()
        assert "limits.max_connections can't be reached" in running.process.end().err
