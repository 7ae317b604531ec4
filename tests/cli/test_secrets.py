"""No command but `token --reveal` prints a secret, whatever it looks like and wherever it stands."""

from __future__ import annotations

import base64
import string
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from proxy.plan.replies.scrub import spellings
from tests.cli.conftest import PATIENCE, Outcome, control, keyless, proxy, written

PLAIN = string.ascii_letters + string.digits + "+/=%&?#:,.-_~"
SIGNS = PLAIN + "{}\"'\\$"
Environ = dict[str, str]
VALUES = ["secret-one-of-three", "secret-two-of-three", "secret-three-of-three"]


def secrets(signs: str) -> st.SearchStrategy[str]:
    """With a beginning that is in no message of ours: else it finds words such as `credential_refused`."""
    return st.text(signs, min_size=12, max_size=26).map(lambda text: "zQ7x" + text)


def config(url: str, literal: str) -> dict[str, Any]:
    """A secret in every kind of place; the commands meet issuers that say yes, no, nothing, and nonsense.

    A comes from the environment, B from `.env`, and `literal` stands in the file.
    """
    issuer = {"token_url": f"{url}/oauth2/token", "client_secret": "${A}"}
    login = {"url": f"{url}/baidu/oauth/2.0/token", "query": {"client_id": "id", "client_secret": "${A}"}}
    down = {"url": "http://127.0.0.1:1/token", "headers": {"X-Key": "${B}"}, "json": {"deep": {"secretKey": literal}}}
    providers = {
        "yes": {"scheme": "oauth2", "client_id": "good-key", **issuer},
        "post": {"scheme": "oauth2", "client_id": "good-key", "client_auth": "post", "params": {"p": "${B}"}, **issuer},
        "no": {"scheme": "oauth2", "client_id": "bad-key", **issuer},
        "query": {"scheme": "login", "request": login, "inject": {"query": {"access_token": "{token}"}}},
        "down": {"scheme": "login", "request": down, "inject": {"header": {"X-App": "${B}", "X-Token": "t {token}"}}},
        "nonsense": {"scheme": "login", "request": {"url": f"{url}/control/state", "method": "GET", "body": literal}},
        "key": {"scheme": "static", "token": "${B}", "inject": {"query": {"key": "{token}"}}},
        "basic": {"scheme": "static", "username": "ann", "password": literal},
        "asleep": {"scheme": "static", "token": "${NOT_SET_ANYWHERE}"},
    }
    routes: dict[str, Any] = {f"/{name}": {"upstream": f"{url}/oauth2/api", "provider": name} for name in providers}
    routes["/key"]["headers"] = {"set": {"X-Set": "${A}"}}
    routes["/key"]["upstream"] = f"{url}/oauth2/api?site={quote(literal, safe='')}"
    routes["/bot"] = {"upstream": f"{url}/bot{{token}}", "provider": "key"}
    clients = [{"name": "app", "key": "${A}"}]
    return {"providers": providers, "routes": routes, "clients": clients, "admin": {"key": "${B}"}}


def commands(providers: Iterable[str]) -> list[list[str]]:
    tellers = [["check"], ["status"], ["expire", "yes"], ["presets"], ["schema"]]
    tellers += [["explain", "GET", "/bot/x"], ["explain", "GET", "/nowhere"]]
    for name in providers:
        tellers += [["token", name, "--dry-run"], ["explain", "POST", f"/{name}/echo?a=1"]]
        if name != "down":  # which takes three seconds to fail
            tellers.append(["token", name])
    calls = [["call", "POST", f"/{name}/leak", "-i", "-d", "x"] for name in ("yes", "no", "nonsense", "basic", "key")]
    return [*tellers, *([*words, "--json"] for words in tellers), *calls]


def leaks(done: Outcome, values: list[str]) -> list[str]:
    said = (done.out + done.err).encode()
    pair = base64.b64encode(f"ann:{values[2]}".encode()).decode()
    return [value for value in (*values, pair) for spelling in spellings(value) if spelling in said]


def prepared(folder: Path, url: str, values: list[str]) -> tuple[str, Environ]:
    """The path of the config, and the environment."""
    folder.joinpath(".env").write_text(f"B='{values[1]}'\n", encoding="utf-8")
    return written(folder, **config(url, values[2])), {"A": values[0]}


THREE = st.tuples(secrets(SIGNS), secrets(PLAIN), secrets(PLAIN)).filter(lambda values: len(set(values)) == 3)


@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.generate],  # an example takes seconds; to make it shorter would take minutes
)
@given(THREE.map(list))
def test_no_command_prints_a_secret(tmp_path: Path, sandbox: str, values: list[str]) -> None:
    path, environ = prepared(tmp_path, sandbox, values)
    control(sandbox, "set", keys={"good-key": values[0]})
    try:
        assert keyless("token", "yes", "-c", path, environ=environ).code == 0, "the secrets arrive"
        for words in commands(config("", "")["providers"]):
            done = keyless(*words, "-c", path, environ=environ)
            assert leaks(done, values) == [], words
            assert done.out or done.err, words
    finally:
        control(sandbox, "reset")


def test_nor_does_the_live_check_or_a_call_when_the_issuer_is_down(tmp_path: Path, sandbox: str) -> None:
    path, environ = prepared(tmp_path, sandbox, VALUES)
    control(sandbox, "set", keys={"good-key": VALUES[0]})
    slow = [["check", "--live"], ["check", "--live", "--json"], ["token", "down"], ["call", "POST", "/down/leak", "-i"]]
    try:
        for words in slow:
            done = keyless(*words, "-c", path, environ=environ)
            assert done.code == 1, words
            assert leaks(done, VALUES) == [], words
    finally:
        control(sandbox, "reset")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secrets(SIGNS))
def test_no_problem_of_a_config_quotes_a_secret(tmp_path: Path, secret: str) -> None:
    """The same secret, where it is wrong."""
    request = {"url": "https://x.example.com", "json": "${A}", "form": {"k": "${A}"}}
    broken = {
        "listen": "nowhere",
        "providers": {
            "a": {"scheme": "oauth2", "token_url": "${A}", "client_id": "i", "client_secret": "${A}", "x": "${A}"},
            "b": {"scheme": "static", "token": ["${A}"]},
            "c": {"scheme": "login", "request": request},
        },
        "clients": [{"name": "app", "key": "${A}", "methods": ["${A}"]}],
        "admin": {"key": "${A}", "path": "${A}"},
    }
    path = written(tmp_path, **broken)
    for words in (
        ["check"],
        ["check", "--json"],
        ["run"],
        ["token", "a"],
        ["explain", "GET", "/"],
        ["call", "GET", "/"],
    ):
        done = keyless(*words, "-c", path, environ={"A": secret})
        assert done.code == 2
        assert not any(spelling in (done.out + done.err).encode() for spelling in spellings(secret)), words


def test_run_and_its_log_print_none(tmp_path: Path, sandbox: str) -> None:
    """Not even at level debug, on the way through a refusal, a renewal and a replay (docs/traps.md 26)."""
    _, environ = prepared(tmp_path, sandbox, VALUES)
    control(sandbox, "set", keys={"good-key": VALUES[0]})
    try:
        with proxy(tmp_path, environ, **config(sandbox, VALUES[2]), log={"level": "debug"}) as running:
            call = Request(f"{running.url}/yes/leak", headers={"X-Api-Key": VALUES[0]})
            for attempts in (None, "2"):
                with urlopen(call, timeout=PATIENCE) as reply:
                    assert reply.headers["X-Keyless-Attempts"] == attempts
                control(sandbox, "void")
            assert keyless("status", "-c", running.config, environ=environ).code == 0
            running.process.popen.terminate()
            done = running.process.end()
    finally:
        control(sandbox, "reset")
    assert done.code == 0
    assert done.err.count("token minted") >= 2
    assert "replaying" in done.err
    assert leaks(done, VALUES) == []
