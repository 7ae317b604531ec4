"""What both kinds of connections stand on: one socket, its two directions, its deadline and its end.

Owns: writing and waiting for room, pausing either direction, the order of phases, how the other side has ended, and
what it had said by then. Must not know: HTTP, TLS, whose turn it is.
"""

from __future__ import annotations

import asyncio
import math
import os
import select
import socket
import struct
import sys
from collections.abc import Callable, Sized
from functools import partial
from typing import Any, Final, Protocol, cast

from proxy.wire.phase import IllegalMove, Phase
from proxy.wire.pieces import LARGEST_READ, Source, read_in_pieces

if sys.platform == "linux":
    import fcntl
    import termios

Watch = Callable[[], Sized]
_LOOKS: Final = 0.01
"""Seconds from one look to the next at what the other side has taken; of that nothing tells."""
_AT_ONCE: Final = struct.pack("ii", 1, 0)  # SO_LINGER for no seconds: a close is a reset


class Transport(Protocol):
    """What is needed of one of asyncio's, of uvloop's, or of our own over TLS."""

    def write(self, data: bytes) -> None: ...
    def write_eof(self) -> None: ...
    def can_write_eof(self) -> bool: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...
    def is_closing(self) -> bool: ...
    def get_write_buffer_size(self) -> int: ...
    def set_write_buffer_limits(self, high: int) -> None: ...
    def get_extra_info(self, name: str) -> Any: ...


class Cut(Exception):  # noqa: N818 -- it says what happened
    """TCP has ended and TLS has not (no close_notify): what came may be less than what was sent (RFC 8446 §6.1)."""

    def __init__(self) -> None:
        super().__init__("no close_notify")


class Socket:
    """An `asyncio.Protocol` in all but its ancestors: compiled classes have none that are not.

    The other side has three ends. `eof_received`: it sends no more and has said so, by a FIN, or over TLS by a
    close_notify; it may still read. `connection_lost(error)`: a reset, or a `Cut`. `connection_lost(None)` is our own
    end, or the rest of the first.
    """

    __slots__ = (
        "_drained",
        "_received",
        "_sent",
        "_watch",
        "deadline",
        "loop",
        "phase",
        "reading_paused",
        "transport",
        "writing_paused",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, phase: Phase) -> None:
        self.loop = loop
        self.phase = phase
        self.transport: Transport | None = None
        self.reading_paused = self.writing_paused = False
        self.deadline = math.inf
        self._drained: asyncio.Future[None] | None = None
        self._received = self._sent = 0
        self._watch: Watch | None = None  # once somebody has asked whether something waits

    @property
    def open(self) -> bool:
        """Can anything still be written?"""
        return self.transport is not None and not self.transport.is_closing()

    @property
    def secure(self) -> bool:
        """Is it TLS?"""
        return self.transport is not None and self.transport.get_extra_info("ssl_object") is not None

    @property
    def peer(self) -> str | None:
        """The other side's address; None on a unix socket."""
        peer = self.transport.get_extra_info("peername") if self.transport is not None else None
        return str(peer[0]) if peer and not isinstance(peer, str | bytes) else None

    def enter(self, phase: Phase) -> None:
        """Raises IllegalMove. The deadline is set by whoever handles the event, once for all moves in it."""
        if not self.phase.leads & phase.bit:
            raise IllegalMove(f"a connection can't go from {self.phase!r} to {phase!r}")
        self.phase = phase

    # ------------------------------------------------------------ both directions

    def count_received(self, data: bytes) -> None:
        self._received += len(data)

    def count_sent(self, data: bytes) -> None:
        self._sent += len(data)

    def moved(self) -> tuple[int, int]:
        """Bytes from the other side and to it that were counted since this was asked last."""
        moved = self._received, self._sent
        self._received = self._sent = 0
        return moved

    def room(self) -> asyncio.Future[None]:
        """Done when the other side reads again, after `writing_paused`, or when it has gone. One may wait."""
        self._drained = drained = self.loop.create_future()
        return drained

    def pause_reading(self) -> None:
        if not self.reading_paused and self.transport is not None and not self.transport.is_closing():
            self.reading_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        if self.reading_paused and self.transport is not None and not self.transport.is_closing():
            self.reading_paused = False
            self.transport.resume_reading()

    def read_in_pieces(self) -> None:
        """For when much has come at once, before it is dealt with: there will be more. TLS does so by itself."""
        if self.transport is not None and not self.secure:
            read_in_pieces(cast("Source", self.transport), self)

    def abort(self) -> None:
        """At once; what was not sent yet is lost."""
        if self.transport is not None:
            self.transport.abort()

    def reset(self) -> None:
        """At once, and so that the other side can't take it for an end."""
        if self.transport is not None:
            sock = self.transport.get_extra_info("socket")
            if sock is not None and sock.family != getattr(socket, "AF_UNIX", None):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
            self.transport.abort()

    async def break_off(self, patience: float) -> None:
        """A reset behind all that was written: who reads has it all, and can't take the end for one.

        `patience`: seconds in which nothing may be taken.
        """
        left, until = sys.maxsize, 0.0
        while self.transport is not None and (more := unsent(self.transport)):
            now = self.loop.time()
            left, until = more, now + patience if more < left else until
            if now >= until:
                break
            await asyncio.sleep(_LOOKS)
        self.reset()

    def unread(self) -> bytes:
        """What lies in the socket when a write has failed: it came before the reset, and no loop will ever read it.

        For `connection_lost`, while the descriptor is still there. Over TLS it is ciphertext.
        """
        sock = self.transport.get_extra_info("socket") if self.transport is not None else None
        pieces = []
        try:
            while sock is not None and (piece := os.read(sock.fileno(), LARGEST_READ)):
                pieces.append(piece)
        except OSError:  # nothing more, or the reset itself
            pass
        return b"".join(pieces)

    def waits(self) -> bool:
        """Is there something that the loop has not read yet: bytes, or the other side's end? One system call."""
        if self.transport is None:
            return False
        if self._watch is None:
            sock = self.transport.get_extra_info("socket")
            if sock is None:
                return False
            self._watch = watch(sock.fileno())
        return bool(self._watch())

    # ------------------------------------------------------------ asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        raise NotImplementedError

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's signature
        self.transport = self._watch = None  # another socket may have its number next
        self._wake()

    def pause_writing(self) -> None:
        self.writing_paused = True

    def resume_writing(self) -> None:
        self.writing_paused = False
        self._wake()

    def _wake(self) -> None:
        drained = self._drained
        if drained is not None:
            self._drained = None
            if not drained.done():
                drained.set_result(None)


def unsent(transport: Transport) -> int:
    """Bytes that the other side's TCP has not confirmed yet; of those in the kernel only Linux tells."""
    waiting = transport.get_write_buffer_size()
    sock = transport.get_extra_info("socket")
    if sys.platform != "linux" or sock is None or transport.is_closing():
        return waiting
    queued = bytearray(4)
    fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, queued)
    return waiting + int.from_bytes(queued, sys.byteorder)


def watch(descriptor: int) -> Watch:
    """Looks whether something can be read: made once, it costs little more than its system call."""
    if sys.platform == "win32":  # it has no poll, and its select takes any descriptor
        return lambda: select.select([descriptor], [], [], 0)[0]
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return partial(poll.poll, 0)
