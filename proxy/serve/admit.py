"""May this request go on? Who asks is known by now (serve/visitors.py).

Owns: the order of what a client and a route refuse, and what the proxy answers in an API's place. Must not know: tokens
(who may not ask wakes none: docs/traps.md 38), connections.
"""

from __future__ import annotations

from typing import NamedTuple

from proxy.errors import Fault
from proxy.plan import cors
from proxy.plan.route import RoutePlan
from proxy.serve.exchange import Exchange


class OwnReply(NamedTuple):
    """What the proxy answers itself. `headers` without those of the content."""

    status: int
    headers: cors.Headers = ()
    content_type: str | None = None
    body: bytes = b""

    def __repr__(self) -> str:
        return f"<OwnReply {self.status}>"


def admit(exchange: Exchange) -> OwnReply | None:
    """The proxy's own answer, if the request goes no further; else it may go on. Raises Fault."""
    plan, rest, origin = exchange.plan, exchange.way.rest, exchange.cors_origin
    if exchange.preflight and origin is not None:
        return OwnReply(204, cors.preflight(origin, exchange.request.headers, plan.methods))
    if exchange.lost is not None:
        raise exchange.lost
    if exchange.client is not None:
        exchange.client.check(plan.prefix, rest, exchange.method, origin)
    plan.check(exchange.method, rest)
    coding = exchange.head.facts.get(b"transfer-encoding")
    if coding is not None and coding.strip().lower() != b"chunked":
        exchange.request.last()  # whoever passed this on may have seen another end of it
        raise Fault("bad_request", "of the transfer codings only `chunked` is understood")
    if plan.stand_in is None:
        return None
    answered = stand_in(plan, rest, exchange.placeholder)
    if answered is not None and plan.provider is not None and plan.provider.scheme is None:
        raise plan.provider.asleep()  # before the SDK believes that it has a token
    return answered


def stand_in(plan: RoutePlan, rest: bytes, placeholder: bytes | None = None) -> OwnReply | None:
    """That of the token endpoint which the proxy plays for an SDK that insists on one; `placeholder` is a client's."""
    if plan.stand_in is None or rest != plan.stand_in.path:
        return None
    reply = plan.stand_in.reply if placeholder is None else plan.stand_in.reply_with(placeholder)
    return OwnReply(200, (), "application/json", reply)
