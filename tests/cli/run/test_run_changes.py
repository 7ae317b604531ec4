"""Ten edits of the config, and three processes in turn, while clients call: none of them notices."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from pathlib import Path

import yaml

from tests.cli.conftest import PATIENCE, Process, control, crm, process, written
from tests.cli.run.test_run_reload import status_of, swap, until_it_holds
from tests.cli.run.test_run_takeover import Load
from tests.ports import free_port

EDITS = 10
TAKEOVERS = 3


def test_ten_reloads_lose_no_request(folder: Path, issuer: str) -> None:
    port = free_port()
    made = crm(issuer, listen=f"127.0.0.1:{port}", log={"access": False})
    path = Path(written(folder, **made))
    with ExitStack() as stack:
        started = _serving(stack, str(path))
        load = stack.enter_context(Load(("127.0.0.1", port)))
        for number in range(EDITS):
            made["routes"][f"/crm{number}"] = made["routes"]["/crm"]
            swap(path, yaml.safe_dump(made))
            url = f"http://127.0.0.1:{port}/crm{number}/echo"
            until_it_holds(started, lambda url=url: status_of(url) == 200)  # type: ignore[misc]
            load.more(20)
        load.__exit__()
    assert set(load.seen) == {"200"}
    assert control(issuer, "state")["mints"]["oauth2"] == 1


def test_three_hand_overs_lose_no_request(folder: Path, issuer: str) -> None:
    port = free_port()
    path = written(folder, **crm(issuer, listen=f"127.0.0.1:{port}", log={"access": False}))
    with ExitStack() as stack:
        current = _serving(stack, path)
        with Load(("127.0.0.1", port)) as load:
            for _ in range(TAKEOVERS):
                former, current = current, _serving(stack, path)
                assert former.popen.wait(PATIENCE) == 0
                load.more(100)
        current.popen.send_signal(signal.SIGTERM)
        assert current.end().code == 0
    assert set(load.seen) == {"200"}
    assert control(issuer, "state")["mints"]["oauth2"] == 1


def _serving(stack: ExitStack, path: str) -> Process:
    started = stack.enter_context(process("run", "--takeover", "-c", path))
    started.until(lambda line: line.startswith("status:"))
    return started
