"""A loaded config, compiled: what is off is None, what is secret is not shown."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.config.loaded import Loaded
from proxy.config.model import Config
from proxy.plan.compile import compile_plan
from proxy.plan.route import Plan, RoutePlan
from proxy.plan.stand_in import PLACEHOLDER
from proxy.values.now import Now

SECRET = "a-very-secret-text"


def compiled(route: dict[str, Any] | None = None, provider: dict[str, Any] | None = None, **config: Any) -> Plan:
    given = {"scheme": "static", "token": SECRET} if provider is None else provider
    routes = {"/api": {"upstream": "https://api.test/v1", "provider": "p", **(route or {})}}
    model = Config.model_validate({"providers": {"p": given}, "routes": routes, **config})
    return compile_plan(Loaded(model, {}, {"p": frozenset((SECRET,))}), lambda: 0.5, Now(0.0, 0.0))


def route_of(plan: Plan) -> RoutePlan:
    return plan.routes["/api"]


def test_what_a_route_does_not_use_is_none() -> None:
    plan = route_of(compiled(provider={"scheme": "static", "token": SECRET, "dead": []}))
    assert (plan.methods, plan.paths, plan.refusals, plan.stand_in) == (None, None, None, None)
    assert (plan.rewrite, plan.elsewhere) == (None, None)
    assert plan.target.template is None
    assert plan.set_headers == plan.set_reply_headers == b""


def test_no_provider_is_said_and_unconfigured_is_named() -> None:
    none = {"scheme": "static", "token": SECRET}
    assert route_of(compiled({"provider": "none"}, none)).provider is None
    config = Config.model_validate({"routes": {"/api": {"upstream": "https://api.test", "provider": "p"}}})
    plan = compile_plan(Loaded(config, {"p": ("A", "B")}), lambda: 0.5, Now(0.0, 0.0))
    provider = route_of(plan).provider
    assert provider is not None
    assert provider.missing == ("A", "B")
    assert provider.scheme is None
    assert route_of(plan).placing is None


def test_routes_that_place_a_credential_alike_share_one_placing() -> None:
    """Ten thousand of a provider must not make as many: replies are searched for what each of them carries."""
    whole = {"upstream": "https://api.test/bot{token}", "provider": "p"}
    other = {"upstream": "https://api.test/v1", "provider": "p"}
    plan = compiled(whole, routes={"/api": whole, "/same": dict(whole), "/other": other})
    assert plan.routes["/api"].placing is not None
    assert plan.routes["/same"].placing is plan.routes["/api"].placing
    assert plan.routes["/other"].placing is not plan.routes["/api"].placing


@pytest.mark.parametrize(
    "show",
    [
        repr,
        lambda plan: repr(route_of(plan)),
        lambda plan: repr(plan.providers["p"]),
        lambda plan: repr(route_of(plan).placing),
        lambda plan: route_of(plan).shown,
    ],
)
def test_nothing_shows_a_secret(show: Any) -> None:
    edits = {"set": {"X-Key": SECRET}}
    plan = compiled({"upstream": f"https://api.test/v1?key={SECRET}", "headers": edits, "reply_headers": edits})
    assert SECRET not in show(plan)


def test_the_basic_pair_counts_as_a_secret() -> None:
    plan = compiled(provider={"scheme": "static", "username": "user", "password": SECRET})
    assert "dXNlcjphLXZlcnktc2VjcmV0LXRleHQ=" in plan.providers["p"].secrets


def test_a_stand_in_is_finished_at_load() -> None:
    stand_in = {"path": "/token", "reply": {"access_token": "{placeholder}", "nested": {"t": "x{placeholder}"}, "n": 1}}
    provider = {"scheme": "static", "token": SECRET, "stand_in": stand_in}
    assert route_of(compiled(provider=provider)).stand_in is None
    plan = route_of(compiled({"stand_in": True}, provider)).stand_in
    assert plan is not None
    assert plan.path == b"/token"
    assert plan.reply.decode() == f'{{"access_token": "{PLACEHOLDER}", "nested": {{"t": "x{PLACEHOLDER}"}}, "n": 1}}'


@pytest.mark.parametrize(
    ("glob", "path", "takes"),
    [
        ("/v1/*", b"/v1/a", True),
        ("/v1/*", b"/v1/a/b", False),
        ("/v1/**", b"/v1/a/b", True),
        ("/v?/x", b"/v1/x", True),
        ("/v?/x", b"/v/x", False),
        ("/a.b", b"/axb", False),
        ("/a", b"/a\n", False),
        ("/a+(b)[c]", b"/a+(b)[c]", True),
        ("/ä/*", "/ä/x".encode(), True),
        ("v1/*", b"/v1/a", True),
        ("*", b"/a", True),
        ("**", b"", True),
        ("**", b"/a/b", True),
    ],
)
def test_globs(glob: str, path: bytes, takes: bool) -> None:
    assert route_of(compiled({"paths": [glob, "/other"]})).takes(path) is takes


def test_strict_scrubbing_wins_over_a_routes_own_wish() -> None:
    plan = route_of(compiled({"scrub": "strict", "headers": {"set": {"accept-encoding": "br", "X": "y"}}}))
    assert plan.set_headers == b"X: y\r\nAccept-Encoding: identity\r\n"
    assert plan.request_headers.sort([(b"Accept-Encoding", b"gzip")]) == ([], [])
