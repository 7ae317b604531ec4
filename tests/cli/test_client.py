"""`keyless client new`: a key for the client, a hash for the config."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import yaml

from proxy.config.load import load
from proxy.config.model import ClientKey
from proxy.config.model.client import new_key
from proxy.values import moments
from tests.cli.conftest import PATIENCE, crm, keyless, process, written
from tests.ports import free_port

DAY = 86400


@pytest.mark.parametrize("name", ["dashboard", "a b", "true", "0123", "移动端", 'a: "b"', "- x"])
def test_the_lines_to_paste_know_the_key(tmp_path: Path, name: str) -> None:
    out = keyless("client", "new", "--", name).out
    key = out.splitlines()[0]
    (tmp_path / "config.yaml").write_text(out[out.index("clients:") :], encoding="utf-8")
    client = load(tmp_path / "config.yaml", environ={}).config.clients[0]
    assert client.name == name
    assert client.key == [ClientKey(key=f"sha256:{hashlib.sha256(key.encode()).hexdigest()}")]
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


def test_a_key_has_no_dash_that_a_tool_could_take_for_an_end() -> None:
    assert new_key().removeprefix("kls_").isalnum()
    assert len(new_key()) >= 40 + len("kls_")


def test_each_key_is_new_and_long() -> None:
    keys = {keyless("client", "new", "a", "--json").json["key"] for _ in range(5)}
    assert len(keys) == 5
    assert all(key.startswith("kls_") and len(key) >= 47 for key in keys)


@pytest.mark.parametrize(
    ("when", "least", "most"),
    [
        ("90d", 90, 91),
        ("1d", 1, 2),
        ("36h", 1.5, 1.5),
        ("2099-01-31", 20000, 30000),
        ("2099-01-31T12:00:00Z", 20000, 30000),
    ],
)
def test_a_key_may_end(tmp_path: Path, when: str, least: float, most: float) -> None:
    now = time.time()
    out = keyless("client", "new", "app", "--expires", when).out
    (tmp_path / "config.yaml").write_text(out[out.index("clients:") :])
    (key,) = load(tmp_path / "config.yaml", environ={}).config.clients[0].key
    assert key.expires is not None
    assert least * DAY - 1 <= key.expires - now <= most * DAY + PATIENCE
    if when.startswith("2099"):
        assert key.expires == moments.end(when)
    assert keyless("client", "new", "app", "--expires", when, "--json").json["expires"]


@pytest.mark.parametrize(
    "when", ["", "soon", "90 days", "2020-01-31", "0s", "2027-13-01", "9" * 9 + "d", "2099-01-31T12:00"]
)
def test_an_end_that_is_none_is_refused(when: str) -> None:
    refused = keyless("client", "new", "app", "--expires", when)
    assert (refused.code, refused.out) == (2, "")
    assert "--expires" in refused.err


def test_the_next_key_joins_the_first(tmp_path: Path) -> None:
    """As clients.md says: its entry goes below the one that is there."""
    lines = [keyless("client", "new", "app", "--expires", "90d").out.splitlines() for _ in range(2)]
    first, second = (text[text.index("clients:") :] for text in lines)
    (tmp_path / "config.yaml").write_text("\n".join([*first, *second[3:]]))
    (client,) = load(tmp_path / "config.yaml", environ={}).config.clients
    assert len({key.key for key in client.key}) == 2


def test_c_is_taken_and_not_read() -> None:
    assert keyless("client", "new", "a", "-c", "elsewhere.yaml").code == 0
