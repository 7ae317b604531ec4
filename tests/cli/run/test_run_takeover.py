"""A new process takes the place of one that runs, and nobody who calls meanwhile notices."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from proxy.process.runtime import path_of
from tests.cli.conftest import PATIENCE, ROOT, control, crm, keyless, process, written
from tests.ports import free_port

LOAD = 2
"""Clients at once, each with a connection per request: refusals show at connecting."""


class Load:
    """New connections without end. `seen`: statuses, or what went wrong."""

    def __init__(self, *addresses: Any) -> None:
        self.seen: Counter[str] = Counter()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(each,)) for each in addresses for _ in range(LOAD)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        self.more(50)
        return self

    def __exit__(self, *exc: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def more(self, count: int) -> None:
        wanted = self.seen.total() + count
        while self.seen.total() < wanted:
            self._ended.wait(0.01)

    def _run(self, address: Any) -> None:
        while not self._ended.is_set():
            try:
                self.seen[self._ask(address)] += 1
            except OSError as error:
                self.seen[type(error).__name__] += 1

    def _ask(self, address: Any) -> str:
        with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as client:
            client.settimeout(PATIENCE)
            client.connect(address)
            client.sendall(b"GET /crm/echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            reply = b""
            while piece := client.recv(65536):
                reply += piece
            return reply[9:12].decode() or "nothing"


def test_nobody_is_refused_and_tokens_and_rates_go_along(folder: Path, issuer: str) -> None:
    port = free_port()
    unix = str(folder / "unix.sock")
    config = crm(issuer, listen=[f"127.0.0.1:{port}", f"unix:{unix}"], log={"access": False})
    config["providers"]["crm"]["exclusive"] = True
    config["routes"]["/rated"] = config["routes"]["/crm"] | {"rate": ["1000/day"]}
    path = written(folder, **config)
    with process("run", "--takeover", "-c", path) as first:  # though there is nothing to take over
        first.until(lambda line: line.startswith("status:"))
        with urlopen(f"http://127.0.0.1:{port}/rated/echo", timeout=PATIENCE) as reply:
            assert "r=999" in reply.headers["RateLimit"]
        with Load(("127.0.0.1", port), unix) as load, process("run", "--takeover", "-c", path) as second:
            second.until(lambda line: line.startswith("status:"))
            assert first.popen.wait(PATIENCE) == 0
            load.more(200)
            with process("run", "--takeover", "-c", path) as third:
                third.until(lambda line: line.startswith("status:"))
                assert second.popen.wait(PATIENCE) == 0
                load.more(200)
                with urlopen(f"http://127.0.0.1:{port}/rated/echo", timeout=PATIENCE) as reply:
                    assert "r=998" in reply.headers["RateLimit"]
                assert keyless("status", "-c", path, "--json").json["providers"]["crm"]["generation"] == 1
                load.__exit__()
                third.popen.send_signal(signal.SIGTERM)
                assert third.end().code == 0
    assert set(load.seen) == {"200"}
    assert control(issuer, "state")["mints"]["oauth2"] == 1


def test_a_routes_own_address_goes_along(folder: Path, issuer: str) -> None:
    main, own = free_port(), free_port()
    config = crm(issuer, listen=f"127.0.0.1:{main}", log={"access": False})
    config["routes"]["/own"] = config["routes"]["/crm"] | {"listen": f"127.0.0.1:{own}"}
    config["routes"]["/own"]["upstream"] += "/echo?of="
    path = written(folder, **config)
    with process("run", "-c", path) as first:
        shown = first.until(lambda line: line.strip().startswith("/own"))
        assert f"/own = http://127.0.0.1:{own} " in shown
        first.until(lambda line: line.startswith("status:"))
        with Load(("127.0.0.1", own)) as load, process("run", "--takeover", "-c", path) as second:
            second.until(lambda line: line.startswith("status:"))
            assert first.popen.wait(PATIENCE) == 0
            load.more(100)
            load.__exit__()
            second.popen.send_signal(signal.SIGTERM)
            assert second.end().code == 0
    assert set(load.seen) == {"200"}


def test_who_breaks_off_leaves_the_other_one_running(folder: Path, issuer: str) -> None:
    """Also with tokens: it mints again, which it had ceased to do."""
    port = free_port()
    config = crm(issuer, listen=f"127.0.0.1:{port}")
    config["providers"]["crm"]["exclusive"] = True
    path = written(folder, **config)
    with process("run", "-c", path) as first:
        first.until(lambda line: line.startswith("status:"))
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path_of(Path(path), os.environ)))
            client.sendall(b'{"ask": "takeover"}\n')
            _, descriptors, _, _ = socket.recv_fds(client, 65536, 16)
            assert len(descriptors) == 1
            for descriptor in descriptors:
                os.close(descriptor)
        while True:
            try:
                with urlopen(f"http://127.0.0.1:{port}/crm/echo", timeout=PATIENCE) as reply:
                    assert json.load(reply)["token"] == "good"
                break
            except OSError:
                continue
        first.popen.send_signal(signal.SIGTERM)
        assert "has broken off" in first.end().err


def hang_up(door: socket.socket) -> None:
    door.accept()[0].close()


def test_one_that_runs_and_does_not_answer_is_not_taken_for_none(folder: Path, issuer: str) -> None:
    path = written(folder, **crm(issuer))
    where = path_of(Path(path), os.environ)
    where.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(where))
        door.listen(1)
        closing = threading.Thread(target=hang_up, args=(door,))
        closing.start()
        done = keyless("run", "--takeover", "-c", path)
        closing.join()
    where.unlink()
    assert done.code == 1
    assert "the proxy that runs can't be asked" in done.err


def test_several_workers_can_not_be_taken_over(folder: Path, issuer: str) -> None:
    path = written(folder, **crm(issuer, workers=2))
    done = keyless("run", "--takeover", "-c", path)
    assert done.code == 2
    assert "systemd" in done.err


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("own", [False, True], ids=["all", "one route"])
def test_systemd_holds_the_socket_while_one_goes_and_the_next_comes(
    folder: Path, issuer: str, workers: int, own: bool
) -> None:
    """As it does: descriptor 3, and the variables that name it. Connections wait in the socket's queue meanwhile."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as door:
        port = door.getsockname()[1]
        config = crm(issuer, workers=workers, store=f"file:{folder / 'store'}")
        config["listen"] = f"127.0.0.1:{free_port() if own else port}"
        if own:
            route = config["routes"]["/crm"]
            alone = {"listen": f"127.0.0.1:{port}", "upstream": f"{route['upstream']}/echo?of="}
            config["routes"]["/own"] = route | alone
        path = written(folder, **config, log={"access": False})
        with _started(door, path) as first:
            _until_listening(first)
            with Load(("127.0.0.1", port)) as load:
                first.send_signal(signal.SIGTERM)
                assert first.wait(PATIENCE) == 0
                with _started(door, path) as second:
                    _until_listening(second)
                    load.more(100)
                    load.__exit__()
                    second.send_signal(signal.SIGTERM)
                    assert second.wait(PATIENCE) == 0
    assert set(load.seen) == {"200"}


def _started(door: socket.socket, path: str) -> subprocess.Popen[str]:
    script = f"""import os, sys
os.dup2({door.fileno()}, 3)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.executable, [sys.executable, "-m", "proxy", "run", "-c", {path!r}])"""
    environ = {name: os.environ[name] for name in ("PATH", "XDG_RUNTIME_DIR")}
    return subprocess.Popen(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(ROOT), "LISTEN_FDS": "1", **environ},
        pass_fds=(door.fileno(),),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _until_listening(started: subprocess.Popen[str]) -> None:
    assert started.stdout is not None
    for line in started.stdout:
        if line.startswith("status:"):
            return
    pytest.fail("it ended")
