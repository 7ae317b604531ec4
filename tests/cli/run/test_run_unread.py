"""Nobody reads what the proxy says: it serves on, answers its health check, and ends when it's told to."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.cli.conftest import PATIENCE, Running, crm, proxy

REQUESTS, AT_ONCE = 10_000, 100
PATH = "/none/" + "x" * 300
REQUEST = f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def ask(running: Running, count: int) -> None:
    """Requests that are logged and need no API."""
    host, port = running.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), PATIENCE) as client, client.makefile("rb") as replies:
        for _ in range(count // AT_ONCE):
            client.sendall(REQUEST * AT_ONCE)
            for _ in range(AT_ONCE):
                assert replies.readline() == b"HTTP/1.1 404 Not Found\r\n"
                length = 0
                while (line := replies.readline()) != b"\r\n":
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                replies.read(length)


def lives(running: Running) -> None:
    with urlopen(f"{running.url}/-/healthz", timeout=PATIENCE) as reply:
        assert json.load(reply) == {"status": "ok"}
    with urlopen(f"{running.url}/crm/echo", timeout=PATIENCE) as reply:
        assert json.load(reply)["token"] == "good"


@pytest.mark.parametrize("workers", [1, 2])
def test_it_serves_and_ends_though_nobody_reads(tmp_path: Path, sandbox: str, workers: int) -> None:
    with proxy(tmp_path, **crm(sandbox, workers=workers)) as running:
        ask(running, REQUESTS)
        lives(running)
        running.process.popen.send_signal(signal.SIGTERM)
        assert running.process.popen.wait(PATIENCE) == 0


@pytest.mark.parametrize("written", ["text", "json"])
def test_who_reads_later_is_told_how_many_lines_are_missing(tmp_path: Path, sandbox: str, written: str) -> None:
    with proxy(tmp_path, **crm(sandbox, log={"format": written})) as running:
        ask(running, REQUESTS)
        lives(running)
        assert running.process.popen.stderr is not None
        handle, said, gap = running.process.popen.stderr.fileno(), b"", None
        while gap is None:
            said += os.read(handle, 65536)
            gap = re.search(rb"log lines dropped.*?lines\W+(\d+)", said)
        running.process.popen.send_signal(signal.SIGTERM)
        rest = running.process.end().err
    seen, missing = said.count(PATH.encode()) + rest.count(PATH), int(gap[1])
    assert missing > REQUESTS / 4
    assert REQUESTS <= seen + missing <= REQUESTS + 10, "every line was read, or counted with some of other kinds"
