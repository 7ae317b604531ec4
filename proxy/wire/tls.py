"""TLS between a plain transport and one of our connections: a transport above, a protocol below.

Owns: who is told what when TLS opens, brings something or ends, and telling an end that was said (close_notify) from
one that was not. Must not know: what a record is (`records.py`), HTTP, contexts, who may connect.

A loop's own TLS keeps what it has decrypted for a reader that is paused, and loses it when the other side closes
(uvloop up to 0.23 drops 256 KiB, and calls any FIN a clean end). This one keeps nothing: what has come is decrypted and
handed on at once, and a reader that is paused stops the plain transport beneath.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, Protocol, cast

from proxy.wire.pieces import LARGEST_READ, Source, read_in_pieces
from proxy.wire.records import Records
from proxy.wire.socket import Cut, Transport


class Above(Protocol):
    """A connection of ours, as asyncio knows them."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The handshake is over."""

    def data_received(self, data: bytes) -> None:
        """What was decrypted."""

    def eof_received(self) -> bool | None:
        """A close_notify. False: nothing more is to be sent either."""

    def connection_lost(self, exc: Exception | None) -> None:
        """`Cut` where TLS has not ended."""

    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...


class Tls:
    """`opened` is told once how the handshake went; `above` hears of it only if well."""

    __slots__ = ("_above", "_below", "_closing", "_error", "_notified", "_opened", "_plain", "_records")

    def __init__(
        self,
        above: Above,
        context: ssl.SSLContext,
        opened: Callable[[Exception | None], None],
        *,
        name: str | None = None,
        accepting: bool = False,
        plain: Callable[[bytes], object] | None = None,
    ) -> None:
        """`name` is what a server's certificate must be for; `accepting`: we are the server.

        `plain` tells what is no TLS and yet has a right to an answer: `above` is given the plain transport then, and
        none of what came; `opened` hears of the error after that, and has to see to the end.
        """
        self._above = above
        self._records = Records(context, name=name, accepting=accepting)
        self._plain = plain
        self._below: Transport | None = None
        self._opened: Callable[[Exception | None], None] | None = opened  # None once the handshake is over
        self._notified = False  # `above` has heard of their close_notify
        self._closing = False
        self._error: Exception | None = None

    # ------------------------------------------------------------ a protocol, for what is below

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._below = cast("Transport", transport)
        self._shake_hands()

    def data_received(self, data: bytes) -> None:
        if len(data) > LARGEST_READ and self._below is not None:
            read_in_pieces(cast("Source", self._below), self)
        self._records.receive(data)
        if self._opened is not None:
            self._shake_hands(data)
        if self._opened is None and self._error is None:
            self._read()

    def eof_received(self) -> bool:
        """TCP's end, behind everything that came."""
        if self._opened is not None:
            self._fail(ConnectionResetError())
        elif not self._notified and not self._closing:
            self._error = self._error or Cut()
            self.abort()
        return self._notified  # then the other direction may still be in use

    def connection_lost(self, exc: Exception | None) -> None:
        if self._opened is not None:
            self._fail(exc or ConnectionResetError())
        elif self._below is not None:
            self._above.connection_lost(self._error or exc)
        self._below = None

    def pause_writing(self) -> None:
        self._above.pause_writing()

    def resume_writing(self) -> None:
        self._above.resume_writing()

    # ------------------------------------------------------------ a transport, for what is above

    def write(self, data: bytes) -> None:
        if not data or self._records.said or self._closing:
            return
        try:
            self._records.encrypt(data)
        except ssl.SSLError as error:
            self._give_up(error)
        self._flush()

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        """Both ends are said, TLS's and TCP's; what still comes is handed on."""
        self._say_goodbye()
        if self._below is not None and self._below.can_write_eof():
            self._below.write_eof()

    def pause_reading(self) -> None:
        if self._below is not None:
            self._below.pause_reading()

    def resume_reading(self) -> None:
        if self._below is not None:
            self._below.resume_reading()

    def close(self) -> None:
        if self._below is not None and not self._closing:
            self._say_goodbye()
            self._closing = True
            self._below.close()

    def abort(self) -> None:
        self._closing = True
        if self._below is not None:
            self._below.abort()

    def is_closing(self) -> bool:
        return self._closing or self._below is None or self._below.is_closing()

    def get_write_buffer_size(self) -> int:
        return self._below.get_write_buffer_size() if self._below is not None else 0

    def set_write_buffer_limits(self, high: int) -> None:
        if self._below is not None:
            self._below.set_write_buffer_limits(high)

    def get_extra_info(self, name: str) -> Any:
        if name == "ssl_object":
            return self._records.seen
        return self._below.get_extra_info(name) if self._below is not None else None

    # ------------------------------------------------------------ inner workings

    def _shake_hands(self, data: bytes = b"") -> None:
        try:
            over = self._records.shake_hands()
        except ssl.SSLError as error:
            if self._plain is not None and self._plain(data):
                self._step_aside()
            self._flush()  # the alert that says why
            self._fail(error)
            return
        self._flush()
        if over:
            opened, self._opened = self._opened, None
            self._above.connection_made(cast("asyncio.BaseTransport", self))
            if opened is not None:
                opened(None)

    def _step_aside(self) -> None:
        below, self._below = self._below, None
        read_in_pieces(cast("Source", below), self._above)
        self._above.connection_made(cast("asyncio.BaseTransport", below))

    def _fail(self, error: Exception) -> None:
        opened, self._opened = self._opened, None
        self._error = error
        self._closing = True
        if self._below is not None:
            below, self._below = self._below, None
            below.close()
        if opened is not None:
            opened(error)

    def _read(self) -> None:
        data = self._records.decrypted()
        self._flush()
        if data:
            self._above.data_received(data)
        if self._records.error is not None:
            self._give_up(self._records.error)
        elif self._records.ended and not self._notified:
            self._notified = True
            if not self._above.eof_received():
                self.close()

    def _flush(self) -> None:
        data = self._records.to_send()
        if data and self._below is not None:
            self._below.write(data)

    def _say_goodbye(self) -> None:
        self._records.say_goodbye()
        self._flush()

    def _give_up(self, error: Exception) -> None:
        """No record can be understood any more."""
        if not self._closing:
            self._error = self._error or error
            self._flush()
            self.abort()
