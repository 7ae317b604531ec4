"""One HTTP/1.1 connection to an API: requests out, replies in, one exchange at a time.

Owns: whose turn it is, backpressure and deadlines of one socket. Must not know: what bytes say (parser.py, head.py),
pools, DNS, tokens, or what a reply means. A connection that saw anything irregular is never used again.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Final

from proxy.http.fields import Fields
from proxy.tasks import spawn
from proxy.wire.outbound.call import Call
from proxy.wire.outbound.head import encoded
from proxy.wire.outbound.parser import ReplyParser
from proxy.wire.outbound.phase import (
    AWAITING,
    CLOSED,
    END_IT,
    ENDING,
    EXCHANGING,
    FINISHING,
    IDLE,
    NOBODY,
    PARSER,
    READER,
    READING,
    SENDING,
    STALLED,
    TUNNEL,
)
from proxy.wire.outbound.reply import Broken, Reply, Stalled
from proxy.wire.outbound.tunnel import LAST_WORDS, Tunnel
from proxy.wire.outbound.upload import upload
from proxy.wire.pieces import LARGEST_READ
from proxy.wire.socket import Cut, Socket
from proxy.wire.tls import Tls

HIGH_WATER: Final = 32 * 1024


class Connection(Socket):
    """Life: `begin` -> Reply -> `on_free(connection, reusable)`, which comes once more when the socket has closed."""

    __slots__ = ("_call", "_host", "_on_free", "_on_writable", "_parser", "_reply", "_upload", "idle_since")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, host: bytes, on_free: Callable[[Connection, bool], None]
    ) -> None:
        """`host` is what head.host_lines has made of the origin's authority."""
        super().__init__(loop, IDLE)
        self._host = host
        self._on_free = on_free
        self._parser = ReplyParser(self)
        self._call: Call | None = None
        self._reply: Reply | None = None
        self._upload: asyncio.Task[None] | None = None
        self._on_writable: Callable[[], None] | None = None
        self.idle_since = math.inf  # on the loop's clock

    @property
    def usable(self) -> bool:
        return self.phase is IDLE and self.transport is not None and not self.transport.is_closing()

    @property
    def patience(self) -> float:
        """Seconds that it may be idle."""
        return self._parser.patience

    # ------------------------------------------------------------ the exchange

    def begin(self, call: Call) -> Reply:
        """Send a request; a body that comes in pieces goes out beside the reply. Raises Broken."""
        if self.transport is None:
            raise Broken("the connection closed", unanswered=True)
        body = None if isinstance(call.body, bytes) else call.body
        self.enter(AWAITING if body is None else SENDING)
        self._call = call
        self._reply = reply = Reply(self)
        self._parser.expect(call.method == "HEAD")
        self.transport.write(encoded(call, self._host))
        if body is not None:
            self._upload = spawn(upload(self, body), "upload")
        self._renew()
        return reply

    async def write(self, data: bytes) -> None:
        """Send a part of the request's body; waits while the API does not read. Raises Broken."""
        if self.transport is None or self.transport.is_closing():
            raise Broken("the connection closed")
        self.transport.write(data)
        self._renew()
        if self.writing_paused:
            await self.room()

    def uploaded(self, error: Exception | None) -> None:
        """The request's body has gone out to its end, or to that of what the client sent."""
        self._upload = None
        if error is not None:
            if self.open:  # else `connection_lost` is on its way, and reads what the API had said by then
                self.abort(error)
        elif self.phase is FINISHING:
            self._release()
        elif self.phase is not CLOSED:
            self.enter(AWAITING if self.phase is SENDING else READING)
            self._renew()

    def close(self) -> None:
        """At once."""
        self.abort()

    def abort(self, error: Exception | None = None) -> None:
        """Close at once; whoever waits gets `error`."""
        self._end(error or Broken("the exchange was given up"))
        if self.transport is not None:
            self.transport.abort()

    def sending(self, reply: object) -> bool:
        """Is the request behind this reply still being sent?"""
        return self._reply is reply and self._upload is not None

    def resume_reading(self) -> None:
        if self.reading_paused:
            super().resume_reading()
            self._renew()

    def expire(self) -> None:
        """The deadline has passed: the pool's ticker says so."""
        self.abort(Stalled(STALLED.get(self.phase, "it took too long")))

    # ------------------------------------------------------------ a tunnel, after a 101

    def tunnel(self, on_writable: Callable[[], None]) -> Tunnel:
        """What the client says."""
        self._on_writable = on_writable
        return Tunnel(self)

    def send(self, data: bytes) -> None:
        """Never waits; nothing happens once it has closed."""
        if self.transport is not None:
            self.transport.write(data)

    def finish(self) -> None:
        """Close when what waits has gone out, or after LAST_WORDS."""
        self._on_writable = None
        if self.transport is not None and self._reply is not None and self.phase is TUNNEL:
            self._reply.complete = True  # as far as anybody reads it
            self.enter(ENDING)
            self._renew()
            self.transport.close()

    # ------------------------------------------------------------ asyncio.Protocol

    def data_received(self, data: bytes) -> None:
        reply, comes = self._reply, self.phase.comes
        if len(data) > LARGEST_READ:
            self.read_in_pieces()
        if reply is None or comes == END_IT:
            if comes != NOBODY:
                self._malformed("bytes that nothing asked for")
        elif comes == READER:
            self._feed(reply, data)
            reply.wake()
        elif comes == PARSER:
            try:
                self._parser.feed(data)
            except ValueError as error:
                self._malformed(str(error))
            else:
                if self._reply is not None:
                    self._came(reply)
            reply.wake()

    def eof_received(self) -> bool:
        """The API has ended the connection, wholly. What it does not read any more is not sent either."""
        uploads = self._upload is not None
        if self.phase is not CLOSED:
            self._ended_with(None)
        if uploads and self.transport is not None:
            self.transport.abort()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if self.phase is not CLOSED:
            self._hear_out()
        if self.phase is not CLOSED:
            self._ended_with(exc)
        super().connection_lost(exc)
        self._parser.close()
        self._reply = self._call = self._on_writable = None
        self._on_free(self, False)

    def resume_writing(self) -> None:
        if self._drained is not None:
            self._renew()
        super().resume_writing()
        if self._on_writable is not None:
            self._on_writable()

    # ------------------------------------------------------------ what the parser says

    def hinted(self, status: int, headers: Fields) -> None:
        """A 1xx."""
        if self._call is not None and self._call.early is not None:
            self._call.early.replied(status, headers)

    def replied(self, status: int, reason: bytes, headers: Fields) -> None:
        """The head is there."""
        reply, body = self._reply, self._call.body if self._call is not None else None
        if status >= 400 and body is not None and not isinstance(body, bytes):
            self._parser.keep_alive = False  # who refuses an upload may not read the rest, nor what would follow it
        if reply is not None:
            reply.lines = self._parser.repeated.of(headers)
            reply.status = status
            reply.reason = reason
            reply.headers = headers

    def body(self, data: bytes) -> None:
        """Some of the body."""
        if self._reply is not None and self._reply.feed(data) > HIGH_WATER:
            self.pause_reading()

    def ended(self, trailers: Fields) -> None:
        """The reply is whole; the exchange is over when the request is, too."""
        reply = self._reply
        if reply is None:
            return
        if trailers:
            reply.trailers = trailers
        reply.complete = True
        if self.reading_paused:
            super().resume_reading()
        if self.phase is SENDING or self.phase is EXCHANGING:
            self.enter(FINISHING)
        else:
            self._release()

    def switched(self, reason: bytes, headers: Fields, rest: bytes) -> None:
        """101: from here on the connection is a pipe."""
        reply, call = self._reply, self._call
        if reply is None or call is None or not call.upgrade:
            raise ValueError("it switches protocols without being asked")
        self.enter(TUNNEL)
        reply.status = 101
        reply.reason = reason
        reply.headers = headers
        if rest:
            self._feed(reply, rest)

    # ------------------------------------------------------------ inner workings

    def _feed(self, reply: Reply, data: bytes) -> None:
        if reply.feed(data) > HIGH_WATER:
            self.pause_reading()

    def _came(self, reply: Reply) -> None:
        """Something that was not the end of the exchange."""
        if reply.status and self.phase is AWAITING:
            self.enter(READING)
        elif reply.status and self.phase is SENDING:
            self.enter(EXCHANGING)
        self._renew()

    def _renew(self) -> None:
        """Something came or went: the API's time to be silent begins anew. It has none while we don't read."""
        limit, call = self.phase.limit, self._call
        if not limit or self.reading_paused or call is None:
            self.deadline = math.inf
        elif limit == "head":
            self.deadline = self.loop.time() + call.timeout.head
        elif limit == "idle":
            self.deadline = self.loop.time() + call.timeout.idle
        else:
            self.deadline = self.loop.time() + LAST_WORDS

    def _hear_out(self) -> None:
        """An API that refuses an upload answers and closes; then a write fails before the answer is read."""
        data = self.unread()
        if data and isinstance(self.transport, Tls):
            self.transport.data_received(data)
        elif data:
            self.data_received(data)

    def _ended_with(self, exc: Exception | None) -> None:
        """The API's end of the connection, which ends what it can end: a tunnel, or a body that nothing else ends."""
        reply = self._reply
        if reply is not None and exc is None:
            if self.phase is TUNNEL or self.phase is ENDING:
                reply.complete = True
                reply.wake()
            elif self._parser.end():
                reply.wake()
        if self.phase is not CLOSED:
            cause = " without close_notify" if isinstance(exc, Cut) else f" ({type(exc).__name__})" if exc else ""
            self._end(Broken(f"the API closed the connection{cause}", unanswered=self._parser.silent, cut=True))

    def _end(self, error: Exception) -> None:
        """Nothing more will come or go."""
        if self.phase is not CLOSED:
            self.enter(CLOSED)
        self.deadline = math.inf
        if self._reply is not None:
            self._reply.fail(error)
        if self._upload is not None:
            self._upload.cancel()
            self._upload = None

    def _release(self) -> None:
        """The exchange is over, and nothing of it is kept: its body may be large."""
        self._reply = self._call = None
        parser, transport = self._parser, self.transport
        if parser.keep_alive and parser.patience > 0 and transport is not None and not transport.is_closing():
            self.enter(IDLE)
            self.idle_since = now = self.loop.time()
            self.deadline = now + parser.patience
            self._on_free(self, True)
        else:
            self.abort()

    def _malformed(self, what: str) -> None:
        self.abort(Broken(f"the API's reply is not valid HTTP: {what}"))
