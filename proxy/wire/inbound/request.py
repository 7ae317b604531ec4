"""One request of a client: its head, then its body as it comes.

Owns: what a handler may ask of it. Must not know: how it is answered, or parsed.
"""

from __future__ import annotations

from asyncio import BaseTransport
from typing import TYPE_CHECKING

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.http.fields import Fields, facts, first
from proxy.wire.flow import Flow

if TYPE_CHECKING:
    from proxy.wire.inbound.connection import ClientConnection


class Request(Flow["ClientConnection"]):
    """`modern`: HTTP/1.1, not 1.0. `keep_alive`: another request may follow, unless this is the `last`."""

    __slots__ = ("_headers", "fields", "keep_alive", "method", "modern", "target")

    def __init__(
        self, connection: ClientConnection, method: str, target: bytes, fields: Fields, modern: bool, keep_alive: bool
    ) -> None:
        super().__init__(connection)
        self.method = method
        self.target = target
        self.fields = fields
        self.modern = modern
        self.keep_alive = keep_alive
        self._headers: CIMultiDictProxy[str] | None = None

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
        transport = self.connection.transport
        return transport is not None and transport.get_extra_info("ssl_object") is not None

    @property
    def peer(self) -> str | None:
        """The client's address; None on a unix socket."""
        return address_of(self.connection.transport)


def address_of(transport: BaseTransport | None) -> str | None:
    peer = transport.get_extra_info("peername") if transport is not None else None
    return str(peer[0]) if peer and not isinstance(peer, str | bytes) else None
