"""The fields of a head, as they stand on the wire: pairs of bytes, in order, names in any case.

Owns: looking them up, which of them belong to one connection, which replies have no body behind them, which requests
ask for no change. Must not know: which pass a proxy, or what they mean.
"""

from __future__ import annotations

from typing import Final

Fields = list[tuple[bytes, bytes]]

HOP_BY_HOP: Final = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"te", b"transfer-encoding", b"upgrade", b"proxy-authenticate")
)
"""RFC 9110 §7.6.1; `Trailer` passes, since trailers do."""
NO_BODY: Final = frozenset((204, 304))
"""Statuses whose replies have none (RFC 9110 §6.4.1)."""
SAFE: Final = frozenset(("GET", "HEAD", "OPTIONS"))
"""Methods that ask for nothing to be changed (RFC 9110 §9.2.1); TRACE is answered by no API."""
_NONE: Final[frozenset[bytes]] = frozenset()
_NOT_NAMED: Final = frozenset((b"", b"keep-alive", b"close", b"upgrade", b"transfer-encoding"))
"""Each is looked at by itself."""


def facts(noted: Fields) -> dict[bytes, bytes]:
    """Noted headers by name; of those that came several times, all values (RFC 9110 §5.3)."""
    found = dict(noted)
    if len(found) != len(noted):
        for name in found:
            glue = b"; " if name == b"cookie" else b", "
            found[name] = glue.join(value for known, value in noted if known == name)
    return found


def first(fields: Fields, name: bytes) -> bytes | None:
    """The value of the first field of this (lower case) name."""
    size = len(name)
    for known, value in fields:
        if len(known) == size and known.lower() == name:  # most names differ in length, and need no lower()
            return value
    return None


def named_by_connection(said: bytes) -> frozenset[bytes]:
    """The headers that `Connection` declares hop-by-hop, beside those that always are (docs/traps.md 21)."""
    if said in _NOT_NAMED:
        return _NONE
    return frozenset(token.strip() for token in said.lower().split(b",")) - _NOT_NAMED


def without(headers: Fields, names: frozenset[bytes]) -> Fields:
    return [(name, value) for name, value in headers if name.lower() not in names]
