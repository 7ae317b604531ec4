"""`keyless run` as a process: what it says, how it starts in bad company, how it ends."""

from __future__ import annotations

import json
import signal
import socket
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from proxy.cli.run.said import stopping
from tests.cli.conftest import PATIENCE, ROOT, crm, keyless, process, proxy, written
from tests.ports import free_port


def get(url: str) -> bytes:
    with urlopen(url, timeout=PATIENCE) as reply:
        body: bytes = reply.read()
        return body


def test_it_says_where_and_what_is_ready(tmp_path: Path, sandbox: str) -> None:
    config = crm(sandbox)
    config["providers"]["asleep"] = {"scheme": "static", "token": "${NOT_SET_ANYWHERE}"}
    config["routes"]["/asleep"] = {"upstream": "https://api.example.com/v1?key=hidden", "provider": "asleep"}
    person = {
        "scheme": "oauth2",
        "grant": "device_code",
        "client_id": "c",
        "client_auth": "none",
        "token_url": sandbox,
        "device_url": sandbox,
    }
    config["providers"]["person"] = person
    config["routes"]["/person"] = {"upstream": "https://www.example.com", "provider": "person"}
    config["routes"]["/plain"] = {"upstream": "https://www.example.com", "provider": "none"}
    with proxy(tmp_path, **config) as running:
        assert json.loads(get(f"{running.url}/crm/echo"))["token"] == "good"
        running.process.popen.send_signal(signal.SIGINT)
        done = running.process.end()
    assert done.code == 0
    first, *table = done.out.splitlines()
    assert running.url in first
    assert [line.split() for line in table[:4]] == [
        ["/crm", f"{sandbox}/oauth2/api", "crm", "ready"],
        ["/asleep", "https://api.example.com/v1?key=***", "asleep", "asleep:", "set", "NOT_SET_ANYWHERE"],
        [
            "/person",
            "https://www.example.com",
            "person",
            *["ready", "once", "someone", "has", "logged", "in:", "`keyless", "login", "person`"],
        ],
        ["/plain", "https://www.example.com", "none", "ready,", "without", "a", "credential"],
    ]
    assert table[4].startswith("status: ")
    assert "\x1b" not in done.out


def test_it_says_which_client_keys_have_expired_and_starts(tmp_path: Path, sandbox: str) -> None:
    key = {"key": "0123456789abcdef", "expires": "2020-01-31"}
    with proxy(tmp_path, **crm(sandbox, clients=[{"name": "one", "key": key}])) as running:
        running.process.popen.send_signal(signal.SIGINT)
        done = running.process.end()
    assert done.code == 0
    told = "clients[0].key: the key of one has expired (2020-01-31); `keyless client new` makes the next one"
    assert f"warning: {told}" in done.out


def test_the_shipped_config_runs_as_it_is(tmp_path: Path) -> None:
    """But for its ports. What has no secrets yet says what it waits for."""
    shipped = (ROOT / "config.yaml").read_text(encoding="utf-8")
    path = tmp_path / "config.yaml"
    path.write_text(shipped.replace("127.0.0.1:8080", f"127.0.0.1:{free_port()}"), encoding="utf-8")
    url = f"http://127.0.0.1:{free_port()}"
    with process("run", "-c", str(path), SANDBOX_URL=url) as started:
        started.until(lambda line: line.startswith("status:"))
        assert json.loads(get(f"{url}/control/state"))["mints"].keys() >= {"baidu", "oauth2"}
        started.popen.send_signal(signal.SIGINT)
        done = started.end()
    assert done.code == 0
    rows = {words[0]: words for line in done.out.splitlines() if (words := line.split())[0].startswith("/")}
    assert rows["/qianfan"][-4:] == ["baidu-qianfan-v2", "asleep:", "set", "QIANFAN_V2_API_KEY"]
    assert rows["/ai"][-5:] == ["asleep:", "set", "BAIDU_API_KEY", "and", "BAIDU_SECRET_KEY"]
    assert all(words[-1] == "ready" for prefix, words in rows.items() if prefix.startswith("/sandbox"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_what_runs_end(tmp_path: Path, sandbox: str, number: signal.Signals) -> None:
    with proxy(tmp_path, **crm(sandbox)) as running:
        with urlopen(f"{running.url}/crm/sse?events=4&interval=0.1", timeout=PATIENCE) as stream:
            first = stream.readline()
            running.process.popen.send_signal(number)
            rest = stream.read()
        done = running.process.end()
    assert (first + rest).count(b"data:") == 4
    assert (done.code, done.out.splitlines()[-1]) == (0, stopping(1).strip())


@pytest.mark.parametrize("workers", [1, 2])
def test_who_started_it_learns_when_it_serves(tmp_path: Path, sandbox: str, workers: int) -> None:
    """As systemd does with `Type=notify`: what it says comes after it accepts, and once, whatever `workers` are."""
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(address)
        ear.settimeout(PATIENCE)
        port = free_port()
        path = written(tmp_path, **crm(sandbox, listen=f"127.0.0.1:{port}", workers=workers))
        with process("run", "-c", path, NOTIFY_SOCKET=address, TMPDIR=str(tmp_path)) as started:
            assert ear.recv(100) == b"READY=1"
            socket.create_connection(("127.0.0.1", port), PATIENCE).close()
            started.popen.send_signal(signal.SIGTERM)
            assert ear.recv(100) == b"STOPPING=1"
            assert started.end().code == 0
        ear.setblocking(False)
        with pytest.raises(BlockingIOError):
            ear.recv(100)


def test_a_second_signal_does_not(tmp_path: Path, sandbox: str) -> None:
    with (
        proxy(tmp_path, **crm(sandbox)) as running,
        urlopen(f"{running.url}/crm/sse?hold=1", timeout=PATIENCE) as stream,
    ):
        stream.readline()
        running.process.popen.send_signal(signal.SIGINT)
        running.process.until(lambda line: line.startswith("stopping"))
        running.process.popen.send_signal(signal.SIGINT)
        done = running.process.end()
    assert done.code == 130


def test_a_taken_port_is_1_and_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with process("run", "-c", written(tmp_path, listen=f"127.0.0.1:{port}")) as started:
            done = started.end()
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"can't listen: 127.0.0.1:{port}: address already in use; end what listens there")
    assert done.err.count("\n") == 1


def test_a_broken_config_is_2(tmp_path: Path) -> None:
    path = written(tmp_path, routes={"/a": {"upstream": "nowhere", "provider": "nobody"}})
    done = keyless("run", "-c", path)
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 2


def test_strict_takes_a_missing_secret_for_a_problem(tmp_path: Path) -> None:
    path = written(tmp_path, providers={"asleep": {"scheme": "static", "token": "${NOT_SET_ANYWHERE}"}})
    done = keyless("run", "--strict", "-c", path)
    assert done.code == 2
    assert "NOT_SET_ANYWHERE" in done.err


def test_a_silent_issuer_does_not_delay_listening(tmp_path: Path) -> None:
    """`proxy` comes back when the table is printed; the issuer still holds its request then."""
    with socket.create_server(("127.0.0.1", 0)) as issuer:
        issuer.settimeout(PATIENCE)
        url = f"http://127.0.0.1:{issuer.getsockname()[1]}"
        config = crm(url)
        with proxy(tmp_path, **config) as running, issuer.accept()[0]:
            assert json.loads(get(f"{running.url}/-/healthz")) == {"status": "ok"}
            running.process.popen.send_signal(signal.SIGINT)
            assert running.process.end().code == 0


def test_nobody_reading_its_stdout_is_no_reason_to_fail(tmp_path: Path, sandbox: str) -> None:
    with proxy(tmp_path, **crm(sandbox)) as running:
        assert running.process.popen.stdout is not None
        running.process.popen.stdout.close()
        running.process.popen.send_signal(signal.SIGINT)
        assert running.process.popen.wait(PATIENCE) == 0


def test_a_table_that_nobody_reads_holds_up_neither_answers_nor_a_signal(tmp_path: Path) -> None:
    """It is larger than a pipe."""
    port = free_port()
    route = {"upstream": "https://api.example.com/" + "v1/" * 20, "provider": "none"}
    path = written(tmp_path, listen=f"127.0.0.1:{port}", routes={f"/route-{number}": route for number in range(2000)})
    with process("run", "-c", path) as started:
        while started.popen.poll() is None:
            with suppress(URLError):
                assert json.loads(get(f"http://127.0.0.1:{port}/-/healthz")) == {"status": "ok"}
                break
        started.popen.send_signal(signal.SIGTERM)
        assert started.popen.wait(PATIENCE) == 0


def test_it_starts_the_sandbox_that_its_routes_lead_to(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    config = crm(url)
    config["routes"] = {"/sandbox": config["routes"]["/crm"]}
    with proxy(tmp_path, **config) as running:
        assert json.loads(get(f"{running.url}/sandbox/echo"))["token"] == "good"
        running.process.popen.send_signal(signal.SIGTERM)
        done = running.process.end()
    assert done.code == 0
    assert f"sandbox on {url}" in done.out


def test_it_leaves_a_sandbox_that_runs_already_alone(tmp_path: Path, sandbox: str) -> None:
    config = crm(sandbox)
    config["routes"] = {"/sandbox": config["routes"]["/crm"]}
    with proxy(tmp_path, **config) as running:
        assert json.loads(get(f"{running.url}/sandbox/echo"))["token"] == "good"
        running.process.popen.send_signal(signal.SIGTERM)
        done = running.process.end()
    assert done.code == 0
    assert "the port is taken" in done.out


def test_it_repeats_the_warnings_of_check(tmp_path: Path) -> None:
    with proxy(tmp_path, clients=[{"name": "a", "key": "0123456789abcdef"}]) as running:
        assert any("warning: clients[0].key: written in the clear" in line for line in running.process.said)
