"""The only client that speaks to APIs.

Owns: sending one request and getting the head of its reply; network retries, where nothing can have been processed
(docs/lifecycle.md#replay). Must not know: tokens, refusals, the client's connection.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from contextlib import aclosing

from proxy import shortage
from proxy.config.model import Timeout
from proxy.errors import Fault
from proxy.http.fields import Fields
from proxy.http.origin import Origin
from proxy.serve.body import Body
from proxy.wire.outbound.connection import Connection
from proxy.wire.outbound.dial import Dialer
from proxy.wire.outbound.pool import Dial, Pool
from proxy.wire.outbound.reply import Broken, Reply, Stalled

__all__ = ["Broken", "Call", "Reply", "Stalled", "Upstream"]

IDEMPOTENT = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"))


class Call:
    """One request to an API. `head` ends with the blank line; `body` is None, all of it, or streamed."""

    __slots__ = ("body", "early", "head", "method", "origin", "timeout")

    def __init__(
        self,
        origin: Origin,
        method: str,
        head: bytes,
        body: bytes | Body | None,
        timeout: Timeout,
        early: Callable[[int, Fields], None] | None = None,
    ) -> None:
        self.origin = origin
        self.method = method
        self.head = head
        self.body = body
        self.timeout = timeout
        self.early = early


class Upstream:
    """Make it in a running loop; `close` closes its connections."""

    def __init__(self, dial: Dial | None = None) -> None:
        self.pool = Pool(dial or Dialer())
        self._uploads: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        for upload in self._uploads:
            upload.cancel()
        await self.pool.close()

    async def send(self, call: Call) -> Reply:
        """The reply, as soon as its head is there; the caller reads it to its end or closes it. Raises Fault."""
        connection = self.pool.take(call.origin)
        if connection is not None:
            try:
                return await self._exchange(connection, call)
            except Broken as error:
                if not _may_repeat(call, error):
                    raise _fault(call.origin, error) from None
        try:
            return await self._exchange(await self._open(call), call)
        except Broken as error:
            raise _fault(call.origin, error) from None

    async def _open(self, call: Call) -> Connection:
        where = call.origin.authority
        try:
            return await self.pool.open(call.origin, call.timeout.connect)
        except TimeoutError:
            raise Fault("upstream_timeout", f"{where}: no connection within {call.timeout.connect:g} s") from None
        except ssl.SSLCertVerificationError as error:
            raise Fault("upstream_unreachable", f"{where}: certificate refused, {error.verify_message}") from None
        except ssl.SSLError as error:
            raise Fault("upstream_unreachable", f"{where}: TLS failed, {error.reason or 'no reason given'}") from None
        except UnicodeError:  # for names that IDNA can't encode
            raise Fault("upstream_unreachable", f"{where}: the name can't be resolved") from None
        except OSError as error:
            raise _unreachable(where, error) from None

    async def _exchange(self, connection: Connection, call: Call) -> Reply:
        reply = self._begin(connection, call)
        try:
            await reply.head()
        except Stalled as error:
            raise Fault("upstream_timeout", f"{call.origin.authority}: {error}") from None
        except BaseException:
            reply.close()  # not connection.abort(): a reply that is complete gave its connection to the next exchange
            raise
        if reply.status == 101 and b"\r\nUpgrade: " not in call.head:
            connection.abort()
            raise Fault("upstream_protocol", f"{call.origin.authority}: the API switched protocols without being asked")
        return reply

    def _begin(self, connection: Connection, call: Call) -> Reply:
        body = call.body
        head_only = call.method == "HEAD"
        idle = call.timeout.idle
        if isinstance(body, Body):
            reply = connection.begin(call.head, head_only=head_only, done=False, idle=idle, early=call.early)
            self._upload(connection, body, call.timeout.head)
        else:
            data = call.head if body is None else call.head + body
            reply = connection.begin(data, head_only=head_only, done=True, idle=idle, early=call.early)
            connection.finish(call.timeout.head)
        return reply

    def _upload(self, connection: Connection, body: Body, head_timeout: float) -> None:
        """Beside the reading of the reply: an API may answer before it has read everything."""
        upload = asyncio.create_task(_upload(connection, body, head_timeout), name="upload")
        self._uploads.add(upload)
        upload.add_done_callback(self._uploads.discard)
        connection.on_abort = upload.cancel


async def _upload(connection: Connection, body: Body, head_timeout: float) -> None:
    error: Exception
    try:
        await _send_pieces(connection, body)
    except Fault as fault:
        error = fault
    except Exception as cause:  # whatever failed on the client's side, the API must not wait for more
        error = Broken(f"the client stopped sending ({type(cause).__name__})")
    else:
        connection.on_abort = None
        connection.finish(head_timeout)
        return
    connection.on_abort = None  # it would cancel this task, which is at its end
    connection.abort(error)


async def _send_pieces(connection: Connection, body: Body) -> None:
    chunked = body.length is None
    async with aclosing(body.pieces()) as pieces:
        async for piece in pieces:
            await connection.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
    if chunked:
        await connection.write(b"0\r\n\r\n")


def _may_repeat(call: Call, error: Broken) -> bool:
    """A pooled connection may have been closed by the API just before: then nothing was processed."""
    if not error.unanswered or call.method not in IDEMPOTENT:
        return False
    return not isinstance(call.body, Body) or call.body.replayable


def _unreachable(where: str, error: OSError) -> Fault:
    lack = shortage.of(error)
    if lack is not None:
        return shortage.tell(lack)
    if isinstance(error, socket.gaierror):
        return Fault("upstream_unreachable", f"{where}: the name can't be resolved")
    return Fault("upstream_unreachable", f"{where}: {_reason(error)}")


def _reason(error: OSError) -> str:
    """In the system's words: asyncio's name the address, which maps a network for clients. A peer that hangs up in the
    middle of a handshake leaves errors without a text.
    """
    known = os.strerror(error.errno) if error.errno else error.strerror or str(error)
    return known or f"the connection was lost while it was opened ({type(error).__name__})"


def _fault(origin: Origin, error: Broken) -> Fault:
    return Fault("upstream_unreachable" if error.unanswered else "upstream_protocol", f"{origin.authority}: {error}")
