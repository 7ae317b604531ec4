"""A preset's harmless call through the real request path, against the sandbox."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from proxy.cli.kit.live import Tried, chosen, try_live
from proxy.config.load import load
from proxy.config.loaded import Loaded
from proxy.config.written.preset import read_preset
from proxy.sandbox import KEY, SECRET

OAUTH2 = {"scheme": "oauth2", "client_id": KEY, "client_secret": SECRET}
FIXED = {"scheme": "static", "token": "a-made-up-token"}


def with_live(folder: Path, sandbox: str, routes: str, provider: dict[str, Any], **preset: Any) -> Loaded:
    """A config whose one preset lies in the sandbox."""
    of_login = {"token_url": f"{sandbox}/oauth2/token"} if provider["scheme"] == "oauth2" else {}
    bases = {"api": f"{sandbox}/{{style}}/api", "other": f"{sandbox}/nowhere"}
    parameters = {"style": {"default": "oauth2"}, "page": {"default": "echo"}}
    written = {"title": "t", "bases": bases, "parameters": parameters, "provider": provider | of_login, **preset}
    path = folder / "config.yaml"
    path.write_text(f"routes: {routes}\n")
    return load(path, environ={}, catalogue={"example": read_preset(written)})


def tried(loaded: Loaded) -> dict[str, Tried]:
    return asyncio.run(try_live(loaded, chosen(loaded)))


@pytest.mark.parametrize(
    "routes", ["{/x: example}", "{/y: {provider: example, base: other}, /x: example, /z: example}"]
)
def test_the_call_goes_out_with_the_credential(routes: str, tmp_path: Path, sandbox: str) -> None:
    loaded = with_live(tmp_path, sandbox, routes, OAUTH2, live={"path": "/{page}"})
    assert chosen(loaded) == {"example": "/x"}
    assert tried(loaded) == {"/x": Tried(True, "GET /echo: the API answered 200")}


def test_a_body_and_headers_go_along(tmp_path: Path, sandbox: str) -> None:
    live = {"method": "POST", "path": "/echo?a=1", "headers": {"X-A": "b"}, "json": {"a": 1}}
    assert tried(with_live(tmp_path, sandbox, "{/x: example}", OAUTH2, live=live)) == {
        "/x": Tried(True, "POST /echo: the API answered 200")
    }


@pytest.mark.parametrize("dead", [[], [{"status": 401}]])
def test_a_key_that_is_dead(dead: list[Any], tmp_path: Path, sandbox: str) -> None:
    loaded = with_live(tmp_path, sandbox, "{/x: example}", FIXED, live={"path": "/echo"}, dead=dead)
    assert tried(loaded) == {"/x": Tried(False, "GET /echo: the API refused the credential (status 401)")}


@pytest.mark.parametrize(
    ("seen", "more"), [(False, "; nobody has tried this path yet, so the preset may be wrong"), (True, "")]
)
def test_a_path_that_is_not_there(seen: bool, more: str, tmp_path: Path, sandbox: str) -> None:
    live = {"path": "/no/such/page", "tried": seen, "base": "other"}
    loaded = with_live(tmp_path, sandbox, "{/x: {provider: example, base: other}}", OAUTH2, live=live)
    assert tried(loaded) == {"/x": Tried(False, f"GET /no/such/page: the API answered 404{more}")}


def test_what_the_proxy_itself_answers(tmp_path: Path, sandbox: str) -> None:
    routes = "{/x: {provider: example, methods: [POST]}}"
    loaded = with_live(tmp_path, sandbox, routes, OAUTH2, live={"path": "/echo"})
    assert tried(loaded) == {"/x": Tried(False, "GET /echo: method_refused")}


def test_nothing_to_try(tmp_path: Path, sandbox: str) -> None:
    assert tried(with_live(tmp_path, sandbox, "{/x: example}", OAUTH2)) == {}
    own = "{/x: {provider: example, upstream: https://api.example.com}}"
    assert tried(with_live(tmp_path, sandbox, own, OAUTH2, live={"path": "/echo"})) == {}


def test_a_parameter_that_is_missing_leaves_nothing_to_try(tmp_path: Path, sandbox: str) -> None:
    parameters = {"style": {"default": "oauth2"}, "page": {"env": "EXAMPLE_PAGE"}}
    loaded = with_live(tmp_path, sandbox, "{/x: example}", OAUTH2, live={"path": "/{page}"}, parameters=parameters)
    assert loaded.live == {}
