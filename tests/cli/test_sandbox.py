"""`keyless sandbox`."""

from __future__ import annotations

import json
import signal
import socket
from urllib.request import urlopen

from tests.cli.conftest import PATIENCE, process


def test_it_serves_until_it_is_told_to_stop() -> None:
    with process("sandbox", "--port", "0", "--lifetime", "5") as started:
        url = started.until(lambda line: line.startswith("sandbox on ")).split()[-1]
        started.until(lambda line: "Ctrl-C" in line)
        with urlopen(f"{url}/control/state", timeout=PATIENCE) as reply:
            assert json.load(reply)["switches"]["lifetime"] == 5
        started.popen.send_signal(signal.SIGINT)
        done = started.end()
    assert (done.code, done.err) == (0, "")
    assert "sandbox-key" in done.out
    assert f"{url}/oauth2/token" in done.out
    assert "/baidu/oauth/2.0/token" in done.out


def test_a_taken_port_is_1_and_one_line() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        process("sandbox", "--port", str(taken.getsockname()[1])) as started,
    ):
        done = started.end()
    assert (done.code, done.out) == (1, "")
    assert done.err.count("\n") == 1
