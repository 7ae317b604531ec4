"""`keyless token`: what is told of a token, what is not, and what would be sent."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

from proxy.auth.token import IssuerRequest
from proxy.cli.token import body_names
from proxy.sandbox import KEY, PUBLIC_KEY, REFRESH_TOKEN
from tests.cli.conftest import control, crm, keyless, proxy, untouched, written


def test_what_is_known(config: str) -> None:
    done = keyless("token", "crm", "-c", config)
    assert (done.code, done.err) == (0, "")
    known = dict(line.split(None, 1) for line in done.out.splitlines())
    assert known["provider"] == "crm (oauth2)"
    assert known["lifetime"] == "30 s"
    assert known["scope"] == "read"
    assert known["expires"].endswith("in 30 s")
    assert known["token"].startswith("sha256:")


def test_as_json(config: str) -> None:
    known = keyless("token", "crm", "-c", config, "--json").json
    assert known.keys() == {
        "provider",
        "scheme",
        "lifetime",
        "expires_at",
        "scope",
        "upstream",
        "fingerprint",
        "refresh_token_replaced",
    }
    assert (known["lifetime"], known["refresh_token_replaced"]) == (30, False)


def test_scopes_that_were_not_granted(tmp_path: Path, sandbox: str) -> None:
    made = crm(sandbox)
    made["providers"]["crm"] |= {
        "token_url": f"{sandbox}/baidu/oauth/2.0/token",
        "client_auth": "post",
        "scope": "public b a",
    }
    config = written(tmp_path, **made)
    assert ["not", "granted", "a", "b"] in [
        line.split() for line in keyless("token", "crm", "-c", config).out.splitlines()
    ]
    assert keyless("token", "crm", "-c", config, "--json").json["not_granted"] == "a b"


def test_reveal_prints_the_token_alone(config: str) -> None:
    done = keyless("token", "crm", "-c", config, "--reveal")
    token = done.out.removesuffix("\n")
    assert token.startswith("sandbox.")
    assert f"token: sha256:{hashlib.sha256(token.encode()).hexdigest()[:16]}" in done.err
    assert token not in done.err


def test_reveal_as_json(config: str) -> None:
    known = keyless("token", "crm", "-c", config, "--reveal", "--json").json
    assert known["fingerprint"] == f"sha256:{hashlib.sha256(known['token'].encode()).hexdigest()[:16]}"


@pytest.mark.parametrize(
    ("provider", "credential"),
    [
        ({"token": "a-made-up-token"}, "a-made-up-token"),
        ({"username": "ann", "password": "a-made-up-password"}, base64.b64encode(b"ann:a-made-up-password").decode()),
    ],
)
def test_static_credentials(tmp_path: Path, provider: dict[str, str], credential: str) -> None:
    """No fingerprint: a password can be guessed and compared."""
    path = written(tmp_path, providers={"key": {"scheme": "static"} | provider})
    known = keyless("token", "key", "-c", path, "--json").json
    assert (known["expires_at"], known["lifetime"], known["fingerprint"]) == (None, None, None)
    assert "expires   never" in keyless("token", "key", "-c", path).out
    assert keyless("token", "key", "-c", path, "--reveal").out == credential + "\n"
    assert "nothing is sent" in keyless("token", "key", "-c", path, "--dry-run").out


def test_a_refusal_is_1_with_the_issuers_words_and_our_hint(tmp_path: Path, sandbox: str) -> None:
    config = crm(sandbox)
    config["providers"]["crm"]["client_secret"] = "a-wrong-secret"
    done = keyless("token", "crm", "-c", written(tmp_path, **config))
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("credential_refused: ")
    assert "invalid_client" in done.err
    assert "a-wrong-secret" not in done.err


def test_a_vendors_refusal_says_which_of_key_and_secret_is_wrong(tmp_path: Path, sandbox: str) -> None:
    provider: dict[str, Any] = {"use": "baidu-qianfan", "api_key": KEY, "secret_key": "a-wrong-secret"}
    provider["request"] = {"url": f"{sandbox}/baidu/oauth/2.0/token"}
    done = keyless("token", "qianfan", "-c", written(tmp_path, providers={"qianfan": provider}))
    assert (done.code, done.out) == (1, "")
    assert "check secret_key" in done.err


def test_asleep_is_1_and_names_the_variables(tmp_path: Path) -> None:
    path = written(tmp_path, providers={"crm": {"scheme": "static", "token": "${NOT_SET_ANYWHERE}"}})
    done = keyless("token", "crm", "-c", path)
    assert (done.code, done.out, done.err) == (1, "", "crm is asleep: set NOT_SET_ANYWHERE\n")


def test_an_unknown_provider_is_2_with_the_nearest_name(config: str) -> None:
    done = keyless("token", "crn", "-c", config)
    assert (done.code, done.err) == (2, "there is no provider 'crn'; did you mean 'crm'?\n")


def test_a_rotated_refresh_token_is_not_lost_in_silence(tmp_path: Path, sandbox: str) -> None:
    provider = {
        "scheme": "oauth2",
        "grant": "refresh_token",
        "token_url": f"{sandbox}/oauth2/token",
        "client_id": PUBLIC_KEY,
        "client_auth": "none",
        "refresh_token": REFRESH_TOKEN,
    }
    path = written(tmp_path, providers={"crm": provider})
    control(sandbox, "set", rotate_refresh=True)
    try:
        known = keyless("token", "crm", "-c", path, "--reveal", "--json").json
        assert known["refresh_token_replaced"] is True
        provider["refresh_token"] = known["refresh_token"]
        done = keyless("token", "crm", "-c", written(tmp_path, providers={"crm": provider}))
        assert "replaced the refresh token" in done.out
    finally:
        control(sandbox, "reset")


# ---------------------------------------------------------------------------------------------- --dry-run


def dry(path: str, provider: str) -> Any:
    done = keyless("token", provider, "-c", path, "--dry-run", "--json")
    assert done.code == 0
    assert keyless("token", provider, "-c", path, "--dry-run").code == 0
    return done.json


def test_a_dry_run_connects_to_nothing(tmp_path: Path) -> None:
    with untouched() as url:
        planned = dry(written(tmp_path, **crm(url)), "crm")
        assert (planned["url"], planned["body"]) == (f"{url}/oauth2/token", ["grant_type"])


def test_a_dry_run_shows_no_value(tmp_path: Path) -> None:
    keys = {"accessKey": "a-made-up-key", "deep": {"secretKey": "a-made-up-secret", "list": [1]}}
    request = {
        "method": "put",
        "url": "https://login.invalid/v2/token?region=eu",
        "query": {"sign": "a-made-up-sign"},
        "headers": {"X-App": "a-made-up-header"},
        "json": keys,
    }
    path = written(tmp_path, providers={"aiob": {"scheme": "login", "request": request}})
    planned = dry(path, "aiob")
    assert planned["method"] == "PUT"
    assert planned["url"] == "https://login.invalid/v2/token?region=***&sign=***"
    assert planned["headers"] == ["Accept", "Content-Type", "X-App"]
    assert planned["body"] == ["accessKey", "deep.secretKey", "deep.list"]
    assert "made-up" not in str(planned)


def test_a_dry_run_with_discovery_says_what_follows(tmp_path: Path) -> None:
    provider = {
        "scheme": "oauth2",
        "issuer": "https://login.invalid",
        "client_id": "i",
        "client_secret": "made-up-secret",
    }
    planned = dry(written(tmp_path, providers={"crm": provider}), "crm")
    assert planned["url"] == "https://login.invalid/.well-known/openid-configuration"
    assert planned["note"] == "a token request follows"


@pytest.mark.parametrize(
    ("kind", "body", "names"),
    [
        ("application/x-www-form-urlencoded", b"a=1&b=", ["a", "b"]),
        ("application/json", b'{"a": {"b": 1}, "c": [1]}', ["a.b", "c"]),
        ("application/json", b"[1]", ["3 bytes"]),
        ("text/plain", b"key", ["3 bytes"]),
        ("text/plain", b"key=value", ["9 bytes"]),
        ("text/plain", None, []),
    ],
)
def test_the_names_in_a_body(kind: str, body: bytes | None, names: list[str]) -> None:
    assert body_names(IssuerRequest("POST", "https://x", (("Content-Type", kind),), body)) == names


# ---------------------------------------------------------------------------------------------- the running proxy


def test_a_running_proxy_that_gave_up_tries_again(tmp_path: Path, sandbox: str) -> None:
    """docs/lifecycle.md#states, latched: a token that the operator gets clears it."""
    config = crm(sandbox)
    control(sandbox, "set", keys={"other-key": "other-secret"})
    try:
        with proxy(tmp_path, **config) as running:
            assert keyless("call", "GET", "/crm/echo", "-c", running.config).code == 1
            until_state(running.config, "latched")
            control(sandbox, "reset")
            done = keyless("token", "crm", "-c", running.config)
            assert done.code == 0
            assert done.err == "the running proxy had given up on it, and has tried again: fresh\n"
            assert keyless("token", "crm", "-c", running.config).err == ""
    finally:
        control(sandbox, "reset")


def until_state(config: str, state: str) -> None:
    """The proxy's own first flight may still be under way."""
    while keyless("status", "-c", config, "--json").json["providers"]["crm"]["state"] != state:
        pass


def test_a_dry_run_names_the_command_and_no_word_behind_it(tmp_path: Path) -> None:
    provider = {"scheme": "exec", "command": ["get-it", "--as=hush-hush"], "env": {"A": "hush-hush"}}
    path = written(tmp_path, providers={"cli": provider})
    planned = dry(path, "cli")
    assert (planned["command"], planned["variables"]) == ("get-it", ["A", "KUBERNETES_EXEC_INFO"])
    assert "hush" not in keyless("token", "cli", "-c", path, "--dry-run").out


def test_a_dry_run_names_the_file_that_is_shown(tmp_path: Path) -> None:
    request = {"url": "https://login.example.com/t", "form": {"assertion": "{identity}"}}
    provider = {"scheme": "login", "identity": {"file": "/run/identity"}, "request": request}
    assert dry(written(tmp_path, providers={"pod": provider}), "pod")["file"] == "/run/identity"


def test_a_token_that_a_command_prints(tmp_path: Path) -> None:
    path = written(tmp_path, providers={"cli": {"scheme": "exec", "command": ["echo", "a-printed-token"]}})
    assert keyless("token", "cli", "-c", path, "--reveal").out.startswith("a-printed-token")
