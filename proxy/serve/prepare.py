"""Builds the request that goes to the API from the one that came, and the credential.

    draft   what passes of the head, with what the route adds; method, path, query
    place   the credential goes in, in place of whatever the client sent there
    call    and with the body it becomes a call

Owns: the order of these (docs/traps.md 20, 21). Must not know: connections, framing, refusals.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from proxy.auth.placing.draft import Draft, Placing
from proxy.auth.refusal.content import readable_codings
from proxy.auth.token import Token
from proxy.errors import Fault
from proxy.plan.admission import subprotocol
from proxy.plan.headers import Head
from proxy.plan.replies.scrub import Needles
from proxy.plan.route import ProviderPlan, RoutePlan
from proxy.plan.router import Way
from proxy.serve import answer
from proxy.serve.body import Body
from proxy.serve.exchange import Exchange
from proxy.serve.upstream import Call
from proxy.values.now import Now


def bound(plan: RoutePlan, token: Token) -> tuple[RoutePlan, Token]:
    """The plan that this token leads to, and the token with the API's challenge that it answers. Raises Fault."""
    if plan.led is not None:
        plan = plan.led(token)
    if plan.challenged is not None:
        token = plan.challenged.ready(token, plan.target.origin)
    return plan, token


def needles(exchange: Exchange, token: Token | None) -> Needles:
    """What must not go back to the client: after a replay also what the first try carried."""
    plan = exchange.plan
    if token is None or plan.placing is None or plan.provider is None:
        return exchange.needles
    found = plan.provider.confidential.needles(token)
    return found | exchange.needles if exchange.attempts > 1 else found


def prepare(exchange: Exchange, token: Token | None, clock: Callable[[], Now]) -> Call:
    """The call with this token in it. A body that the credential needs was read whole before. Raises Fault."""
    plan = exchange.plan
    drafted = draft(plan, exchange.method, exchange.way, exchange.head)
    if exchange.trace is not None and plan.traceparent:
        drafted.lines.append(exchange.trace.line)
    if token is not None and plan.placing is not None:
        drafted.clock, drafted.presented = clock, exchange.head.facts
        if plan.placing.needs_body:
            drafted.body = (exchange.body.whole if exchange.body is not None else None) or b""
        place(drafted, plan.placing, plan.provider, token)
    if drafted.cookie:
        drafted.lines.append(b"Cookie: %b\r\n" % drafted.cookie)
    body = _sent(drafted, exchange)
    call = Call(drafted.origin, drafted.method, drafted.target, drafted.lines, body, plan.timeout)
    call.early = answer.Early(exchange)
    if b"upgrade" in exchange.head.facts and may_upgrade(drafted.method, exchange.head):
        call.upgrade = b"websocket"
    return call


def draft(plan: RoutePlan, method: str, way: Way[Any], head: Head) -> Draft:
    """Without a credential. What `head` says stays as it is: there may be another try."""
    known, lines, target = head.facts, [head.joined], plan.target
    if b"accept-encoding" in known:
        codings = known[b"accept-encoding"]
        if plan.refusals is not None and plan.refusals.reads_body:
            codings = readable_codings(codings)
        lines.append(b"Accept-Encoding: %b\r\n" % codings)
    if subprotocol.LOWER in known:
        lines.append(subprotocol.passed_on(known[subprotocol.LOWER]))
    if plan.set_headers:
        lines.append(plan.set_headers)
    drafted = Draft(method, target.origin, target.whole, way.path if plan.keep_prefix else way.rest, lines)
    drafted.own_query, drafted.query, drafted.lone = target.query, way.query, way.lone
    if plan.cookies:
        drafted.cookie = known.get(b"cookie")
    return drafted


def place(drafted: Draft, placing: Placing, provider: ProviderPlan | None, token: Token) -> None:
    """Raises Fault."""
    try:
        placing.place(drafted, token)
    except ValueError as error:
        name = None if provider is None else provider.name
        raise Fault("credential_refused", str(error), provider=name) from None


def _sent(drafted: Draft, exchange: Exchange) -> bytes | Body | None:
    """What goes behind the head."""
    if drafted.body is not None:
        return drafted.body
    body = exchange.body
    return body.whole if body is not None and body.whole is not None else body


def may_upgrade(method: str, head: Head) -> bool:
    """RFC 6455 §4.1: a GET without a body, whose `Connection` says that the upgrade to a WebSocket is meant."""
    meant = head.facts[b"upgrade"].strip().lower() == b"websocket"
    return meant and b"upgrade" in head.facts.get(b"connection", b"").lower() and method == "GET" and not head.framed
