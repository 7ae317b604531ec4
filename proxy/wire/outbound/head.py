"""Heads on an HTTP/1.1 connection: how a call begins, and where a reply says it ends. Pure functions over bytes."""

from __future__ import annotations

from proxy.http.fields import Fields
from proxy.wire.outbound.call import Call


def host_lines(authority: bytes) -> bytes:
    """What stands between the target and the header lines, the same for all calls over one connection."""
    return b" HTTP/1.1\r\nHost: %b\r\n" % authority


def encoded(call: Call, host: bytes) -> bytes:
    """The head, and a body that is known whole behind it, in one piece. `host` is what `host_lines` has made."""
    body = call.body
    known = b""
    if call.upgrade:
        framing = b"Connection: Upgrade\r\nUpgrade: %b\r\n\r\n" % call.upgrade
    elif body is None:
        framing = b"\r\n"
    elif isinstance(body, bytes):
        framing = b"Content-Length: %d\r\n\r\n" % len(body)
        known = body
    elif body.length is None:
        framing = b"Transfer-Encoding: chunked\r\n\r\n"
    else:
        framing = b"Content-Length: %d\r\n\r\n" % body.length
    return b"".join((call.method.encode("ascii"), b" ", call.target, host, *call.lines, framing, known))


def framed(headers: Fields) -> bool:
    """Does the head say where its body ends? Raises ValueError for a coding that was not asked for (RFC 9112 §6.1)."""
    framed = False
    for name, value in headers:
        length = len(name)  # spares most names the rest
        if length == 17 and name.lower() == b"transfer-encoding":
            if framed or value.strip().lower() != b"chunked":
                raise ValueError("a transfer coding that was not asked for")
            framed = True
        elif length == 14 and name.lower() == b"content-length":
            framed = True
    return framed
