"""Which headers `pass` takes, and that it is said aloud."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.config.load import load
from proxy.errors import ConfigError

PROVIDERS = """
providers:
  p: {scheme: static, token: "${KEY}", inject: {header: {apikey: "{token}"}}}
  s: {scheme: signed, sign: {name: obs, access_key: "${KEY}", secret_key: "${KEY}"}}
"""


def written(folder: Path, names: str, provider: str = "p") -> Path:
    path = folder / "config.yaml"
    route = f"{{upstream: 'https://api.example.com', provider: {provider}, pass: {names}}}"
    path.write_text(f"routes:\n  /a: {route}\n{PROVIDERS}")
    path.chmod(0o600)
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        load(path, environ={"KEY": "0123456789abcdef"})
    return [problem.message for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("name", "provider", "why"),
    [
        ("apikey", "p", "the provider fills"),
        ("APIKEY", "p", "the provider fills"),
        ("Authorization", "s", "the provider fills"),
        ("Cookie", "p", "cookies: pass"),
        ("Host", "p", "passes anyway, or never"),
        ("Connection", "p", "passes anyway, or never"),
        ("Transfer-Encoding", "p", "passes anyway, or never"),
        ("Proxy-Authorization", "p", "passes anyway, or never"),
        ("X-Forwarded-For", "p", "passes anyway, or never"),
        ("Forwarded", "p", "passes anyway, or never"),
        ("X-Original-Url", "p", "passes anyway, or never"),
        ("X-Http-Method-Override", "p", "passes anyway, or never"),
        ("X-Keyless-Attempts", "p", "passes anyway, or never"),
        ("'a b'", "p", "not a name"),
    ],
)
def test_what_it_does_not_take(name: str, provider: str, why: str, tmp_path: Path) -> None:
    (message,) = problems(written(tmp_path, f"[{name}]", provider))
    assert why in message


def test_what_passes_is_said_aloud(tmp_path: Path) -> None:
    loaded = load(written(tmp_path, "[Authorization, X-Api-Key]"), environ={"KEY": "0123456789abcdef"})
    (warning,) = loaded.warnings
    assert warning.path == "routes./a.pass"
    assert "Authorization, X-Api-Key reaches the API" in warning.message
    assert load(written(tmp_path, "[]"), environ={"KEY": "0123456789abcdef"}).warnings == ()


BESIDE = """
providers:
  p: {scheme: static, token: "${KEY}", inject: {header: {apikey: "{token}"}, query: {key: "{token}"}}}
  c: {scheme: static, token: "${KEY}", inject: {cookie: {sid: "{token}"}}}
  b: {scheme: static, token: "${KEY}"}
  o:
    scheme: oauth2
    token_url: https://id.example.com/token
    client_id: crm
    client_secret: ${KEY}
    hosts: [{host: "*.example.com", credential: true}]
    reply: {upstream: instance_url}
routes:
"""


AUTHORIZATION = "headers.set.authorization"


@pytest.mark.parametrize(
    ("route", "where"),
    [
        ("{upstream: https://a.test, provider: p, headers: {set: {ApiKey: x}}}", "headers.set.ApiKey"),
        ("{upstream: https://a.test, provider: c, headers: {set: {Cookie: x=1}}}", "headers.set.Cookie"),
        ("{upstream: https://a.test, provider: b, headers: {set: {authorization: x}}}", AUTHORIZATION),
        ("{upstream: 'https://a.test/x?a=1&Key=2', provider: p}", "upstream"),
        ("{upstream: 'https://{upstream}/v1', provider: o, headers: {set: {authorization: x}}}", AUTHORIZATION),
    ],
)
def test_trap_20_a_place_that_the_provider_fills_holds_nothing_else(route: str, where: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"{BESIDE}  /a: {route}\n")
    with pytest.raises(ConfigError) as raised:
        load(path, environ={"KEY": "0123456789abcdef"})
    (problem,) = raised.value.problems
    assert problem.path == f"routes./a.{where}"
    assert "say it in one of the two" in problem.message


@pytest.mark.parametrize(
    "route",
    [
        "{upstream: https://a.test, provider: p, headers: {set: {Authorization: x, Cookie: y}}}",
        "{upstream: 'https://a.test/bot{token}', provider: b, headers: {set: {Authorization: x}}}",
        "{upstream: 'https://a.test/?a=1', provider: p}",
        "{upstream: 'https://a.test', provider: none, headers: {set: {Authorization: x}}}",
    ],
)
def test_trap_20_other_places_are_the_routes(route: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"{BESIDE}  /a: {route}\n")
    assert load(path, environ={"KEY": "0123456789abcdef"}).config.routes
