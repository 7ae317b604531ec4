"""`keyless client new`: a key for the client, a hash for the config."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import yaml

from proxy.config.load import load
from tests.cli.conftest import PATIENCE, crm, free_port, keyless, process, written


@pytest.mark.parametrize("name", ["dashboard", "a b", "true", "0123", "移动端", 'a: "b"', "- x"])
def test_the_lines_to_paste_know_the_key(tmp_path: Path, name: str) -> None:
    out = keyless("client", "new", "--", name).out
    key = out.splitlines()[0]
    (tmp_path / "config.yaml").write_text(out[out.index("clients:") :], encoding="utf-8")
    client = load(tmp_path / "config.yaml", environ={}).config.clients[0]
    assert client.name == name
    assert client.key == f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"
    assert yaml.safe_load(out[out.index("clients:") :])["clients"][0]["name"] == name


def test_the_key_opens_the_proxy(tmp_path: Path, sandbox: str) -> None:
    """The lines are pasted as they are."""
    out = keyless("client", "new", "app").out
    path = Path(written(tmp_path, **crm(sandbox, listen=f"127.0.0.1:{free_port()}")))
    path.write_text(path.read_text() + out[out.index("clients:") :])
    listen = load(path, environ={}).config.listen[0]
    with process("run", "-c", str(path)) as started:
        started.until(lambda line: line.startswith("status:"))
        request = Request(f"http://{listen}/crm/echo", headers={"Authorization": f"Bearer {out.splitlines()[0]}"})
        with urlopen(request, timeout=PATIENCE) as reply:
            assert reply.status == 200
        with pytest.raises(HTTPError, match="401") as refused:
            urlopen(request.full_url, timeout=PATIENCE)
        with refused.value as reply:
            assert reply.headers["X-Keyless-Error"] == "client_key_required"


def test_each_key_is_new_and_long() -> None:
    keys = {keyless("client", "new", "a", "--json").json["key"] for _ in range(5)}
    assert len(keys) == 5
    assert all(key.startswith("klc_") and len(key) >= 47 for key in keys)


def test_c_is_taken_and_not_read() -> None:
    assert keyless("client", "new", "a", "-c", "elsewhere.yaml").code == 0
