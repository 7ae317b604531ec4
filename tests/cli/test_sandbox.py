"""`keyless sandbox`, and which configs want one."""

from __future__ import annotations

import json
import signal
import socket
from urllib.request import urlopen

import pytest

from proxy.cli.sandbox import wanted_by
from proxy.config.model import Config
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


@pytest.mark.parametrize(
    ("prefix", "upstream", "wanted"),
    [
        ("/sandbox", "http://127.0.0.1:8089/oauth2/api", True),
        ("/sandbox/baidu", "http://localhost:9/baidu", True),
        ("/sandbox", "http://[::1]:8089/aiob/api", True),
        ("/sandboxes", "http://127.0.0.1:8089/oauth2/api", False),
        ("/crm", "http://127.0.0.1:8089/oauth2/api", False),
        ("/sandbox", "http://127.0.0.1:8089/v1", False),
        ("/sandbox", "http://127.0.0.1:8089", False),
        ("/sandbox", "http://127.0.0.1/oauth2/api", False),
        ("/sandbox", "https://127.0.0.1:8089/oauth2/api", False),
        ("/sandbox", "http://sandbox.example.com:8089/oauth2/api", False),
    ],
)
def test_who_wants_a_sandbox(prefix: str, upstream: str, wanted: bool) -> None:
    """Only routes that can't mean anything else: no port of the user's is taken by mistake."""
    config = Config.model_validate({"routes": {prefix: {"upstream": upstream, "provider": "none"}}})
    sandbox = wanted_by(config)
    assert (sandbox is not None) is wanted
    assert sandbox is None or upstream.startswith(sandbox.url)
