"""One HTTP/1.1 connection to an API: bytes out, replies in, one exchange at a time.

Owns: framing, backpressure and deadlines of one socket; parsing is llhttp's, strict. Must not know: pools, DNS, tokens,
or what a reply means. A connection that saw anything irregular is never used again.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable
from typing import cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from proxy.config.model import Timeout
from proxy.http.fields import Fields
from proxy.wire.outbound.call import Call
from proxy.wire.outbound.head import encoded
from proxy.wire.outbound.reply import Broken, Reply, Stalled
from proxy.wire.outbound.tunnel import Tunnel
from proxy.wire.outbound.upload import upload

IDLE_EXPIRY = 15.0
MAX_HEAD = 64 * 1024
HIGH_WATER = 256 * 1024

_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_TIMEOUT = re.compile(rb"(?:^|[,\s])timeout\s*=\s*\"?(\d{1,9})", re.IGNORECASE)


class Connection:
    """Life: `begin` -> Reply -> `on_free(connection, reusable)`, which comes once more when the socket has closed.

    An `asyncio.Protocol` in all but its ancestors: compiled classes have none that are not.
    """

    __slots__ = (
        "_chunked",
        "_drained",
        "_early",
        "_fields",
        "_head_only",
        "_host",
        "_keep_alive",
        "_old",
        "_on_free",
        "_parser",
        "_read_paused",
        "_reply",
        "_request_done",
        "_timeout",
        "_unread",
        "_until_close",
        "_upgrade",
        "_upload",
        "_write_paused",
        "deadline",
        "exchanges",
        "idle_until",
        "loop",
        "on_writable",
        "patience",
        "transport",
        "tunneling",
    )

    def __init__(
        self, loop: asyncio.AbstractEventLoop, host: bytes, on_free: Callable[[Connection, bool], None]
    ) -> None:
        """`host` is what head.host_lines has made of the origin's authority."""
        self.loop = loop
        self._host = host
        self.transport: asyncio.Transport | None = None
        self._on_free = on_free
        self._parser: HttpResponseParser | None = None
        self._reply: Reply | None = None
        self._fields: Fields = []  # where the parser's next header goes
        self._early: Callable[[int, Fields], None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._write_paused = self._read_paused = False
        self._head_only = self._request_done = False
        self._keep_alive = self._until_close = self._chunked = self._old = False
        self._unread = 0  # bytes since the last byte of a body: of heads, trailers, chunk extensions
        self._timeout: Timeout | None = None
        self._upgrade = False
        self._upload: asyncio.Task[None] | None = None
        self.on_writable: Callable[[], None] | None = None
        self.deadline = self.idle_until = math.inf
        self.patience = IDLE_EXPIRY  # seconds that this connection may be idle
        self.exchanges = 0
        self.tunneling = False

    @property
    def usable(self) -> bool:
        return self.transport is not None and not self.transport.is_closing() and self._reply is None

    @property
    def writing_paused(self) -> bool:
        return self._write_paused

    # ------------------------------------------------------------ the exchange

    def begin(self, call: Call) -> Reply:
        """Send a request; a body that comes in pieces goes out beside the reply. Raises Broken."""
        if self.transport is None:
            raise Broken("the connection closed", unanswered=True)
        if self._parser is None:
            self._parser = HttpResponseParser(self)
        self.exchanges += 1
        self._reply = reply = Reply(self)
        self._fields = reply.headers
        # HEAD: its reply has no body, whatever the head says of one
        self._head_only = call.method == "HEAD"
        self._chunked = self._until_close = False
        self._unread = 0
        self._timeout = timeout = call.timeout
        self._upgrade = call.upgrade != b""
        self._early = call.early
        self.transport.write(encoded(call, self._host))
        if call.body is None or isinstance(call.body, bytes):
            self._request_done = True
            self.deadline = self.loop.time() + timeout.head
        else:
            self._request_done = False
            self.deadline = self.loop.time() + timeout.idle
            self._upload = self.loop.create_task(upload(self, call.body), name="upload")
        return reply

    async def write(self, data: bytes) -> None:
        """Send a part of the request's body; waits while the API does not read."""
        if self.transport is None or self.transport.is_closing():
            raise Broken("the connection closed")
        self.transport.write(data)
        self._moved()
        if self._write_paused:
            self._drained = self.loop.create_future()
            await self._drained

    def uploaded(self, error: Exception | None) -> None:
        """The request's body has gone out to its end, or to that of what the client sent."""
        self._upload = None
        if error is not None:
            self.abort(error)
            return
        self._request_done = True
        reply = self._reply
        if reply is None:
            return
        if reply.complete:
            self._release()
        elif reply.status:
            self._moved()
        elif self._timeout is not None:
            self.deadline = self.loop.time() + self._timeout.head

    def close(self) -> None:
        """At once."""
        self.abort()

    def abort(self, error: Exception | None = None) -> None:
        """Close at once; whoever waits gets `error`."""
        self.deadline = math.inf
        if self._reply is not None:
            self._reply.fail(error or Broken("the exchange was given up"))
        self._stop_upload()
        if self.transport is not None:
            self.transport.abort()

    def sending(self, reply: object) -> bool:
        """Is the request behind this reply still being sent?"""
        return self._reply is reply and not self._request_done

    def resume_reading(self) -> None:
        if self._read_paused:
            self._read_paused = False
            self._moved()
            if self.transport is not None and not self.transport.is_closing():
                self.transport.resume_reading()

    def tunnel(self, on_writable: Callable[[], None]) -> Tunnel:
        """What the client says, after a 101."""
        self.on_writable = on_writable
        return Tunnel(self)

    def send(self, data: bytes) -> None:
        """For the tunnel, which never waits."""
        if self.transport is not None:
            self.transport.write(data)

    def end(self, seconds: float) -> None:
        """For the tunnel: close when what waits has gone out, or after so many seconds."""
        self.on_writable = None
        if self.transport is not None:
            self.deadline = self.loop.time() + seconds
            self.transport.close()

    def expire(self, now: float) -> None:
        """Called by the pool's ticker."""
        if now < self.deadline or self._reply is None:
            return
        if not self._request_done:
            self.abort(Stalled("the request stood still while it was sent"))
        elif not self._reply.status:
            self.abort(Stalled("the API did not answer in time"))
        else:
            self.abort(Stalled("the API went silent in the middle of its reply"))

    # ------------------------------------------------------------ asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are not derived from asyncio's

    def data_received(self, data: bytes) -> None:
        reply, parser = self._reply, self._parser
        if reply is None or parser is None:
            self._malformed("bytes that nothing asked for")
            return
        if self.tunneling:
            self._feed(reply, data)
            reply.wake()
            return
        self._unread += len(data)
        try:
            parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._upgraded(reply, data[upgrade.args[0] :])
        except HttpParserError as error:
            self._malformed(str(error.__context__ or error))  # the context is what a callback of ours raised
        else:
            if not reply.complete:
                self._incomplete(reply)
        reply.wake()

    def eof_received(self) -> None:
        """Half a connection is none: asyncio closes it."""

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        reply = self._reply
        if reply is not None and reply.error is None and not reply.complete:
            if exc is None and (self.tunneling or self._until_close):
                self._complete(reply)
                reply.wake()
            else:
                cause = f" ({type(exc).__name__})" if exc is not None else ""
                unanswered = not reply.status and not self._unread
                reply.fail(Broken(f"the API closed the connection{cause}", unanswered=unanswered))
        self._stop_upload()
        self._on_free(self, False)

    def pause_writing(self) -> None:
        self._write_paused = True

    def resume_writing(self) -> None:
        self._write_paused = False
        if self._drained is not None and not self._drained.done():
            self._moved()
            self._drained.set_result(None)
        if self.on_writable is not None:
            self.on_writable()

    # ------------------------------------------------------------ llhttp callbacks; what they raise ends the exchange

    def on_message_begin(self) -> None:
        if self._reply is None or self._reply.complete:
            raise ValueError("a second reply to one request")

    def on_status(self, reason: bytes) -> None:
        if self._reply is not None:
            self._reply.reason += reason
        if reason != b"OK" and _CONTROL.search(reason) is not None:
            raise ValueError("a control character in the status line")  # llhttp lets them pass

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        reply, parser = self._reply, self._parser
        if reply is None or parser is None:
            return
        status = parser.get_status_code()
        if status < 200:
            self._informational(status, reply, parser)
            return
        if self._unread > MAX_HEAD and sum(len(name) + len(value) + 4 for name, value in reply.headers) > MAX_HEAD:
            raise ValueError("the head is too large")
        if self.exchanges == 1:
            self._look_at_first(reply, parser)
        self._keep_alive = parser.should_keep_alive()
        if not self._keep_alive and not self._head_only:
            self._until_close = not _framed(reply.headers)
        self._fields = reply.trailers
        self._unread = 0
        self.deadline = math.inf
        reply.status = status
        if self._head_only:
            # llhttp can't be told that this reply answers a HEAD and waits for a body that never comes.
            self._parser = None
            self._complete(reply)

    def on_chunk_header(self) -> None:
        """The first of a reply says that it is chunked: then is the time to look at its codings."""
        if not self._chunked and self._reply is not None:
            self._chunked = True
            _framed(self._reply.headers)
            if self._old:  # its framing may be faulty (RFC 9112 §6.1)
                self._keep_alive = False

    def on_body(self, data: bytes) -> None:
        reply = self._reply
        if reply is None or reply.complete:
            raise ValueError("a body where none may be")
        self._unread = 0
        self._feed(reply, data)

    def on_message_complete(self) -> None:
        reply = self._reply
        if reply is not None and reply.status and not reply.complete:
            self._complete(reply)

    # ------------------------------------------------------------ inner workings

    def _incomplete(self, reply: Reply) -> None:
        if self._unread > MAX_HEAD:
            self._malformed("a head, trailers or chunk extensions that are too large")
        elif reply.status:
            self._moved()

    def _informational(self, status: int, reply: Reply, parser: HttpResponseParser) -> None:
        """1xx: passed on if anyone cares, then forgotten; 101 is final and opens a tunnel (RFC 9110 §15.2)."""
        if status < 100 or (status == 101 and not parser.should_upgrade()):
            raise ValueError(f"a reply with status {status}")
        if status == 101:
            return
        if self._early is not None and status != 100:
            self._early(status, list(reply.headers))
        reply.headers.clear()
        reply.reason = b""

    def _look_at_first(self, reply: Reply, parser: HttpResponseParser) -> None:
        """What a connection's first reply says of all that follow."""
        version = parser.get_http_version()
        if version not in ("1.1", "1.0"):
            raise ValueError("another protocol than HTTP/1")
        self._old = version == "1.0"
        limit = _TIMEOUT.search(reply.header(b"keep-alive") or b"")
        if limit is not None:
            self.patience = min(IDLE_EXPIRY, int(limit[1]) - 1.0)  # less a second, for what is on its way

    def _upgraded(self, reply: Reply, rest: bytes) -> None:
        """101: from here on the connection is a pipe."""
        if not self._upgrade:
            self._malformed("it switches protocols without being asked")
            return
        self.tunneling = True
        self.deadline = math.inf
        reply.status = 101
        if rest:
            self._feed(reply, rest)

    def _feed(self, reply: Reply, data: bytes) -> None:
        if reply.feed(data) > HIGH_WATER and not self._read_paused and self.transport is not None:
            self._read_paused = True
            self.transport.pause_reading()

    def _moved(self) -> None:
        """Something came or went: the API's time to be silent begins anew. It has none while we don't read."""
        timeout = None if self.tunneling or self._read_paused else self._timeout
        self.deadline = math.inf if timeout is None else self.loop.time() + timeout.idle

    def _complete(self, reply: Reply) -> None:
        reply.complete = True
        if self._read_paused:
            self.resume_reading()
        self.deadline = math.inf
        if self._request_done:
            self._release()

    def _release(self) -> None:
        self._reply = None
        if self._keep_alive and self.patience > 0 and self.transport is not None:
            self._on_free(self, True)
        elif self.transport is not None:
            self.transport.abort()

    def _malformed(self, what: str) -> None:
        self.abort(Broken(f"the API's reply is not valid HTTP: {what}"))

    def _stop_upload(self) -> None:
        if self._upload is not None:
            self._upload.cancel()
            self._upload = None


def _framed(headers: Fields) -> bool:
    """Does the head say where its body ends? Raises ValueError for a coding that was not asked for (RFC 9112 §6.1)."""
    framed = False
    for name, value in headers:
        length = len(name)  # spares most names the rest
        if length == 17 and name.lower() == b"transfer-encoding":
            if framed or value.strip().lower() != b"chunked":
                raise ValueError("a transfer coding that was not asked for")
            framed = True
        elif length == 14 and name.lower() == b"content-length":
            framed = True
    return framed
