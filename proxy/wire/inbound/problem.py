"""Heads of replies, and errors of our own as problem documents (RFC 9457), in bytes."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from proxy.errors import Fault
from proxy.http.error_shape import ErrorShape
from proxy.http.memo import Bound, remember
from proxy.wire.inbound.error_shape import shaped

PROBLEM: Final = "application/problem+json"
_WIDE: Final = (b"application/problem+json", b"application/*", b"*/*")
"""What takes it, the most specific first: that one counts (RFC 9110 §12.5.1)."""
_UNWANTED: Final = re.compile(rb";\s*q=0(?:\.0*)?\s*(?:;|\Z)", re.IGNORECASE)
_REASONS: Final = Bound(most=512, longest=256)
_OK: Final = b"HTTP/1.1 200 OK\r\n"
_status_lines: Final[dict[tuple[int, bytes], bytes]] = {}


def last_words(error: Fault) -> bytes:
    """An error, finished, for a connection that closes before anything was asked."""
    headers, body = problem(error)
    headers += [dated(), ("Content-Type", PROBLEM), ("Cache-Control", "no-store"), ("Connection", "close")]
    headers.append(("Content-Length", str(len(body))))
    return status_line(error.status, b"") + encoded(headers) + b"\r\n" + body


def problem(error: Fault, shape: ErrorShape | None = None, request_id: str = "") -> tuple[list[tuple[str, str]], bytes]:
    """Its headers and body. What was not even a request has no id."""
    own, body = shaped(error, shape, request_id)
    headers = [("X-Keyless-Error", error.code), *error.headers, *own]
    if error.advice is not None:
        headers.append(error.advice)
    return headers, body


def kind_of_problem(accept: bytes | None, shape: ErrorShape | None = None) -> str:
    """Its Content-Type, for a client that accepts this: some SDKs read no other JSON than `application/json`."""
    if shape == "s3":
        return "application/xml"
    if shape == "oauth":
        return "application/json"
    if accept is None:
        return PROBLEM
    ranges = {kind.partition(b";")[0].strip().lower(): kind for kind in accept.split(b",")}
    nearest = next((ranges[kind] for kind in _WIDE if kind in ranges), None)
    return "application/json" if nearest is None or _UNWANTED.search(nearest) is not None else PROBLEM


def dated() -> tuple[str, str]:
    """Whoever makes a reply says when (RFC 9110 §6.6.1)."""
    return "Date", _date(int(time.time()))


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def encoded(headers: Iterable[tuple[str, str]]) -> bytes:
    return b"".join(f"{name}: {value}\r\n".encode("latin-1", "replace") for name, value in headers)


def status_line(status: int, reason: bytes) -> bytes:
    if status == 200 and reason == b"OK":  # nearly all; for others a key of two is made and hashed
        return _OK
    line = _status_lines.get((status, reason))
    if line is None:
        line = b"HTTP/1.1 %d %b\r\n" % (status, reason or _phrase(status))
        remember(_status_lines, (status, reason), line, len(reason), _REASONS)
    return line


def _phrase(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode("ascii")
    except ValueError:
        return b""
