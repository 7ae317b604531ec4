"""`keyless token import`: what comes on stdin lies in the store, sealed, and is what requests carry next."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from proxy.cli.token import _first_word
from proxy.sandbox import REFRESH_TOKEN, SECRET
from tests.auth.reading.test_lifetime import jwt
from tests.cli.conftest import PATIENCE, Outcome, crm, keyless, proxy, written

TOKEN = "a-token-made-offline"


@pytest.fixture
def config(tmp_path: Path, sandbox: str) -> str:
    return written(tmp_path, **crm(sandbox, store="file:tokens"))


@pytest.fixture
def mail(tmp_path: Path, sandbox: str) -> str:
    """A provider that lives by a refresh token; the config's own is no longer good."""
    return written(tmp_path, **with_refresh_token(sandbox))


def with_refresh_token(sandbox: str, **more: Any) -> dict[str, Any]:
    config = crm(sandbox, store="file:tokens", **more)
    config["providers"]["crm"] |= {"grant": "refresh_token", "refresh_token": "a-spent-refresh-token"}
    return config


def given(config: str, *words: str, token: str = TOKEN) -> Outcome:
    return keyless("token", "import", "crm", "-c", config, *words, stdin=token.encode() + b"\n")


def test_it_is_the_next_token(config: str) -> None:
    done = given(config, "--expires-in", "1h")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("crm: token imported; it expires ")
    revealed = keyless("token", "crm", "-c", config, "--reveal", "--json").json
    assert revealed["token"] == TOKEN
    assert 3590 < revealed["expires_at"] - time.time() <= 3600


def test_it_lies_sealed_in_the_store(config: str, tmp_path: Path) -> None:
    given(config, "--expires-in", "1h")
    files = [path for path in (tmp_path / "tokens").rglob("*") if path.is_file()]
    assert files
    assert not any(TOKEN.encode() in path.read_bytes() for path in files)


def test_generations_count_on(config: str) -> None:
    first = given(config, "--expires-in", "1h", "--json").json
    second = given(config, "--expires-in", "2h", "--json", token="another-token").json
    assert (first["provider"], first["kind"], first["generation"]) == ("crm", "access_token", 1)
    assert second["generation"] == 2
    assert keyless("token", "crm", "-c", config, "--reveal").out == "another-token\n"


@pytest.mark.parametrize(
    ("claims", "words", "lives"),
    [
        ({"exp": 600}, (), 600),
        ({"exp": 600}, ("--expires-in", "1h"), 600),
        ({"exp": 600}, ("--expires-in", "60"), 60),
        ({}, ("--expires-in", "5m"), 300),
    ],
)
def test_a_jwt_tells_when_it_dies_and_the_earlier_end_counts(
    config: str, claims: dict[str, int], words: tuple[str, ...], lives: int
) -> None:
    end = {"exp": int(time.time()) + claims["exp"]} if claims else {}
    told = given(config, *words, "--json", token=jwt(end)).json
    assert told["expires_at"] - time.time() == pytest.approx(lives, abs=5)


@pytest.mark.parametrize("moment", ["2100-01-01T00:00:00Z", "2100-01-01", "4102444800"])
def test_a_moment(config: str, moment: str) -> None:
    """Ten years are the longest that anything is believed to live."""
    told = given(config, "--expires-at", moment, "--json").json
    assert told["expires_at"] - time.time() == pytest.approx(10 * 365 * 86400, abs=5)


def test_a_refresh_token_gets_the_next_access_token(mail: str) -> None:
    assert keyless("token", "crm", "-c", mail).code == 1
    done = given(mail, "--refresh-token", token=REFRESH_TOKEN)
    assert (done.code, done.out) == (0, "crm: refresh token imported; the next request gets an access token with it\n")
    assert keyless("token", "crm", "-c", mail).code == 0


@pytest.mark.parametrize("refresh", [False, True])
def test_a_running_proxy_takes_it_over(tmp_path: Path, sandbox: str, refresh: bool) -> None:
    """One that had given up for want of a login, too."""
    settings = with_refresh_token(sandbox) if refresh else crm(sandbox, store="file:tokens")
    with proxy(tmp_path, **settings) as running:
        before = _until(running.config, lambda known: known["state"] in ("login_required", "fresh"))
        if refresh:
            assert before["state"] == "login_required"
            given(running.config, "--refresh-token", token=REFRESH_TOKEN)
        else:
            given(running.config, "--expires-in", "1h")
        after = _until(running.config, lambda known: known["generation"] > before["generation"])
        assert after["state"] == ("empty" if refresh else "fresh")
        if refresh:
            with urlopen(f"{running.url}/crm/echo", timeout=PATIENCE) as reply:
                assert reply.status == 200


def _until(config: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """What the running proxy says of its provider, once that holds."""
    end = time.monotonic() + PATIENCE
    while not holds(known := keyless("status", "-c", config, "--json").json["providers"]["crm"]):
        assert time.monotonic() < end, known
    return dict(known)


# ---------------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("words", "token", "code", "said"),
    [
        ((), TOKEN, 2, "--expires-in or --expires-at"),
        (("--expires-in", "soon"), TOKEN, 2, "--expires-in: expected a duration"),
        (("--expires-at", "soon"), TOKEN, 2, "--expires-at: expected a time"),
        (("--expires-in", "1h", "--expires-at", "2100-01-01"), TOKEN, 2, "not both"),
        (("--expires-at", "2020-01-01"), TOKEN, 1, "has died"),
        ((), jwt({"exp": 1_600_000_000}), 1, "has died"),
        (("--expires-in", "1h"), "", 2, "nothing came on stdin"),
        (("--expires-in", "1h"), "two\nlines", 2, "no token"),
        (("--expires-in", "1h"), "naïve", 2, "no token"),
        (("--expires-in", "1h"), "x" * 70_000, 2, "too long"),
        (("--refresh-token",), TOKEN, 2, "uses no refresh token"),
        (("--refresh-token", "--expires-in", "1h"), TOKEN, 2, "has no expiry"),
    ],
)
def test_what_is_refused(config: str, words: tuple[str, ...], token: str, code: int, said: str) -> None:
    done = given(config, *words, token=token)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert not token or token not in done.err
    assert SECRET not in done.err


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"store": "memory"}, 2, "nothing is kept"),
        ({"providers": {"crm": {"scheme": "static", "token": "made-up"}}}, 2, "static"),
        ({"providers": {"crm": {"scheme": "static", "token": "${NOT_SET}"}}}, 1, "NOT_SET"),
        ({"providers": {}, "routes": {}}, 2, "no provider 'crm'"),
    ],
)
def test_where_it_is_refused(tmp_path: Path, sandbox: str, change: dict[str, Any], code: int, said: str) -> None:
    config = written(tmp_path, **(crm(sandbox, store="file:tokens") | change))
    done = given(config, "--expires-in", "1h")
    assert (done.code, done.out) == (code, "")
    assert said in done.err


def test_a_store_that_can_not_be_used(tmp_path: Path, sandbox: str) -> None:
    (tmp_path / "tokens").write_text("a file")
    done = given(written(tmp_path, **crm(sandbox, store="file:tokens")), "--expires-in", "1h")
    assert done.code == 1
    assert "the store can't be used" in done.err


# ---------------------------------------------------------------------------------------------- which command


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["import", "crm"], "import"),
        (["crm"], "crm"),
        (["-c", "import", "crm"], "crm"),
        (["--config", "import", "crm"], "crm"),
        (["--config=x", "import"], "import"),
        (["-cx", "--json", "crm"], "crm"),
        (["--", "import"], None),
        (["--reveal"], None),
        ([], None),
    ],
)
def test_the_first_word(args: list[str], word: str | None) -> None:
    at = _first_word(args)
    assert (None if at is None else args[at]) == word


def test_options_may_stand_before_it(config: str) -> None:
    done = keyless("token", "-c", config, "import", "crm", "--expires-in", "1h", stdin=TOKEN.encode())
    assert done.code == 0


def test_a_provider_of_that_name(tmp_path: Path) -> None:
    config = written(tmp_path, providers={"import": {"scheme": "static", "token": "made-up-token"}})
    assert keyless("token", "-c", config, "--reveal", "--", "import").out == "made-up-token\n"


def test_help_and_a_missing_name() -> None:
    assert "--refresh-token" in keyless("token", "import", "--help").out
    assert "--dry-run" in keyless("token", "--help").out
    assert keyless("token", "import").code == 2
