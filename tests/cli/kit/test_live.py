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


def test_a_parameter_that_is_missing_leaves_nothing_to_try(tmp_path: Path, sandbox: str) -> None:
    parameters = {"style": {"default": "oauth2"}, "page": {"env": "EXAMPLE_PAGE"}}
    loaded = with_live(tmp_path, sandbox, "{/x: example}", OAUTH2, live={"path": "/{page}"}, parameters=parameters)
    assert loaded.live == {}


@pytest.mark.parametrize(
    ("upstream", "path", "said"),
    [
        ("{0}/oauth2/api", "/echo", Tried(True, "GET /echo: the API answered 200")),
        ("{0}/oauth2", "/echo", Tried(True, "GET /api/echo: the API answered 200")),
        ("{0}", "/echo", Tried(True, "GET /oauth2/api/echo: the API answered 200")),
        (
            "{0}/nowhere",
            "/echo",
            Tried(True, "GET /echo: the API answered 404, so it may not be there; the credential was not tried"),
        ),
        ("{0}/oauth2/api", "/status/500", Tried(False, "GET /status/500: the API answered 500")),
    ],
)
def test_an_upstream_of_the_routes_own_is_tried_too(
    upstream: str, path: str, said: Tried, tmp_path: Path, sandbox: str
) -> None:
    routes = f"{{/x: {{provider: example, upstream: '{upstream.format(sandbox)}'}}}}"
    loaded = with_live(tmp_path, sandbox, routes, OAUTH2, live={"path": path, "tried": True})
    assert tried(loaded) == {"/x": said}


def test_a_wrong_key_is_told_whosever_the_upstream_is(tmp_path: Path, sandbox: str) -> None:
    routes = f"{{/x: {{provider: example, upstream: '{sandbox}/oauth2/api'}}}}"
    loaded = with_live(tmp_path, sandbox, routes, FIXED, live={"path": "/echo"})
    assert tried(loaded) == {"/x": Tried(False, "GET /echo: the API refused the credential (status 401)")}


def test_the_presets_own_upstream_is_preferred(tmp_path: Path, sandbox: str) -> None:
    routes = f"{{/a: {{provider: example, upstream: '{sandbox}'}}, /x: example}}"
    assert chosen(with_live(tmp_path, sandbox, routes, OAUTH2, live={"path": "/echo"})) == {"example": "/x"}
