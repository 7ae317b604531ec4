"""What the proxy itself answers to a request: in an API's place, or that it goes no further.

Owns: what is added for a web page, and who is told of a route. Must not know: why. Each gives back the status.
"""

from __future__ import annotations

from proxy.audit.events import Audit
from proxy.errors import Fault
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
    own.fault(exchange.request, said, exchange.cors_origin, exchange.plan.error_shape if asked else None)
    return said.status
