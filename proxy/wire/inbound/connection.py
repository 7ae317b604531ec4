"""One client's connection: requests in, one after the other, and whatever a handler writes out.

Owns: the order, the deadlines and the end of one socket. Must not know: how bytes become requests, routes, tokens. A
connection that saw anything irregular says so once and closes.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from proxy.errors import Fault
from proxy.http.fields import Fields
from proxy.wire.inbound.http2 import PriorKnowledge, goaway
from proxy.wire.inbound.parser import Parser
from proxy.wire.inbound.phase import (
    ANSWERING,
    CLOSED,
    CLOSING,
    HEAD,
    IDLE,
    LINGERING,
    MOVING,
    PIPE,
    SERVING,
    SKIPPING,
    UNTAKEN,
)
from proxy.wire.inbound.problem import last_words
from proxy.wire.inbound.request import Pipe, Request
from proxy.wire.phase import IllegalMove, Phase
from proxy.wire.pieces import LARGEST_READ
from proxy.wire.socket import Socket

HIGH_WATER: Final = 64 * 1024
UNREAD: Final = 16 * 1024
"""Bytes of an answer that may wait here, besides the piece that is being written, before its source is paused."""
_GONE: Final = "the client has gone"


class Host(Protocol):
    """Whose connection it is."""

    loop: asyncio.AbstractEventLoop
    now: float
    seconds: dict[str, float]
    """By the limits of the phases."""
    max_header: int
    draining: bool
    handler: Callable[[Request], Awaitable[None]]
    unreadable: Callable[[str, Fault], None] | None

    def joined(self, connection: ClientConnection) -> None:
        """It is open."""

    def left(self, connection: ClientConnection) -> None:
        """It has closed."""

    def failed(self, request: Request, error: Exception) -> None:
        """A handler's mistake."""


class ClientConnection(Socket):
    """Serves `_current`; what comes before that is answered waits. Its phases are in phase.py."""

    __slots__ = (
        *("_called", "_current", "_ended", "_host", "_incoming", "_parser", "_pipe", "_rest", "_task", "_waiting"),
        "is_new",
    )

    def __init__(self, host: Host) -> None:
        super().__init__(host.loop, HEAD)
        self._host = host
        self._parser = Parser(self, host.max_header)
        self._incoming: Request | None = None  # whose body is coming
        self._current: Request | None = None
        self._waiting: list[Request | Fault] = []  # what came before `_current` was answered
        self._task: asyncio.Task[None] | None = None  # from the first request on
        self._called: asyncio.Future[None] | None = None  # while it waits for the next
        self._rest: bytes | None = None  # what is not parsed yet: behind an `Upgrade`, or while `_waiting` holds some
        self._pipe: Pipe | None = None
        self._ended = False  # the client sends no more, which does not say that it does not read
        self.is_new = True  # nothing was asked yet

    @property
    def idle(self) -> bool:
        return self._current is None

    @property
    def answered(self) -> bool:
        """Is it too late to say anything else?"""
        return self.phase is not SERVING

    # ------------------------------------------------------------ for handlers

    def answer(self, data: bytes) -> None:
        """The head of the answer, with as much behind it as is there. Once per request, else IllegalMove.

        Raises ConnectionResetError when the client has gone.
        """
        transport = self.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError(_GONE)
        self.enter(ANSWERING)
        self.count_sent(data)
        transport.write(data)

    def hint(self, data: bytes) -> None:
        """A 1xx, which is no answer; none where the answer has begun. Raises ConnectionResetError."""
        if self.transport is None or self.transport.is_closing():
            raise ConnectionResetError(_GONE)
        if self.phase is SERVING:
            self.transport.write(data)

    def write(self, data: bytes) -> None:
        """More of the answer. Raises ConnectionResetError when the client has gone."""
        transport = self.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError(_GONE)
        if self.phase is SERVING:
            raise IllegalMove("an answer begins with its head")
        self.count_sent(data)
        transport.write(data)

    async def drain(self) -> None:
        """Wait while the client reads more slowly than we write. Raises ConnectionResetError."""
        if self.writing_paused:
            room = self.room()
            self._renew()
            await room
            if self.transport is None:
                raise ConnectionResetError(_GONE)
            self._renew()

    async def cut_short(self) -> None:
        """The answer ends here, which is not its end, and only a reset says so. What there is of it comes first."""
        await self.break_off(self._host.seconds["stall"])

    def become(self, pipe: Pipe) -> None:
        """From here on the client's bytes are `pipe`'s, what came behind the upgrade too."""
        self.enter(PIPE)
        self._pipe = pipe
        self._renew()
        if self._rest:
            pipe.feed(self._rest)
        self._rest = None
        self.resume_reading()
        if self._ended and self.transport is not None:
            self.transport.close()

    def resume_reading(self) -> None:
        if self.reading_paused:
            super().resume_reading()
            self._renew()

    # ------------------------------------------------------------ for the server

    def close(self) -> None:
        """Now if nothing is being served, else after it."""
        if self._current is not None:
            self._current.keep_alive = False
        elif self.transport is not None:
            if self.phase.leads & CLOSING.bit:
                self._go(CLOSING)
            self.transport.close()

    def cut(self) -> None:
        """At once, whatever is being served."""
        self._stop()
        self.abort()

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
            self._go(CLOSING)
            self.transport.close()

    def refuse(self, fault: Fault) -> None:
        """An error that no handler sees: told after what came before it, and the last thing that is said."""
        self._incoming = None
        if self._current is not None:
            self._wait_for_its_turn(fault)
        elif self.transport is not None and self.open:
            if self._host.unreadable is not None:
                self._host.unreadable(self.peer or "unix", fault)
            in_frames = isinstance(fault, PriorKnowledge) and self.is_new  # behind an answer, they would be part of it
            self.transport.write(goaway(fault.detail) if in_frames else last_words(fault))
            self._linger()

    # ------------------------------------------------------------ asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self.transport is not None:
            self.transport.set_write_buffer_limits(UNREAD)
        self._host.joined(self)
        if self.phase is HEAD:  # else it was turned away
            self._set(HEAD)

    def data_received(self, data: bytes) -> None:
        self.count_received(data)
        if len(data) > LARGEST_READ:
            self.read_in_pieces()
        if self._pipe is not None:
            self._pipe.feed(data)
        elif self._rest is not None:
            self._rest += data
            if len(self._rest) > HIGH_WATER:
                self.pause_reading()
        elif self.phase is not LINGERING:
            self._parse(data)

    def eof_received(self) -> bool:
        """The client sends no more. What it has asked for is answered (RFC 9112 §9.6); else asyncio closes.

        A client that has gone for good looks the same, until it answers what we write with a reset.
        """
        self._ended = True
        request = self._current
        if request is None or self._pipe is not None or self._incoming is request:
            return self.phase is UNTAKEN
        if not self._waiting and not self._rest:
            request.last()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._go(CLOSED)
        self._parser.close()
        self._waiting.clear()
        self._host.left(self)
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
            self._call()  # the API may have ended it before: then the task waits for another request
        else:
            self._stop()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.phase is UNTAKEN:
            self._next()

    # ------------------------------------------------------------ one request after the other

    def _start(self, request: Request) -> None:
        self._current = request
        self.enter(SERVING)
        if self._task is None:
            self._task = self.loop.create_task(self._serve())
        else:
            self._call()

    async def _serve(self) -> None:
        """All requests of the connection: a task for each would cost more than most of what is done for it."""
        while self.transport is not None:
            request = self._current
            if request is None:
                self._called = called = self.loop.create_future()
                await called
                continue
            fault = request.error
            if fault is not None and isinstance(fault, Fault):  # what followed its head at once
                self._current = None
                self.refuse(fault)
                continue
            try:
                await self._host.handler(request)
            except Exception as error:
                request.keep_alive = False
                self._host.failed(request, error)
            self._current = None
            if self.open:
                self._served(request)
            if not self.idle:  # another came before: who else waits has a turn
                await asyncio.sleep(0)

    def _call(self) -> None:
        called, self._called = self._called, None
        if called is not None and not called.done():
            called.set_result(None)

    def _stop(self) -> None:
        """Whoever is being served has gone. What leads back to here is let go of, a cancelled task's traceback too."""
        task, self._task = self._task, None
        if task is not None and self._current is not None:
            task.cancel()
        else:
            self._call()
        self._current = self._incoming = None

    def _served(self, request: Request) -> None:
        if self.phase is SERVING:  # a handler that says nothing: what it was asked can't be left open
            self.abort()
        elif request.keep_alive and request.complete:
            self._next()
        elif request.keep_alive:
            # Answered before its body was there: the rest is skipped, if it comes soon.
            self._incoming = None
            self._go(SKIPPING)
            self.resume_reading()
        elif request.complete and not self._waiting and self.transport is not None:
            self._go(CLOSING)  # its time is for a client that doesn't read what it is still sent
            self.transport.close()
        else:
            self._linger()

    def _next(self) -> None:
        """Only when the client has taken the answers so far: else it could pile them up without end."""
        if self.writing_paused:
            self._go(UNTAKEN)
            self.pause_reading()
            return
        if self._waiting:
            waiting = self._waiting.pop(0)
            if isinstance(waiting, Fault):
                self.refuse(waiting)
            else:
                self._start(waiting)
                if not waiting.complete:
                    self._parse_rest()
                self._renew()
        else:
            self.enter(HEAD if self._parser.has_begun else IDLE)
            self._set(self.phase)
            if self._rest is not None or self.reading_paused:
                self._parse_rest()
        if self._ended:
            self._come_to_the_end()

    def _come_to_the_end(self) -> None:
        """Nothing follows what has come, which may be in the middle of a request."""
        if self._current is None:
            self.close()
        elif self._incoming is self._current:
            self.cut()

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
        self._go(LINGERING)
        self._incoming = None
        self._waiting.clear()
        transport = self.transport
        if transport is not None and transport.can_write_eof() and not self._ended:
            transport.write_eof()
            self.resume_reading()
        elif transport is not None:
            transport.close()

    def _go(self, phase: Phase) -> None:
        """With a time of its own."""
        self.enter(phase)
        self._set(phase)

    def _set(self, phase: Phase) -> None:
        host = self._host
        self.deadline = host.now + host.seconds[phase.limit]

    def _renew(self) -> None:
        """Something came or went, or will: who is waited for has new time. All other times end when they must."""
        if self.phase.limit == MOVING:
            comes = self._incoming is not None and self._incoming is self._current and not self.reading_paused
            due = comes or self._drained is not None
            self.deadline = self._host.now + self._host.seconds["stall"] if due else math.inf

    # ------------------------------------------------------------ what the parser says

    def _parse(self, data: bytes) -> None:
        """What has begun by the end of `data` has its time; what both began and ended in it never had one."""
        begins = self.phase is HEAD and not self._parser.is_within
        rest: bytes | None = data
        while rest is not None:  # a loop, since thousands of upgrades with a body fit into one segment
            try:
                rest = self._parser.feed(rest)
            except Fault as fault:
                self._spoil(self._incoming, fault)
                return
            if rest is not None:
                rest = self._upgrade(rest)
        if self.phase is IDLE:
            self._go(HEAD)
        elif begins and self.phase is HEAD:
            self._set(HEAD)
        else:
            self._renew()

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
        return self._parser.framing_of(request.fields) + rest

    def requested(self, method: str, target: bytes, fields: Fields, modern: bool, keep_alive: bool) -> None:
        """A head is there."""
        self.is_new = False
        keep_alive = keep_alive and not self._host.draining
        self._incoming = request = Request(self, method, target, fields, modern, keep_alive)
        request.lines = self._parser.repeated.of(fields)
        if self._current is None:
            self._start(request)
        else:
            self._wait_for_its_turn(request)

    def body(self, data: bytes) -> None:
        """Some of the last request's."""
        request = self._incoming
        if request is None:
            return
        if request.feed(data) > HIGH_WATER:
            self.pause_reading()
        request.wake()

    def ended(self) -> None:
        """The last request has come to its end."""
        request, self._incoming = self._incoming, None
        if request is not None:
            request.complete = True
            request.wake()
        elif self.phase is SKIPPING:
            self._next()
