"""Requests as values: exchanges without a loop, a socket or a server."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from proxy.config.loaded import Loaded
from proxy.config.model import Config
from proxy.figures.counts import RouteCounts
from proxy.figures.timeline import Timeline
from proxy.http.fields import Fields
from proxy.plan.compile import compile_plan
from proxy.plan.route import RoutePlan
from proxy.plan.router import Way
from proxy.serve.exchange import Exchange
from proxy.serve.lane import Lane
from proxy.values.now import Now
from proxy.wire.inbound.connection import ClientConnection
from proxy.wire.inbound.request import Request

SECRET = "a-very-secret-text"
NOW = Now(1000.0, 1700000000.0)


def route(upstream: str = "https://api.test/v1", provider: dict[str, Any] | None = None, **written: Any) -> RoutePlan:
    """The plan of a route /api; its provider is static and has a made-up token, unless said otherwise."""
    given = provider or {"scheme": "static", "token": SECRET}
    routes = {"/api": {"upstream": upstream, "provider": "p"} | written}
    model = Config.model_validate({"providers": {"p": given}, "routes": routes})
    plan = compile_plan(Loaded(model, {}, {"p": frozenset((SECRET,))}), lambda: 0.5, Now(0.0, 0.0))
    return plan.routes["/api"]


def request(method: str = "GET", target: bytes = b"/api/x", fields: Fields | None = None) -> Request:
    server = SimpleNamespace(loop=None, max_header=65536)  # as much of a server as a connection takes from one
    connection = ClientConnection(cast("Any", server))
    return Request(connection, method, target, fields or [(b"Host", b"127.0.0.1")], True, True)


def exchange(plan: RoutePlan, method: str = "GET", fields: Fields | None = None, **facts: Any) -> Exchange:
    """One that has arrived on this route, as serve/forward.py leaves it."""
    way = Way(Lane(plan, None), b"/api/x", b"a=1", b"/x")
    made = Exchange(request(method, b"/api/x?a=1", fields), Timeline(1.0, NOW.wall), NOW.boot, way, None, RouteCounts())
    made.head = plan.request_headers.read(made.request.fields)
    for name, fact in facts.items():
        setattr(made, name, fact)
    return made
