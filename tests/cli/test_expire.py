"""`keyless expire`: a death rehearsed on the running proxy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.cli.conftest import PATIENCE, Running, crm, keyless, proxy, written
from tests.ports import free_port


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, sandbox: str) -> Iterator[Running]:
    config = crm(sandbox)
    config["providers"]["key"] = {"scheme": "static", "token": "a-made-up-token"}
    config["providers"]["idle"] = config["providers"]["crm"] | {"scope": "read"}
    config["providers"]["asleep"] = {"scheme": "static", "token": "${NOT_SET_ANYWHERE}"}
    with proxy(tmp_path_factory.mktemp("expire"), **config) as started:
        yield started


def mints(config: str) -> int:
    known: int = keyless("status", "-c", config, "--json").json["providers"]["crm"]["mints"]
    return known


def test_the_next_request_gets_a_new_token(running: Running) -> None:
    with urlopen(f"{running.url}/crm/echo", timeout=PATIENCE):
        before = mints(running.config)
    done = keyless("expire", "crm", "-c", running.config)
    assert done == (0, f"crm: token {before} counts as dead; the next request gets a new one\n", "")
    with urlopen(f"{running.url}/crm/echo", timeout=PATIENCE) as reply:
        assert json.load(reply)["token"] == "good"
        assert reply.headers["X-Keyless-Attempts"] is None
    assert mints(running.config) == before + 1


def test_as_json(running: Running) -> None:
    with urlopen(f"{running.url}/crm/echo", timeout=PATIENCE):
        known = keyless("expire", "crm", "-c", running.config, "--json").json
    assert known["state"] == "refused"


def test_nothing_to_kill(running: Running) -> None:
    done = keyless("expire", "idle", "-c", running.config)
    assert done == (0, "idle: has no token to kill, its state is empty\n", "")


@pytest.mark.parametrize(("provider", "word"), [("key", "static"), ("asleep", "NOT_SET_ANYWHERE")])
def test_what_can_not_expire_is_1(running: Running, provider: str, word: str) -> None:
    done = keyless("expire", provider, "-c", running.config)
    assert (done.code, done.out) == (1, "")
    assert word in done.err


def test_who_is_asleep_is_for_the_running_proxy_to_say(tmp_path: Path, sandbox: str) -> None:
    """Its environment has the secret; this shell's has not."""
    config = crm(sandbox, listen=f"127.0.0.1:{free_port()}")
    secret = config["providers"]["crm"]["client_secret"]
    with proxy(tmp_path, **config) as started:
        path = Path(started.config)
        path.write_text(path.read_text().replace(secret, "${NOT_SET_ANYWHERE}"))
        assert keyless("expire", "crm", "-c", started.config).code == 0


def test_an_unknown_provider_is_2_with_the_nearest_name(running: Running) -> None:
    done = keyless("expire", "crn", "-c", running.config)
    assert done == (2, "", "there is no provider 'crn'; did you mean 'crm'?\n")


def test_not_running_is_1(tmp_path: Path, sandbox: str) -> None:
    done = keyless("expire", "crm", "-c", written(tmp_path, **crm(sandbox, listen=f"127.0.0.1:{free_port()}")))
    assert (done.code, done.out) == (1, "")
    assert "no proxy answers" in done.err
    assert "`keyless run` starts one" in done.err
