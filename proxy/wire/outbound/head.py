"""Heads on an HTTP/1.1 connection: how a call begins, where a reply says it ends, and how long there may be silence
after it. Pure functions over bytes.
"""

from __future__ import annotations

import re
from typing import Final

from proxy.http.fields import Fields, first
from proxy.wire.outbound.call import Call

IDLE_EXPIRY: Final = 15.0
_TIMEOUT: Final = re.compile(rb"(?:^|[,\s])timeout\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_METHODS: Final = {name: name.encode("ascii") + b" " for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")}


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
    method = _METHODS.get(call.method) or call.method.encode("ascii") + b" "
    return b"%b%b%b%b%b%b" % (method, call.target, host, b"".join(call.lines), framing, known)


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


def patience(headers: Fields) -> float:
    """Seconds that the API lets a connection be idle, less one for what is on its way."""
    limit = _TIMEOUT.search(first(headers, b"keep-alive") or b"")
    return IDLE_EXPIRY if limit is None else min(IDLE_EXPIRY, int(limit[1]) - 1.0)
