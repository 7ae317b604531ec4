"""`keyless run` as processes whose secrets rotate and whose config is edited: one worker, and two."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import yaml

from proxy.sandbox import KEY, SECRET
from tests.cli.conftest import PATIENCE, Process, control, crm, process, written
from tests.ports import free_port

NEW = "a-new-secret-for-the-sandbox"


@pytest.fixture
def folder(folder: Path) -> Path:
    """With a secret in a file."""
    (folder / "secret").write_text(SECRET)
    return folder


def config(url: str, **more: Any) -> dict[str, Any]:
    made = crm(url, **more)
    made["providers"]["crm"]["client_secret"] = "${file:secret}"
    return made


def swap(path: Path, content: str) -> None:
    temp = path.with_name(".new")
    temp.write_text(content)
    temp.rename(path)


def status_of(url: str) -> int:
    try:
        with urlopen(url, timeout=PATIENCE) as reply:
            reply.read()
            return int(reply.status)
    except HTTPError as error:
        error.close()
        return error.code


class Traffic(threading.Thread):
    """One client that asks again as soon as it's answered, on a new connection: all workers get some."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.statuses: Counter[int | str] = Counter()
        self.url = url
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.is_set():
            try:
                self.statuses[status_of(self.url)] += 1
            except OSError as error:
                self.statuses[type(error).__name__] += 1

    def __enter__(self) -> Traffic:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.join()


def until_it_holds(started: Process, holds: Callable[[], bool]) -> None:
    """What happens in other processes can only be asked for again and again."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert started.popen.poll() is None, "it ended"
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def known(url: str) -> Any:
    with urlopen(f"{url}/-/status", timeout=PATIENCE) as reply:
        return json.load(reply)


def generations(url: str) -> list[int]:
    """Of each worker's token."""
    status = known(url)
    each = (
        [worker["providers"] for worker in status["workers"].values()] if "workers" in status else [status["providers"]]
    )
    return [providers["crm"]["generation"] for providers in each if "crm" in providers]


def pid_of_first(url: str) -> int | None:
    """None while it's down, or while whoever asks is cut off by its death."""
    try:
        pid: int | None = known(url)["workers"]["0"]["pid"]
    except OSError:
        return None
    return pid


@pytest.mark.parametrize("workers", [1, 2])
def test_trap_18_a_rotated_secret_reaches_every_worker_under_load(folder: Path, issuer: str, workers: int) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    path = written(folder, **config(issuer, workers=workers, listen=f"127.0.0.1:{port}", log={"access": False}))
    with process("run", "-c", path, TMPDIR=str(folder)) as started:
        started.until(lambda line: line.startswith("status:"))
        until_it_holds(started, lambda: generations(url) == [1] * workers)
        urlopen(Request(f"{url}/-/providers/crm/expire", method="POST"), timeout=PATIENCE).close()
        until_it_holds(started, lambda: status_of(f"{url}/crm/echo") == 200 and 1 not in generations(url))
        with Traffic(f"{url}/crm/echo") as traffic:
            control(issuer, "set", keys={KEY: NEW})
            swap(folder / "secret", NEW)
            until_it_holds(started, lambda: generations(url) == [1] * workers)  # the first of the new secret's own
            assert control(issuer, "state")["mints"]["oauth2"] == 3
            control(issuer, "void")  # who still had the old secret would fail now
            seen = traffic.statuses.total()
            until_it_holds(started, lambda: traffic.statuses.total() > seen + 50)
        started.popen.send_signal(signal.SIGTERM)
        done = started.end()
    assert set(traffic.statuses) == {200}
    assert done.err.count("secret changed") == 1
    assert SECRET not in done.err
    assert NEW not in done.err


def test_a_worker_that_is_started_later_has_the_new_secret(folder: Path, issuer: str) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    path = written(folder, **config(issuer, workers=2, listen=f"127.0.0.1:{port}"))
    with process("run", "-c", path, TMPDIR=str(folder)) as started:
        started.until(lambda line: line.startswith("status:"))
        until_it_holds(started, lambda: control(issuer, "state")["mints"].get("oauth2") == 1)
        control(issuer, "set", keys={KEY: NEW})
        swap(folder / "secret", NEW)
        until_it_holds(started, lambda: control(issuer, "state")["mints"].get("oauth2") == 2)
        victim = known(url)["workers"]["0"]["pid"]
        os.kill(victim, signal.SIGKILL)
        until_it_holds(started, lambda: pid_of_first(url) not in (None, victim))
        control(issuer, "void")
        assert {status_of(f"{url}/crm/echo") for _ in range(20)} == {200}


@pytest.mark.parametrize("workers", [1, 2])
def test_trap_40_run_reload_takes_an_edit_over_and_keeps_the_old_config_when_it_is_broken(
    folder: Path, issuer: str, workers: int
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    before = config(issuer, workers=workers, listen=f"127.0.0.1:{port}", log={"access": False})
    path = Path(written(folder, **before))
    with process("run", "-c", str(path), TMPDIR=str(folder)) as started:
        started.until(lambda line: line.startswith("status:"))
        with Traffic(f"{url}/crm/echo") as traffic:
            after = before | {"routes": before["routes"] | {"/more": before["routes"]["/crm"]}}
            swap(path, yaml.safe_dump(after))
            until_it_holds(started, lambda: {status_of(f"{url}/more/echo") for _ in range(8)} == {200})
            swap(path, "routes: [")
            swap(path, yaml.safe_dump(before))
            until_it_holds(started, lambda: {status_of(f"{url}/more/echo") for _ in range(8)} == {404})
        started.popen.send_signal(signal.SIGTERM)
        done = started.end()
    assert set(traffic.statuses) == {200}
    assert control(issuer, "state")["mints"]["oauth2"] == 1
    assert "routes_added=/more\n" in done.err
    assert "routes_removed=/more\n" in done.err


@pytest.mark.parametrize(("workers", "switch"), [(1, "--no-reload"), (2, "--no-reload"), (1, "--reload")])
def test_a_hang_up_reads_the_config_again_and_other_signals_do_nothing(
    folder: Path, issuer: str, workers: int, switch: str
) -> None:
    """With `--reload`, an edit that is held back until then."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    before = config(issuer, workers=workers, listen=f"127.0.0.1:{port}", log={"access": False})
    path = Path(written(folder, **before))
    with process("run", switch, "-c", str(path), TMPDIR=str(folder), stdin=subprocess.DEVNULL) as started:
        started.until(lambda line: line.startswith("status:"))
        until_it_holds(started, lambda: status_of(f"{url}/crm/echo") == 200)
        after = config(issuer, **{key: before[key] for key in ("workers", "listen", "log")})
        after["routes"] |= {"/more": before["routes"]["/crm"]}
        after["providers"]["crm"]["client_secret"] = "${exec:cat secret}"
        swap(path, yaml.safe_dump(after))
        if switch == "--reload":
            until_it_holds(started, lambda: "held_back" in known(url))
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            started.popen.send_signal(number)
        assert {status_of(f"{url}/more/echo") for _ in range(8)} == {404}
        started.popen.send_signal(signal.SIGHUP)
        until_it_holds(started, lambda: {status_of(f"{url}/more/echo") for _ in range(8)} == {200})
        assert "held_back" not in known(url)
        started.popen.send_signal(signal.SIGTERM)
        done = started.end()
    assert done.code == 0


def test_a_terminal_that_is_closed_ends_it(folder: Path, issuer: str) -> None:
    ours, theirs = os.openpty()
    path = written(folder, **config(issuer))
    with process("run", "-c", path, TMPDIR=str(folder), stdin=theirs) as started:
        started.until(lambda line: line.startswith("status:"))
        started.popen.send_signal(signal.SIGHUP)
        done = started.end()
    os.close(ours)
    os.close(theirs)
    assert (done.code, done.out.splitlines()[-1]) == (0, "stopping")
