"""`keyless run` with `tls`, as a process on uvloop, and the commands that look after it."""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from proxy.cli.kit.running import UnansweredError, address
from proxy.config.model import Config
from tests.certificates import Authority
from tests.cli.conftest import PATIENCE, Running, crm, keyless, process, proxy, written
from tests.ports import free_port

NAME = "keyless.example.com"
"""Not the one that commands on this machine reach it by."""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def put(tmp_path: Path, authority: Authority) -> dict[str, str]:
    authority.issue(NAME, "127.0.0.1").rename(tmp_path / "cert.pem")
    (tmp_path / "ca.pem").write_text(authority.pem)
    return {"cert": "cert.pem"}


@pytest.fixture(params=[1, 2], ids=["one process", "workers"])
def running(request: pytest.FixtureRequest, tmp_path: Path, sandbox: str, authority: Authority) -> Iterator[Running]:
    tls = put(tmp_path, authority) | {"client_ca": "ca.pem"}
    ci = {"name": "ci", "certificate": "dns:ci.internal"}
    with proxy(tmp_path, **crm(sandbox, tls=tls, workers=request.param, clients=[ci])) as started:
        yield started


def get(running: Running, path: str, context: ssl.SSLContext) -> Any:
    with urlopen(running.url.replace("http:", "https:") + path, context=context, timeout=PATIENCE) as reply:
        return json.load(reply)


def test_it_says_https_and_the_commands_find_it(running: Running, tmp_path: Path, authority: Authority) -> None:
    assert f"on {running.url.replace('http:', 'https:')} (" in running.process.said[0]
    context = ssl.create_default_context(cadata=authority.pem)
    context.load_cert_chain(authority.issue("ci.internal"))
    assert get(running, "/crm/echo", context)["method"] == "GET"
    assert keyless("status", "-c", running.config, "--json").json["providers"]["crm"]["state"] == "fresh"
    put(tmp_path, authority)
    assert keyless("expire", "crm", "-c", running.config).code == 0, "a replaced certificate is known at both ends"
    assert get(running, "/crm/echo", context)["method"] == "GET"


def test_a_stranger_on_the_port_is_not_believed(running: Running, tmp_path: Path, authority: Authority) -> None:
    """A config whose certificate is another one: whoever listens there, it isn't the proxy of this config."""
    folder = tmp_path / "other"
    folder.mkdir()
    put(folder, Authority(folder))
    (folder / "config.yaml").write_text(Path(running.config).read_text())
    done = keyless("status", "-c", str(folder / "config.yaml"))
    assert (done.code, done.out) == (1, "")
    assert "does not show the certificate of tls.cert" in done.err


def test_required_certificates_and_a_unix_socket(tmp_path: Path, sandbox: str, authority: Authority) -> None:
    tls = put(tmp_path, authority) | {"client_ca": "ca.pem", "client_cert": "required"}
    socket = f"/tmp/keyless-tls-cli-{os.getpid()}.sock"
    try:
        with proxy(tmp_path, **crm(sandbox, tls=tls, listen=["127.0.0.1:0", f"unix:{socket}"])) as started:
            assert keyless("status", "-c", started.config).code == 0
    finally:
        Path(socket).unlink(missing_ok=True)


def test_required_certificates_keep_the_commands_out() -> None:
    tls = {"cert": "cert.pem", "client_ca": "ca.pem", "client_cert": "required"}
    with pytest.raises(UnansweredError, match="add a unix socket"):
        address(Config.model_validate({"listen": "127.0.0.1:8443", "tls": tls}))


def test_a_key_with_a_password_is_said_and_nobody_is_asked(tmp_path: Path, sandbox: str, authority: Authority) -> None:
    tls = put(tmp_path, authority)
    path = tmp_path / "cert.pem"
    path.write_text(path.read_text().replace("BEGIN PRIVATE", "BEGIN ENCRYPTED PRIVATE"))
    (tmp_path / "config.yaml").write_text(json.dumps(crm(sandbox, tls=tls)))
    done = keyless("run", "-c", str(tmp_path / "config.yaml"))
    assert done.code == 2
    assert "tls.cert: the key has a password" in done.err


@pytest.mark.parametrize("workers", [1, 2])
def test_tls_for_this_machine_beside_plain_http(folder: Path, sandbox: str, workers: int) -> None:
    state = {"XDG_STATE_HOME": str(folder / "state")}
    plain, secure, own = free_port(), free_port(), free_port()
    listen = [f"http://127.0.0.1:{plain}", f"https://localhost:{secure}"]
    config = crm(sandbox, listen=listen, tls="local", workers=workers)
    config["routes"]["/own"] = config["routes"]["/crm"] | {"listen": f"127.0.0.1:{own}"}
    path = written(folder, **config)
    root = keyless("ca", environ=state)
    assert (root.code, root.out.count("BEGIN CERTIFICATE"), "PRIVATE" in root.out) == (0, 1, False)
    context = ssl.create_default_context(cadata=root.out)
    with process("run", "-c", path, **state) as running:
        running.until(lambda line: line.startswith("status:"))
        for url in (f"https://localhost:{secure}/crm", f"https://127.0.0.1:{own}"):
            with urlopen(f"{url}/echo", context=context, timeout=PATIENCE) as reply:
                assert json.load(reply)["token"] == "good"
        with urlopen(f"http://127.0.0.1:{plain}/crm/echo", timeout=PATIENCE) as reply:
            assert json.load(reply)["token"] == "good"
    assert keyless("ca", environ=state).out == root.out


def test_an_authority_that_others_can_touch_is_refused(folder: Path, sandbox: str) -> None:
    state = {"XDG_STATE_HOME": str(folder / "state")}
    keyless("ca", environ=state)
    (folder / "state/keyless/tls/local.pem").chmod(0o666)
    path = written(folder, **crm(sandbox, listen=f"127.0.0.1:{free_port()}", tls="local"))
    with process("run", "-c", path, **state) as refused:
        ended = refused.end()
    assert ended.code == 1
    assert "must belong to this user alone" in ended.err
    told = keyless("ca", environ=state)
    assert (told.code, "must belong to this user alone" in told.err) == (1, True)
