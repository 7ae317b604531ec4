"""Whom a connection leads to. Must not know: paths, or who may go there."""

from __future__ import annotations

from typing import NamedTuple


class Origin(NamedTuple):
    """Connections are shared by those whose origin is the same, so all that tells connections apart belongs here.

    `private`: the name may lead into a private network. `identity`: a digest of the route's own certificates, if any.
    """

    tls: bool
    host: str
    port: int
    private: bool = False
    identity: str = ""

    @property
    def authority(self) -> str:
        """For the Host header: the port only where it is not the scheme's own (RFC 9110 §7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"

    @property
    def host_header(self) -> bytes:
        """The authority in the bytes that go out. Raises UnicodeError for names that IDNA can't encode."""
        return self.authority.encode("ascii" if self.authority.isascii() else "idna")

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.authority}"
