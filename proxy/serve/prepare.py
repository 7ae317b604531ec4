"""Builds the request that goes to the API from the one that came, and the credential.

Owns: the order strip, then inject (docs/traps.md 20, 21), and framing towards the API. Must not know: connections,
refusals.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from proxy.auth.content import readable_codings
from proxy.auth.inject import Injection, Rendered
from proxy.auth.places import inject_cookie, inject_form, inject_json, inject_query
from proxy.auth.token import Token
from proxy.errors import Fault
from proxy.http.fields import facts, named_by_connection, without
from proxy.plan import subprotocol
from proxy.plan.confidential import Confidential
from proxy.plan.headers import NOTED_IN_REQUESTS, Sieve
from proxy.plan.scrub import Needles
from proxy.serve import answer
from proxy.serve.body import Body
from proxy.serve.exchange import Exchange
from proxy.serve.upstream import Call

_NOTHING = Rendered()
_UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"


def read_head(exchange: Exchange, sieve: Sieve) -> None:
    """What may pass of the client's headers, and what they tell of the request. Done once; a replay sends the same."""
    fields = exchange.request.fields
    lines, noted = sieve.sort(fields)
    exchange.facts = known = facts(noted)
    if len(known) != len(noted) and [name for name, _ in noted].count(b"host") > 1:
        raise Fault("bad_request", "the request names two hosts")  # RFC 9112 §3.2
    if b"connection" in known and (named := named_by_connection(known[b"connection"])):
        lines, _ = sieve.sort(without(fields, named))
        for name in named & NOTED_IN_REQUESTS:
            known.pop(name, None)
    exchange.lines = lines


def finish_head(exchange: Exchange) -> None:
    """What the route adds to the lines that pass. Raises Fault."""
    known, lines, plan = exchange.facts, exchange.lines, exchange.lane.plan
    if b"accept-encoding" in known:
        codings = known[b"accept-encoding"]
        if plan.refusals is not None and plan.refusals.reads_body:
            codings = readable_codings(codings)
        lines.append(b"Accept-Encoding: %b\r\n" % codings)
    if subprotocol.LOWER in known:
        lines.append(subprotocol.passed_on(known[subprotocol.LOWER]))
    if b"upgrade" in known:
        exchange.upgrade = known[b"upgrade"].strip().lower() == b"websocket" and _may_upgrade(exchange)
    if b"transfer-encoding" in known and known[b"transfer-encoding"].strip().lower() != b"chunked":
        exchange.request.keep_alive = False  # whoever passed this on may have seen another end of it
        raise Fault("bad_request", "of the transfer codings only `chunked` is understood")
    if plan.set_headers:
        lines.append(plan.set_headers)


def _may_upgrade(exchange: Exchange) -> bool:
    """RFC 6455 §4.1: a GET without a body, whose `Connection` says that the upgrade is meant."""
    meant = b"upgrade" in exchange.facts.get(b"connection", b"").lower()
    return meant and exchange.method == "GET" and not exchange.framed


def prepare(exchange: Exchange, token: Token | None) -> Call:
    """The call with this token in it. A body that the credential goes into was read whole before. Raises Fault."""
    plan = exchange.lane.plan
    injection = plan.injection
    rendered = _NOTHING
    if token is not None and injection is not None:
        rendered = _rendered(exchange, injection, token)
    body, framing = _body(exchange, injection, rendered)
    path = plan.target.path(
        exchange.path if plan.keep_prefix else exchange.rest, rendered.path[0].encode() if rendered.path else None
    )
    head = b"".join(
        (
            exchange.method.encode("ascii"),
            b" ",
            path + _query(exchange, injection, rendered),
            b" HTTP/1.1\r\nHost: ",
            plan.target.host,
            b"\r\n",
            *exchange.lines,
            rendered.headers,
            _cookie(exchange, injection, rendered),
            framing,
            b"\r\n",
        )
    )
    early = partial(answer.early, exchange)
    return Call(plan.target.origin, exchange.method, head, body, plan.timeout, early)


def _rendered(exchange: Exchange, injection: Injection, token: Token) -> Rendered:
    provider = exchange.lane.plan.provider
    if provider is not None:
        exchange.needles = _needles(exchange, provider.confidential, token)
    try:
        return injection.render(token)
    except ValueError as error:
        name = provider.name if provider is not None else None
        raise Fault("credential_refused", str(error), provider=name) from None


def _needles(exchange: Exchange, confidential: Confidential, token: Token) -> Needles:
    """What must not go back to the client: after a replay also what the first try carried."""
    needles = confidential.needles(token)
    return needles | exchange.needles if exchange.attempts > 1 else needles


def _query(exchange: Exchange, injection: Injection | None, rendered: Rendered) -> bytes:
    query = exchange.query
    if injection is not None and injection.query_names:
        query = inject_query(query, injection.query_names, rendered.query)
    own = exchange.lane.plan.target.query
    if own:
        query = own + b"&" + query if query else own
    return b"?" + query if query else b""


def _cookie(exchange: Exchange, injection: Injection | None, rendered: Rendered) -> bytes:
    client = exchange.facts.get(b"cookie") if exchange.lane.plan.cookies else None
    if injection is not None and (injection.cookie_names or client is not None):
        client = inject_cookie(client, injection.cookie_names, rendered.cookie)
    return b"Cookie: %b\r\n" % client if client else b""


def _body(exchange: Exchange, injection: Injection | None, rendered: Rendered) -> tuple[bytes | Body | None, bytes]:
    """What to send behind the head, and the header lines that frame it."""
    if exchange.upgrade:
        return None, _UPGRADE
    body = exchange.body
    if injection is not None and injection.edits_body:
        whole = (body.whole if body is not None else None) or b""
        edited, framing = _edited(whole, exchange.request.headers, injection, rendered)
        return edited, framing + b"Content-Length: %d\r\n" % len(edited)
    if body is None:
        return None, b""
    if body.length is None:
        return body, b"Transfer-Encoding: chunked\r\n"
    return body.whole if body.whole is not None else body, b"Content-Length: %d\r\n" % body.length


def _edited(body: bytes, headers: Mapping[str, str], injection: Injection, rendered: Rendered) -> tuple[bytes, bytes]:
    """The body with the credential in it, and a Content-Type line where the client sent none."""
    kind = "application/json" if rendered.json else "application/x-www-form-urlencoded"
    given = headers.get("Content-Type")
    try:
        if rendered.json:
            body = inject_json(body or b"{}", rendered.json)
        elif body and ("Content-Encoding" in headers or not (given or kind).lower().startswith(kind)):
            raise ValueError("expected a form")  # noqa: TRY301 -- the same answer as to what is no JSON
        else:
            body = inject_form(body, injection.form_fields, rendered.form)
    except ValueError as error:
        raise Fault("bad_request", f"the credential goes into the body, which can't take it: {error}") from None
    return body, b"" if given is not None else f"Content-Type: {kind}\r\n".encode("ascii")
