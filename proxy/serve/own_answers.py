"""What the proxy itself answers to a request: in an API's place, or that it goes no further.

Owns: what is added for a web page, and who is told of a route. Must not know: why. Each gives back the status.
"""

from __future__ import annotations

from proxy.audit.events import Audit
from proxy.errors import Fault
from proxy.http.error_shape import ErrorShape
from proxy.serve import observers, unchallenged
from proxy.serve.admit import OwnReply
from proxy.serve.exchange import Exchange
from proxy.wire.inbound import own


def reply(exchange: Exchange, said: OwnReply) -> int:
    cors_origin = None if exchange.preflight else exchange.cors_origin  # a preflight's answer has it already
    own.reply(exchange.request, said.status, list(said.headers), said.content_type, said.body, cors_origin)
    return said.status


def fault(exchange: Exchange, fault: Fault, audit: Audit | None, *, guarded: bool) -> int:
    """`guarded`: not everybody may ask. Who may not learns nothing of the route, not even whose API it leads to."""
    said = unchallenged.told(exchange, fault)
    if audit is not None:
        observers.refused(audit, exchange, said)
    asked = not guarded or exchange.client is not None
    own.fault(exchange.request, said, exchange.cors_origin, _shape(exchange, asked))
    return said.status


def _shape(exchange: Exchange, asked: bool) -> ErrorShape | None:
    """That of the API's SDKs, for those who may know whose it is. Where a token is asked for, that of token endpoints,
    but for vendors with one of their own.
    """
    own, stand_in = exchange.plan.error_shape, exchange.plan.stand_in
    if stand_in is not None and exchange.way.rest == stand_in.path:
        return own or "oauth"
    return own if asked else None
