"""Builds the request that goes to the API from the one that came, and the credential.

    draft   what passes of the head, with what the route adds; method, path, query
    place   the credential goes in, in place of whatever the client sent there
    call    and with the body it becomes a call

Owns: the order of these (docs/traps.md 20, 21), and framing towards the API. Must not know: connections, refusals.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from proxy.auth.content import readable_codings
from proxy.auth.draft import Draft
from proxy.auth.token import Token
from proxy.errors import Fault
from proxy.plan import subprotocol
from proxy.plan.headers import Head
from proxy.plan.route import RoutePlan
from proxy.plan.router import Way
from proxy.plan.scrub import Needles
from proxy.serve import answer
from proxy.serve.body import Body
from proxy.serve.exchange import Exchange
from proxy.serve.upstream import Call

_UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"


def needles(exchange: Exchange, token: Token | None) -> Needles:
    """What must not go back to the client: after a replay also what the first try carried."""
    plan = exchange.plan
    if token is None or plan.placing is None or plan.provider is None:
        return exchange.needles
    found = plan.provider.confidential.needles(token)
    return found | exchange.needles if exchange.attempts > 1 else found


def prepare(exchange: Exchange, token: Token | None, clock: Callable[[], float]) -> Call:
    """The call with this token in it. A body that the credential needs was read whole before. Raises Fault."""
    plan, body = exchange.plan, exchange.body
    drafted = draft(plan, exchange.method, exchange.way, exchange.head)
    drafted.clock = clock
    if token is not None and plan.placing is not None:
        if plan.placing.needs_body:
            drafted.body = (body.whole if body is not None else None) or b""
        place(drafted, plan, token)
    return _call(drafted, exchange)


def draft(plan: RoutePlan, method: str, way: Way[Any], head: Head) -> Draft:
    """Without a credential. What `head` says stays as it is: there may be another try."""
    target = plan.target
    lines = _lines(plan, head)
    drafted = Draft(method, target.origin, target.whole, way.path if plan.keep_prefix else way.rest, lines)
    drafted.own_query, drafted.query = target.query, way.query
    drafted.cookie = head.facts.get(b"cookie") if plan.cookies else None
    return drafted


def _lines(plan: RoutePlan, head: Head) -> list[bytes]:
    known, lines = head.facts, head.lines.copy()
    if b"accept-encoding" in known:
        codings = known[b"accept-encoding"]
        if plan.refusals is not None and plan.refusals.reads_body:
            codings = readable_codings(codings)
        lines.append(b"Accept-Encoding: %b\r\n" % codings)
    if subprotocol.LOWER in known:
        lines.append(subprotocol.passed_on(known[subprotocol.LOWER]))
    if plan.set_headers:
        lines.append(plan.set_headers)
    return lines


def place(drafted: Draft, plan: RoutePlan, token: Token) -> None:
    """Raises Fault."""
    if plan.placing is None:
        return
    try:
        plan.placing.place(drafted, token)
    except ValueError as error:
        name = plan.provider.name if plan.provider is not None else None
        raise Fault("credential_refused", str(error), provider=name) from None


def _call(drafted: Draft, exchange: Exchange) -> Call:
    body, framing = _framed(drafted, exchange)
    head = b"".join(
        (
            drafted.method.encode("ascii"),
            b" ",
            drafted.target,
            b" HTTP/1.1\r\nHost: ",
            exchange.plan.target.host,
            b"\r\n",
            *drafted.lines,
            b"Cookie: %b\r\n" % drafted.cookie if drafted.cookie else b"",
            framing,
            b"\r\n",
        )
    )
    early = partial(answer.early, exchange)
    return Call(drafted.origin, drafted.method, head, body, exchange.plan.timeout, early)


def _framed(drafted: Draft, exchange: Exchange) -> tuple[bytes | Body | None, bytes]:
    """What to send behind the head, and the header lines that frame it."""
    if b"upgrade" in exchange.head.facts and may_upgrade(drafted.method, exchange.head):
        return None, _UPGRADE
    if drafted.body is not None:
        return drafted.body, b"Content-Length: %d\r\n" % len(drafted.body)
    body = exchange.body
    if body is None:
        return None, b""
    if body.length is None:
        return body, b"Transfer-Encoding: chunked\r\n"
    return body.whole if body.whole is not None else body, b"Content-Length: %d\r\n" % body.length


def may_upgrade(method: str, head: Head) -> bool:
    """RFC 6455 §4.1: a GET without a body, whose `Connection` says that the upgrade to a WebSocket is meant."""
    meant = head.facts[b"upgrade"].strip().lower() == b"websocket"
    return meant and b"upgrade" in head.facts.get(b"connection", b"").lower() and method == "GET" and not head.framed
