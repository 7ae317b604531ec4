"""One request of a client: its head, then its body as it comes.

Owns: what a handler may ask of it. Must not know: how it is answered, or parsed.
"""

from __future__ import annotations

from secrets import token_hex
from typing import Final, Protocol

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.http.fields import Fields, facts, first
from proxy.http.repeated import Lines
from proxy.http.request_id import given_id
from proxy.values.listen import is_loopback
from proxy.wire.flow import Flow, Source
from proxy.wire.socket import Transport

_OF_PROXIES: Final = (b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via")


class Pipe(Protocol):
    """Takes a client's bytes once its connection speaks another protocol."""

    def feed(self, data: bytes) -> None:
        """What the client sent."""

    def close(self) -> None:
        """The client has gone."""


class Client(Source, Protocol):
    """The connection that a request came over, as far as it is a handler's."""

    transport: Transport | None
    """None when the client has gone."""

    @property
    def answered(self) -> bool:
        """Is it too late to say anything else?"""

    @property
    def secure(self) -> bool:
        """Is it TLS?"""

    @property
    def peer(self) -> str | None:
        """The client's address; None on a unix socket."""

    def hint(self, data: bytes) -> None:
        """A 1xx, which is no answer; none where the answer has begun. Raises ConnectionResetError."""

    def answer(self, data: bytes) -> None:
        """The head of the answer, with as much behind it as is there. Once per request. Raises ConnectionResetError."""

    def write(self, data: bytes) -> None:
        """More of the answer. Raises ConnectionResetError when the client has gone."""

    async def drain(self) -> None:
        """Wait while the client reads more slowly than we write. Raises ConnectionResetError."""

    async def cut_short(self) -> None:
        """The answer ends here, and the client sees that it is not its end, behind all that was written."""

    def moved(self) -> tuple[int, int]:
        """Bytes from the client and to it, since this was asked last."""

    def become(self, pipe: Pipe) -> None:
        """From here on the client's bytes are `pipe`'s."""

    def pause_reading(self) -> None:
        """What comes waits in the socket."""

    def abort(self) -> None:
        """Close at once."""

    def reset(self) -> None:
        """At once, and so that the client can't take it for an end."""


class Request(Flow[Client]):
    """`modern`: HTTP/1.1, not 1.0. `keep_alive`: another request may follow, unless this is the `last`."""

    __slots__ = ("_headers", "fields", "keep_alive", "lines", "method", "modern", "target", "told_id")

    def __init__(
        self, connection: Client, method: str, target: bytes, fields: Fields, modern: bool, keep_alive: bool
    ) -> None:
        Flow.__init__(self, connection)  # super() would be looked up for each
        self.method = method
        self.target = target
        self.fields = fields
        self.modern = modern
        self.keep_alive = keep_alive
        self.lines: Lines | None = None  # in which the fields came, if they may come again
        self._headers: CIMultiDictProxy[str] | None = None
        self.told_id = ""  # once it was asked for

    def __repr__(self) -> str:
        return f"<Request {self.method}>"  # targets and headers may hold secrets

    def last(self) -> None:
        """No other request may follow on this connection."""
        self.keep_alive = False

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The fields as text, found in any case. Made at the first look; forwarding does without."""
        if self._headers is None:
            pairs = [(name.decode("latin-1"), value.decode("utf-8", "surrogateescape")) for name, value in self.fields]
            self._headers = CIMultiDictProxy(CIMultiDict(pairs))
        return self._headers

    @property
    def id(self) -> str:
        """The client's, else one of its own, by which an answer of ours is found in the log."""
        if not self.told_id:
            self.told_id = given_id(self.known) or token_hex(8)
        return self.told_id

    @property
    def known(self) -> dict[bytes, bytes]:
        """The fields by their names in lower case; forwarding has only some of them at hand."""
        return facts([(name.lower(), value) for name, value in self.fields])

    def header(self, name: bytes) -> bytes | None:
        """The first field of this (lower case) name."""
        return first(self.fields, name)

    @property
    def framed(self) -> bool:
        """Does the head announce a body, if only an empty one?"""
        return self.header(b"content-length") is not None or self.header(b"transfer-encoding") is not None

    @property
    def secure(self) -> bool:
        """Did it come over TLS?"""
        return self.connection.secure

    @property
    def peer(self) -> str | None:
        """The client's address; None on a unix socket."""
        return self.connection.peer

    @property
    def is_local(self) -> bool:
        """From this machine, and not through another proxy on it."""
        peer = self.connection.peer
        return (peer is None or is_loopback(peer)) and all(self.header(name) is None for name in _OF_PROXIES)
