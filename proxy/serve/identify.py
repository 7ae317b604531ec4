"""Who sent this request? At a glance, for most; with a look at every place where a key may stand, for others.

Owns: what of a request is looked at. Must not know: what a client may do; the exchange is read here, never written.
"""

from __future__ import annotations

import hashlib

from proxy.plan.admission.clients import Key
from proxy.plan.admission.key_places import LONGEST_BODY, KeyPlaces, KeySlots
from proxy.plan.headers import Head
from proxy.plan.route import RoutePlan
from proxy.serve.body import Body
from proxy.serve.exchange import Exchange
from proxy.serve.visitors import BodyWanted, Found, KeysWanted, Visitor, Visitors
from proxy.values.now import Now
from proxy.wire.inbound.request import Request


def at_a_glance(visitors: Visitors, exchange: Exchange, wall: float) -> Key | None:
    """The client's key, where it stands in the usual place and nowhere else; None for all that takes a closer look."""
    plan, head, query = exchange.plan, exchange.head, exchange.way.query
    if not visitors.at_once or plan.stand_in is not None or plan.passing is not None:
        return None
    if query:
        shown = _shown(plan.key_slots, head, query)
    elif head.slots is plan.key_slots:
        shown = head.shown
    else:  # kept with the head, which the next request often has as well
        shown = head.shown = _shown(plan.key_slots, head, query)
        head.slots = plan.key_slots
    return visitors.client_keys.lone(shown, wall) if shown else None


def _shown(slots: KeySlots, head: Head, query: bytes) -> bytes:
    """The digest of the only key; b"" where there is none or may be several."""
    text = slots.lone(head.facts, query)
    return b"" if text is None or text in head.joined else hashlib.sha256(text).digest()


def closely(visitors: Visitors, exchange: Exchange, now: Now) -> Found:
    """Who asks, or what must be waited for to tell. Raises Fault."""
    request, way = exchange.request, exchange.way
    places = KeyPlaces(exchange.head.facts, exchange.plan.key_slots, request.fields, way.rest, way.query)
    return visitors.identify(places, request.connection.transport, now)


async def settled(
    wanted: KeysWanted | BodyWanted, request: Request, max_body: int | None
) -> tuple[Visitor | None, Body | None]:
    """Who it is once what is wanted is there: the keys of an access token's issuer, the body in which a key may stand;
    and the body, if it was read. Raises Fault.
    """
    read: Body | None = None
    found: Found = wanted
    while isinstance(found, KeysWanted | BodyWanted):
        if isinstance(found, KeysWanted):
            found = await found.settled()
        else:
            longest = LONGEST_BODY if max_body is None else min(max_body, LONGEST_BODY)
            read = await Body.of(request, 0, longest, whole=True)
            found = found.ask((read.whole if read is not None else None) or b"")
    return found, read


def placeholder(visitors: Visitors, plan: RoutePlan, key: Key, wall: float) -> bytes | None:
    """What the route's stand-in gives this client."""
    if plan.stand_in is None:
        return None
    return visitors.client_keys.placeholder(key, plan.prefix, wall + plan.stand_in.lifetime)
