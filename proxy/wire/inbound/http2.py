"""What a client is told that speaks HTTP/2 unasked, with prior knowledge (RFC 9113 §3.3): that, and how to do without.

Owns: the only two frames of HTTP/2 that are ever sent. Must not know: sockets, or how the client gave itself away.
"""

from __future__ import annotations

from proxy.errors import Fault

_SETTINGS, _GOAWAY = 4, 7
_HTTP_1_1_REQUIRED = 13  # §7
_CURE = (
    "this proxy speaks HTTP/1.1, and the client began with HTTP/2 without being asked to; switch that off"
    " (curl: without --http2-prior-knowledge; httpx: without http1=False; Go and Node: the plain HTTP client)"
)


class PriorKnowledge(Fault):
    """The client began with HTTP/2's preface."""

    def __init__(self) -> None:
        super().__init__("bad_request", _CURE)


def goaway(why: str) -> bytes:
    """What a server's side begins with (§3.4), and the end: no stream was served, and why. `why` is ASCII."""
    told = bytes(4) + _HTTP_1_1_REQUIRED.to_bytes(4) + why.encode("ascii")
    return _frame(_SETTINGS, b"") + _frame(_GOAWAY, told)


def _frame(kind: int, payload: bytes) -> bytes:
    """§4.1: of the connection, without flags."""
    return len(payload).to_bytes(3) + bytes((kind, 0, 0, 0, 0, 0)) + payload
