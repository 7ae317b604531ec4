"""Heads of replies, and errors of our own as problem documents (RFC 9457), in bytes. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from http import HTTPStatus

from proxy.errors import Fault, whole_seconds

PROBLEM = "application/problem+json"
_MEMO_BOUND = 512
_MEMO_LONGEST = 256
_status_lines: dict[tuple[int, bytes], bytes] = {}


def last_words(error: Fault) -> bytes:
    """An error, finished, for a connection that closes before anything was asked."""
    headers, body = problem(error)
    headers += [("Content-Type", PROBLEM), ("Cache-Control", "no-store"), ("Connection", "close")]
    headers.append(("Content-Length", str(len(body))))
    return status_line(error.status, b"") + encoded(headers) + b"\r\n" + body


def problem(error: Fault) -> tuple[list[tuple[str, str]], bytes]:
    headers = [("X-Keyless-Error", error.code), *error.headers]
    if error.retry_after is not None or error.status in (429, 503):
        headers.append(("Retry-After", str(whole_seconds(error.retry_after or 1.0))))
    return headers, json.dumps(error.problem(), ensure_ascii=False).encode("utf-8") + b"\n"


def encoded(headers: Iterable[tuple[str, str]]) -> bytes:
    return b"".join(f"{name}: {value}\r\n".encode("latin-1", "replace") for name, value in headers)


def status_line(status: int, reason: bytes) -> bytes:
    line = _status_lines.get((status, reason))
    if line is None:
        line = b"HTTP/1.1 %d %b\r\n" % (status, reason or _phrase(status))
        if len(reason) <= _MEMO_LONGEST and len(_status_lines) < _MEMO_BOUND:
            _status_lines[status, reason] = line
    return line


def _phrase(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode("ascii")
    except ValueError:
        return b""
