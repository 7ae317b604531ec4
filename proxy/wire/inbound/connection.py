"""One client's connection: requests in, one after the other, and whatever a handler writes out.

Owns: the order, the deadlines and the end of one socket. Must not know: how bytes become requests, routes, tokens. A
connection that saw anything irregular says so once and closes.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Protocol, cast

from proxy.errors import Fault
from proxy.wire.inbound.parser import Parser
from proxy.wire.inbound.problem import last_words
from proxy.wire.inbound.request import Request, address_of

if TYPE_CHECKING:
    from proxy.wire.inbound.server import Server

HIGH_WATER = 64 * 1024
LINGER = 5.0
"""Seconds for a client to take our last words while it still sends: a close at once would reset them away."""


class Pipe(Protocol):
    """Takes a client's bytes once its connection speaks another protocol."""

    def feed(self, data: bytes) -> None:
        """What the client sent."""

    def close(self) -> None:
        """The client has gone."""


class ClientConnection:
    """Waits for a head; serves `_current`; skips what is left of a body; lingers; or has become a pipe.

    An `asyncio.Protocol` in all but its ancestors: compiled classes have none that are not.
    """

    __slots__ = (
        "_current",
        "_drained",
        "_incoming",
        "_lingering",
        "_parser",
        "_pipe",
        "_read_paused",
        "_rest",
        "_server",
        "_skipping",
        "_task",
        "_waiting",
        "deadline",
        "is_new",
        "loop",
        "transport",
        "writing_paused",
    )

    def __init__(self, server: Server) -> None:
        self._server = server
        self.loop = server.loop
        self.transport: asyncio.Transport | None = None
        self._parser = Parser(self, server.max_header)
        self._incoming: Request | None = None  # whose body is coming
        self._current: Request | None = None
        self._waiting: list[Request | Fault] = []  # what came before `_current` was answered
        self._task: asyncio.Task[None] | None = None
        self._rest: bytes | None = None  # what is not parsed yet: behind an `Upgrade`, or while `_waiting` holds some
        self._pipe: Pipe | None = None
        self._drained: asyncio.Future[None] | None = None
        self.writing_paused = self._read_paused = self._lingering = self._skipping = False
        self.deadline = math.inf
        self.is_new = True  # nothing was asked yet

    @property
    def idle(self) -> bool:
        return self._current is None

    @property
    def _ending(self) -> bool:
        """What was sent is still on its way out, and nothing more will follow."""
        return self._lingering or self._skipping or self.transport is None or self.transport.is_closing()

    # ------------------------------------------------------------ for handlers

    def write(self, data: bytes) -> None:
        """Raises ConnectionResetError when the client has gone."""
        transport = self.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client has gone")
        transport.write(data)

    async def drain(self) -> None:
        """Wait while the client reads more slowly than we write. Raises ConnectionResetError."""
        if self.writing_paused:
            self._wait(self._server.stall)
            self._drained = self.loop.create_future()
            await self._drained
            if self._incoming is None:
                self.deadline = math.inf
            else:
                self._wait(self._server.stall)

    def become(self, pipe: Pipe) -> None:
        """From here on the client's bytes are `pipe`'s, what came behind the upgrade too."""
        self._pipe = pipe
        if self._rest:
            pipe.feed(self._rest)
        self._rest = None
        self.resume_reading()

    def pause_reading(self) -> None:
        if not self._read_paused and self.transport is not None and not self.transport.is_closing():
            self._read_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        if self._read_paused and self.transport is not None and not self.transport.is_closing():
            self._read_paused = False
            self.transport.resume_reading()
            if self._incoming is not None:
                self._wait(self._server.stall)

    # ------------------------------------------------------------ for the server

    def close(self) -> None:
        """Now if nothing is being served, else after it."""
        if self._current is not None:
            self._current.keep_alive = False
        elif self.transport is not None:
            self.transport.close()

    def cut(self) -> None:
        """At once, whatever is being served."""
        if self._task is not None:
            self._task.cancel()
        if self.transport is not None:
            self.transport.abort()

    def expire(self) -> None:
        """`deadline` has passed."""
        self.deadline = math.inf
        request = self._incoming
        if request is None or request is not self._current or self.writing_paused:
            self.cut()
        else:
            self._spoil(request, Fault("bad_request", "the request's body stood still for too long"))

    def turn_away(self, fault: Fault) -> None:
        """Before anything was asked. It does not linger: a flood of connections would."""
        if self.transport is not None:
            self.transport.write(last_words(fault))
            self.transport.close()

    def refuse(self, fault: Fault) -> None:
        """An error that no handler sees: told after what came before it, and the last thing that is said."""
        self._incoming = None
        if self._current is not None:
            self._wait_for_its_turn(fault)
        elif self.transport is not None and not self.transport.is_closing():
            if self._server.unreadable is not None:
                self._server.unreadable(address_of(self.transport) or "unix", fault)
            self.transport.write(last_words(fault))
            self._linger()

    # ------------------------------------------------------------ asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are not derived from asyncio's
        self._server.joined(self)
        self._wait(self._server.head)

    def data_received(self, data: bytes) -> None:
        if self._pipe is not None:
            self._pipe.feed(data)
        elif self._rest is not None:
            self._rest += data
            if len(self._rest) > HIGH_WATER:
                self.pause_reading()
        elif not self._lingering:
            self._parse(data)

    def eof_received(self) -> None:
        """Half a connection is none: asyncio closes it."""

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's signature
        self.transport = None
        self._waiting.clear()
        self._server.left(self)
        if self._drained is not None and not self._drained.done():
            self._drained.set_exception(ConnectionResetError("the client has gone"))
        if self._pipe is not None:
            self._pipe.close()
        elif self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        self.writing_paused = True

    def resume_writing(self) -> None:
        self.writing_paused = False
        if self._current is None:
            if not self._ending:
                self._next()
        elif self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    # ------------------------------------------------------------ one request after the other

    def _start(self, request: Request) -> None:
        self._current = request
        self._wait(self._server.stall)  # for the body; until its end, which is at once for most
        self._task = self.loop.create_task(self._serve(request))

    async def _serve(self, request: Request) -> None:
        if isinstance(request.error, Fault):  # what followed its head at once: llhttp looks at codings only then
            self._task = self._current = None
            self.refuse(request.error)
            return
        try:
            await self._server.handler(request)
        except Exception as error:
            request.keep_alive = False
            self._server.failed(request, error)
        self._task = self._current = None
        if self.transport is not None and not self.transport.is_closing():
            self._served(request)

    def _served(self, request: Request) -> None:
        if request.keep_alive and request.complete:
            self._next()
        elif request.keep_alive:
            # Answered before its body was there: the rest is skipped, if it comes soon.
            self._incoming = None
            self._skipping = True
            self._wait(LINGER)
            self.resume_reading()
        elif request.complete and not self._waiting and self.transport is not None:
            self._wait(self._server.stall)  # for a client that doesn't read what it is still sent
            self.transport.close()
        else:
            self._linger()

    def _next(self) -> None:
        """Only when the client has taken the answers so far: else it could pile them up without end."""
        if self.writing_paused:
            self._wait(self._server.stall)
            self.pause_reading()
        elif self._waiting:
            waiting = self._waiting.pop(0)
            if isinstance(waiting, Fault):
                self.refuse(waiting)
            else:
                self._start(waiting)
                if waiting.complete:
                    self.deadline = math.inf
                else:
                    self._parse_rest()
        else:
            self._wait(self._server.head if self._parser.has_begun else self._server.idle)
            self._parse_rest()

    def _wait_for_its_turn(self, what: Request | Fault) -> None:
        """Reading goes on, within bounds: else a client that leaves would not be noticed."""
        self._waiting.append(what)
        if self._rest is None:
            self._rest = b""

    def _parse_rest(self) -> None:
        rest, self._rest = self._rest, None
        self.resume_reading()
        if rest:
            self._parse(rest)

    def _linger(self) -> None:
        self._lingering = True
        self._incoming = None
        self._waiting.clear()
        self._wait(LINGER)
        transport = self.transport
        if transport is not None and transport.can_write_eof():
            transport.write_eof()
            self.resume_reading()
        elif transport is not None:
            transport.close()

    def _wait(self, seconds: float) -> None:
        self.deadline = self._server.now + seconds

    # ------------------------------------------------------------ what the parser says

    def _parse(self, data: bytes) -> None:
        if self._current is None and not self._skipping and not self._parser.is_within:
            self._wait(self._server.head)
        rest: bytes | None = data
        while rest is not None:  # a loop, since thousands of upgrades with a body fit into one segment
            try:
                rest = self._parser.feed(rest)
            except Fault as fault:
                self._spoil(self._incoming, fault)
                return
            if rest is not None:
                rest = self._upgrade(rest)

    def _spoil(self, request: Request | None, fault: Fault) -> None:
        """Nothing that follows can be understood."""
        if request is None:
            self.refuse(fault)
            return
        self._incoming = None
        request.keep_alive = False
        request.fail(fault)

    def _upgrade(self, rest: bytes) -> bytes | None:
        """`rest` belongs to another protocol if the API says so; else it is the next request."""
        request = self._waiting[-1] if self._waiting else self._current
        if not isinstance(request, Request) or not request.framed:
            self._rest = rest
            return None
        request.complete = False
        self._incoming = request
        if request is self._current:
            self._wait(self._server.stall)
        return self._parser.framing_of(request) + rest

    def requested(self, request: Request) -> None:
        """Its head is there."""
        self._incoming = request
        self.is_new = False
        if self._server.draining:
            request.keep_alive = False
        if self._current is None:
            self._start(request)
        else:
            self._wait_for_its_turn(request)

    def body(self, data: bytes) -> None:
        """Some of the last request's."""
        request = self._incoming
        if request is None:
            return
        if request is self._current:  # else it's us who don't read on
            self._wait(self._server.stall)
        if request.feed(data) > HIGH_WATER:
            if request is self._current:
                self.deadline = math.inf
            self.pause_reading()
        request.wake()

    def ended(self) -> None:
        """The last request has come to its end."""
        request, self._incoming = self._incoming, None
        if request is not None:
            request.complete = True
            if request is self._current:
                self.deadline = math.inf
            request.wake()
        elif self._skipping:
            self._skipping = False
            self._next()
