"""`/-/token/PROVIDER`: tokens for clients that must speak to an API themselves.

Owns: who may have one, and that each that is given or denied is written down, and why. Must not know: how tokens are
got.
"""

from __future__ import annotations

from proxy.admin.access.asking import about
from proxy.admin.page import Answer, Asked, Who
from proxy.admin.view import View
from proxy.audit import journal
from proxy.errors import Fault
from proxy.plan.admission.key_places import KeyPlaces, KeySlots
from proxy.serve.visitors import KeysWanted, Visitor
from proxy.tokens.handout import Handout, hand_out
from proxy.wire.inbound.request import Request

PATH = "token/*"
METHODS = frozenset(("GET",))
WHO = Who.ITS_OWN
_READERS = "Give a client `read_tokens` in the config."


async def answer(asked: Asked, view: View) -> Answer:
    request, (provider,) = asked.request, asked.names
    event = journal.Asked(*about(request), provider, provider in view.plan.providers)
    reader = journal.Reader(None)
    try:
        visitor = await _admit(request, view)
        reader = journal.Reader(visitor.client.name, visitor.who)
        handout = await _given(visitor, view, provider)
    except Fault as fault:
        journal.token_denied(view.audit, event, reader, fault)
        raise
    journal.token_given(view.audit, event, reader, handout.generation, handout.expires_in)
    if view.audit is not None:
        view.audit.demand()
    return Answer.json(handout.document())


async def _given(visitor: Visitor, view: View, provider: str) -> Handout:
    visitor.client.check_token(provider)
    return await hand_out(view.plan, view.cells, view.clock, provider)


async def _admit(request: Request, view: View) -> Visitor:
    """No web page gets a token, whatever its origin: a key in a page can be read by whoever opens it."""
    if "Origin" in request.headers or "Sec-Fetch-Site" in request.headers:
        raise Fault("origin_refused", "tokens are not given to web pages")
    if not view.visitors:
        raise Fault(
            "route_refused", "tokens are given only to clients with `read_tokens`, and there are none", hint=_READERS
        )
    transport = request.connection.transport
    places = KeyPlaces(request.known, KeySlots(), request.fields)
    visitor = view.visitors.identify(places, transport, view.clock())
    if isinstance(visitor, KeysWanted):
        visitor = await visitor.settled()
    assert isinstance(visitor, Visitor)  # noqa: S101 -- there are clients, and no body is looked into
    return visitor
