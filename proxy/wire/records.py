"""One connection's TLS as bytes in and bytes out: the handshake, records, and the ends that are said (close_notify).

Must not know: transports, protocols, what an end means for a connection (`tls.py`).
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import Final

_LONGEST: Final = 16 * 1024  # what one record holds at most (RFC 8446 §5.1)


class Records:
    """`seen` are its session's certificate, protocol and cipher; `ended`: their close_notify has come; `said`: ours
    has gone; `error` is why no further record can be understood.
    """

    __slots__ = ("_incoming", "_kept", "_outgoing", "ended", "error", "said", "seen")

    def __init__(self, context: ssl.SSLContext, *, name: str | None, accepting: bool) -> None:
        """`name` is what a server's certificate must be for; `accepting`: we are the server.

        Raises UnicodeError for a name that TLS can't carry.
        """
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.seen = context.wrap_bio(self._incoming, self._outgoing, server_side=accepting, server_hostname=name)
        self._kept: list[bytes] = []  # to be written after a renegotiation, which TLS 1.2 has
        self.ended = self.said = False
        self.error: Exception | None = None

    def receive(self, data: bytes) -> None:
        self._incoming.write(data)

    def to_send(self) -> bytes:
        """What the other side is to be given, alerts among it; empty: nothing."""
        return self._outgoing.read() if self._outgoing.pending else b""

    def shake_hands(self) -> bool:
        """Whether the handshake is over. Raises ssl.SSLError."""
        try:
            self.seen.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def encrypt(self, data: bytes) -> None:
        """Into what is to be sent. Raises ssl.SSLError."""
        if self._kept:
            self._kept.append(data)
            return
        try:
            self.seen.write(data)
        except ssl.SSLWantReadError:
            self._kept.append(data)

    def decrypted(self) -> bytes:
        """Whatever is there, in one piece; `ended` and `error` say what stands behind it."""
        pieces: list[bytes] = []
        try:
            while self._incoming.pending or self.seen.pending():
                piece = self.seen.read(_LONGEST)
                if not piece:
                    self.ended = True
                    break
                pieces.append(piece)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.ended = True
        except ssl.SSLError as error:
            self.error = error
        if self._kept and self.error is None:
            self._encrypt_kept()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _encrypt_kept(self) -> None:
        kept, self._kept = self._kept, []
        try:
            for data in kept:
                self.encrypt(data)
        except ssl.SSLError as error:
            self.error = error

    def say_goodbye(self) -> None:
        """Our close_notify, once."""
        if not self.said:
            self.said = True
            with suppress(ssl.SSLError):  # it wants the other side's, which may come or not
                self.seen.unwrap()
