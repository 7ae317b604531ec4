"""Heads that every grammar reads alike, read in one pass; all others are llhttp's to read.

Owns: which these are: HTTP/1.1, lines of `Name: value` in visible ASCII, a body by its length or none. Most heads on a
connection are the one before, or have its lines, so that what was made of those may be kept with them. Must not know:
sockets, listeners, what is made of a head.
"""

from __future__ import annotations

import re
from typing import Final

from proxy.http.fields import Fields

UNSAID: Final = -1
LONGEST: Final = 2048
"""Bytes of a head that is kept for the next. With what is made of it, it is some 4 KiB per idle connection."""

_METHODS: Final = {name.encode("ascii"): name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}
_REQUEST: Final = re.compile(rb"([A-Z]+) (/[!$%&'()*+,\-./0-9:;=?@A-Z_a-z~]*) HTTP/1\.1")
_STATUS: Final = re.compile(rb"HTTP/1\.1 ([2-9][0-9][0-9]) ([!-~](?:[ -~]*[!-~])?)")
_BODILESS: Final = frozenset((204, 304))
_FIELD: Final = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ((?:[!-~](?:[ -~]*[!-~])?)?)\r\n")
_LENGTH: Final = re.compile(rb"[0-9]{1,15}")
_FRAMING: Final = frozenset((b"transfer-encoding", b"upgrade", b"trailer", b"proxy-connection", b"http2-settings"))
_SIZES: Final = frozenset(len(name) for name in (*_FRAMING, b"content-length", b"connection"))


class RequestLine:
    """Of a method that is known, and a target that is a path."""

    __slots__ = ("method", "target")

    def __init__(self, method: str, target: bytes) -> None:
        self.method = method
        self.target = target


class StatusLine:
    """Of a reply that may have a body."""

    __slots__ = ("code", "reason")

    def __init__(self, code: int, reason: bytes) -> None:
        self.code = code
        self.reason = reason


class PlainLines:
    """Those behind the first. `length` is the body's, or UNSAID.

    `made` is what `maker` has made of them, for its next look at the same.
    """

    __slots__ = ("fields", "length", "made", "maker", "text")

    def __init__(self, text: bytes, fields: Fields, length: int) -> None:
        self.text = text
        self.fields = fields
        self.length = length
        self.maker: object | None = None
        self.made: object | None = None


class Plain:
    """One side's reading without llhttp: the last `head`, and what was read of it; b"" and None where llhttp has read
    the last, or it is too long to be kept. Of its body `left` bytes are to come.
    """

    __slots__ = ("first", "head", "left", "lines")

    def __init__(self) -> None:
        self.head = b""
        self.first: RequestLine | StatusLine | None = None
        self.lines: PlainLines | None = None
        self.left = 0

    def keep(self, head: bytes, first: RequestLine | StatusLine, lines: PlainLines) -> None:
        kept = len(head) <= LONGEST
        self.head = head if kept else b""
        self.first = first
        self.lines = lines if kept else None

    def forget(self) -> None:
        self.head = b""
        self.lines = None

    def take(self, data: bytes) -> bytes:
        """As much of it as is of the body."""
        piece = data if len(data) <= self.left else data[: self.left]
        self.left -= len(piece)
        return piece


def request_line(line: bytes) -> RequestLine | None:
    found = _REQUEST.fullmatch(line)
    method = None if found is None else _METHODS.get(found[1])
    return None if found is None or method is None else RequestLine(method, found[2])


def status_line(line: bytes) -> StatusLine | None:
    found = _STATUS.fullmatch(line)
    return None if found is None or int(found[1]) in _BODILESS else StatusLine(int(found[1]), found[2])


def plain_lines(text: bytes, last: PlainLines | None) -> PlainLines | None:
    """What stands between a head's first line and its end; None for other lines. `last` are the connection's."""
    if last is not None and last.text == text:
        return last
    fields: Fields = _FIELD.findall(text + b"\r\n")
    told, length = 0, UNSAID
    for name, value in fields:
        size = len(name)
        told += size + len(value) + 4
        if size in _SIZES:
            lower = name.lower()
            if lower == b"content-length":
                if length != UNSAID or _LENGTH.fullmatch(value) is None:
                    return None
                length = int(value)
            elif lower in _FRAMING or (lower == b"connection" and value.lower() != b"keep-alive"):
                return None
    return PlainLines(text, fields, length) if told == len(text) + 2 else None
