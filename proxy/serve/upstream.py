"""The only client that speaks to APIs.

Owns: sending one request and getting the head of its reply; network retries, where nothing can have been processed
(docs/lifecycle.md#replay). Must not know: tokens, refusals, the client's connection.
"""

from __future__ import annotations

import os
import socket
import ssl
from typing import Final

from proxy import shortage
from proxy.errors import Code, Fault
from proxy.http.origin import Origin
from proxy.wire.outbound.call import Call
from proxy.wire.outbound.connections import Crowded
from proxy.wire.outbound.dial import Dialer
from proxy.wire.outbound.leg import Leg
from proxy.wire.outbound.pool import Dial, Pool
from proxy.wire.outbound.reply import Broken, Reply, Stalled

__all__ = ["Broken", "Call", "Reply", "Stalled", "Upstream", "fault_of"]

IDEMPOTENT: Final = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"))


class Upstream:
    """Make it in a running loop; `close` closes its connections."""

    def __init__(self, dial: Dial | None = None, most: int | None = None) -> None:
        """`most` bounds the connections to one API."""
        self.pool = Pool(dial or Dialer(), most)

    async def close(self) -> None:
        await self.pool.close()

    async def send(self, call: Call) -> Reply:
        """The reply, as soon as its head is there; the caller reads it to its end or closes it. Raises Fault."""
        try:
            leg: Leg | None = self.pool.take(call.origin, once=not _stays_repeatable(call))
            if leg is not None:
                try:
                    return await leg.begin(call).head()
                except Broken as broken:  # a name of its own: compiled, one has one type
                    if not _may_repeat(call, broken):
                        raise
            leg = await self._open(call)
            return await leg.begin(call).head()
        except (Broken, Stalled, Crowded, OSError, UnicodeError) as cause:
            raise fault_of(call.origin, cause) from None

    async def _open(self, call: Call) -> Leg:
        began = self.pool.time()
        try:
            return await self.pool.open(call.origin, call.timeout.connect)
        except TimeoutError:
            raise Stalled(f"no connection within {call.timeout.connect:g} s") from None
        finally:
            call.opening = self.pool.time() - began


def _stays_repeatable(call: Call) -> bool:
    """Whatever happens to it; an upload may outgrow what is kept of it."""
    return call.method in IDEMPOTENT and (call.body is None or isinstance(call.body, bytes))


def _may_repeat(call: Call, error: Broken) -> bool:
    """The API may have closed a pooled connection just before: then nothing was processed."""
    if not error.unanswered or call.method not in IDEMPOTENT:
        return False
    return call.body is None or isinstance(call.body, bytes) or call.body.replayable


def fault_of(origin: Origin, error: Exception) -> Fault:
    """What went wrong on the way to an API, as its client is told. Nowhere else do the wire's errors become ours."""
    lack = shortage.of(error) if isinstance(error, OSError) else None
    if lack is not None:
        return shortage.tell(lack)
    code, reason = _judged(error)
    fault = Fault(code, f"{origin.authority}: {reason}", retry_after=1.0 if code == "overloaded" else None)
    fault.outside = reason
    return fault


def _judged(error: Exception) -> tuple[Code, str]:
    match error:
        case Stalled() | Crowded():
            return "upstream_timeout" if isinstance(error, Stalled) else "overloaded", str(error)
        case Broken():
            return "upstream_unreachable" if error.unanswered else "upstream_protocol", str(error)
        case ssl.SSLCertVerificationError():
            return "upstream_unreachable", f"certificate refused, {error.verify_message}"
        case ssl.SSLError():
            return "upstream_unreachable", f"TLS failed, {error.reason or 'no reason given'}"
        case socket.gaierror() | UnicodeError():  # the latter for names that IDNA can't encode
            return "upstream_unreachable", "the name can't be resolved"
        case _:
            return "upstream_unreachable", _reason(error)


def _reason(error: Exception) -> str:
    """In the system's words: asyncio's name the address, which maps a network for clients. A peer that hangs up in the
    middle of a handshake leaves errors without a text.
    """
    said = str(error)
    if isinstance(error, OSError):
        said = os.strerror(error.errno) if error.errno else error.strerror or said
    return said or f"the connection was lost while it was opened ({type(error).__name__})"
