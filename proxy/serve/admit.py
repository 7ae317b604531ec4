"""May this request go on, and where? Decisions over values; who asks is found out by serve/visitors.py.

Owns: which lane a request takes, what a route refuses, and what the proxy answers in an API's place. Must not know:
tokens (who may not ask wakes none: docs/traps.md 38), connections.
"""

from __future__ import annotations

from typing import NamedTuple

from proxy.errors import Fault
from proxy.plan import cors
from proxy.plan.route import RoutePlan
from proxy.plan.router import Router, Way
from proxy.serve.exchange import Exchange
from proxy.serve.lane import NOWHERE, Lane

LaneWay = Way[Lane]


class OwnReply(NamedTuple):
    """What the proxy answers itself. `headers` without those of the content."""

    status: int
    headers: cors.Headers = ()
    content_type: str | None = None
    body: bytes = b""


class Lost(NamedTuple):
    """No route takes it, and why."""

    way: LaneWay
    fault: Fault


def find(router: Router[Lane], target: bytes) -> LaneWay | Lost:
    """The way of a request target. Why it has none is said only to someone who may ask."""
    try:
        way = router.find(target)
    except Fault as fault:
        return Lost(Way(NOWHERE, b"", b"", b""), fault)
    if way is not None:
        return way
    path = target.partition(b"?")[0]
    return Lost(Way(NOWHERE, path, b"", b""), Fault("no_route", f"no route takes {path.decode('latin-1')}"))


def admit(exchange: Exchange) -> OwnReply | None:
    """The proxy's own answer, if the request goes no further; else it may go on. Raises Fault."""
    plan, rest, origin = exchange.plan, exchange.way.rest, exchange.cors_origin
    if exchange.preflight and origin is not None:
        return OwnReply(204, cors.preflight(origin, exchange.request.headers, plan.methods))
    if exchange.lost is not None:
        raise exchange.lost
    if exchange.client is not None:
        exchange.client.check(plan.prefix, rest, exchange.method, origin)
    check(plan, exchange.method, rest)
    coding = exchange.head.facts.get(b"transfer-encoding")
    if coding is not None and coding.strip().lower() != b"chunked":
        exchange.request.last()  # whoever passed this on may have seen another end of it
        raise Fault("bad_request", "of the transfer codings only `chunked` is understood")
    return stand_in(plan, rest)


def check(plan: RoutePlan, method: str, rest: bytes) -> None:
    """Raises Fault for what the route does not take."""
    plan.check_method(method)
    if not plan.takes(rest):
        raise Fault("path_refused", f"{plan.prefix} does not take this path")


def stand_in(plan: RoutePlan, rest: bytes) -> OwnReply | None:
    """That of the token endpoint which the proxy plays for an SDK that insists on one."""
    if plan.stand_in is None or rest != plan.stand_in.path:
        return None
    return OwnReply(200, (), "application/json", plan.stand_in.reply)
