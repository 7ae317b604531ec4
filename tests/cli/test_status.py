"""`keyless status`: finding the running proxy, and what it says."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from proxy.cli.kit.running import UnansweredError, address
from proxy.config.model import Config
from tests.cli.conftest import Running, control, crm, keyless, proxy, written
from tests.ports import free_port

ADMIN_KEY = "an-admin-key-for-the-tests"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, sandbox: str) -> Iterator[Running]:
    config = crm(sandbox, admin={"path": "/_keyless/", "key": ADMIN_KEY}, browser={"hosts": ["proxy.example.com"]})
    config["providers"]["key"] = {"scheme": "static", "token": "a-made-up-token"}
    config["providers"]["asleep"] = {"scheme": "static", "token": "${NOT_SET_ANYWHERE}"}
    with proxy(tmp_path_factory.mktemp("status"), **config) as started:
        assert keyless("call", "GET", "/crm/echo", "-c", started.config).code == 0
        yield started


def test_status_with_admin_key_path_and_hosts(running: Running, sandbox: str) -> None:
    done = keyless("status", "-c", running.config)
    assert done.code == 0
    rows = {line.split()[0]: line.split() for line in done.out.splitlines()}
    assert rows["key"][1:4] == ["static", "1", "never"]
    assert rows["asleep"][1] == "unconfigured"
    assert "NOT_SET_ANYWHERE" in rows["asleep"]
    assert rows["/crm"][1:] == ["crm", f"{sandbox}/oauth2/api"]
    document = keyless("status", "-c", running.config, "--json").json
    assert document["providers"]["key"]["state"] == "static"


def test_a_wrong_admin_key_is_1_and_not_printed(running: Running, tmp_path: Path) -> None:
    wrong = Path(running.config).read_text().replace(ADMIN_KEY, "another-admin-key-altogether")
    (tmp_path / "config.yaml").write_text(wrong)
    done = keyless("status", "-c", str(tmp_path / "config.yaml"))
    assert (done.code, done.out) == (1, "")
    assert "client_key_required" in done.err
    assert "another-admin-key" not in done.err


def test_not_running_is_1(tmp_path: Path) -> None:
    done = keyless("status", "-c", written(tmp_path, listen=f"127.0.0.1:{free_port()}"))
    assert (done.code, done.out) == (1, "")
    assert "no proxy answers" in done.err


def test_listening_everywhere_for_clients(tmp_path: Path, sandbox: str) -> None:
    """It's reached on loopback, and without an admin key: from this machine the operator may look."""
    port = free_port()
    clients = [{"name": "app", "key": "a-client-key-of-the-config"}]
    with proxy(tmp_path, **crm(sandbox, listen=f"0.0.0.0:{port}", clients=clients)) as started:
        assert keyless("status", "-c", started.config, "--json").json["providers"].keys() == {"crm"}


def test_a_unix_socket(tmp_path: Path, sandbox: str) -> None:
    path = f"/tmp/keyless-test-{os.getpid()}.sock"
    try:
        with proxy(tmp_path, **crm(sandbox, listen=f"unix:{path}")) as started:
            assert keyless("status", "-c", started.config).code == 0
    finally:
        Path(path).unlink(missing_ok=True)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"SSH-2.0-x\r\n", b""])
def test_somebody_else_on_the_port(tmp_path: Path, answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def play() -> None:
            """Also a second time: aiohttp tries again where nothing came."""
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.recv(65536)
                        connection.sendall(answer)

        thread = threading.Thread(target=play)
        thread.start()
        done = keyless("status", "-c", written(tmp_path, listen=f"127.0.0.1:{server.getsockname()[1]}"))
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert (done.code, done.out) == (1, "")
    assert done.err.count("\n") == 1


def test_the_sandbox_is_no_keyless(tmp_path: Path, sandbox: str) -> None:
    done = keyless("status", "-c", written(tmp_path, listen=sandbox.removeprefix("http://")))
    assert done.code == 1
    assert "no Keyless" in done.err
    assert control(sandbox, "state")


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        (["127.0.0.1:8080"], "http://127.0.0.1:8080"),
        (["0.0.0.0:8080"], "http://127.0.0.1:8080"),
        (["[::]:8080"], "http://[::1]:8080"),
        (["127.0.0.1:0", "127.0.0.1:81"], "http://127.0.0.1:81"),
        (["unix:/run/keyless.sock"], "unix:/run/keyless.sock"),
    ],
)
def test_where_to_find_it(listen: list[str], url: str) -> None:
    assert address(Config.model_validate({"listen": listen, "anyone": True})).url == url


def test_port_0_can_not_be_found() -> None:
    with pytest.raises(UnansweredError, match="port 0"):
        address(Config.model_validate({"listen": "127.0.0.1:0"}))
