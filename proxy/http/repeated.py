"""Heads that come again: most on a connection are the one before, or have its lines.

Owns: what llhttp has told of a head is told again of the same bytes, if these lead to nothing that depends on more: to
no upgrade, no chunks, no end of the connection. So is, behind another first line that every grammar reads alike, what
it has told of the same lines; and what others have made of these is kept with them. Must not know: sockets, listeners,
what is made of a head.
"""

from __future__ import annotations

import re
from typing import Final, Generic, TypeVar

from proxy.http.fields import Fields

UNSAID: Final = -1
LONGEST: Final = 2048
"""Bytes of a head that is kept. With what is made of it, it is some 4 KiB per idle connection."""
METHODS: Final = {name.encode("ascii"): name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}
"""The usual ones, which need no decoding."""

_SPACE: Final = ord(" ")
_REQUEST: Final = re.compile(rb"([A-Z]+) (/[!$%&'()*+,\-./0-9:;=?@A-Z_a-z~]*) HTTP/1\.1")
_OTHER: Final = frozenset((b"transfer-encoding", b"upgrade", b"trailer", b"proxy-connection", b"http2-settings"))
_SIZES: Final = frozenset(len(name) for name in (*_OTHER, b"content-length", b"connection"))


class RequestLine:
    """What the first line of a request says; its version is 1.1."""

    __slots__ = ("method", "target")

    def __init__(self, method: str, target: bytes) -> None:
        self.method = method
        self.target = target


class StatusLine:
    """What the first line of a reply says; its version is any."""

    __slots__ = ("code", "reason")

    def __init__(self, code: int, reason: bytes) -> None:
        self.code = code
        self.reason = reason


class Lines:
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


L = TypeVar("L")


class Repeated(Generic[L]):
    """One side's memory: a `head` that came again, its `first` line (what kind of line, the side says) and its other
    `lines`; None before there was one. Of a body that llhttp does not read `left` bytes are to come.
    """

    __slots__ = ("_coming", "_seen", "first", "head", "left", "lines")

    def __init__(self) -> None:
        self.head = b""
        self.first: L | None = None
        self.lines: Lines | None = None
        self.left = 0
        self._coming = b""  # the head that llhttp reads now, if it is one to be kept
        self._seen = b""  # what has to come once more before it is kept, since many never do

    def comes(self, head: bytes, what: bytes) -> None:
        """One that llhttp will read, whole; `what` of it may come again. An empty line before a request is skipped (RFC
        9112 §2.2), so that what stands behind it is no header.
        """
        self._coming = head if what and what == self._seen and head[0] > _SPACE else b""
        self._seen = what if len(head) <= LONGEST else b""

    def came(self) -> bytes:
        """The head that llhttp has told of; b"" for one that is not to be kept."""
        head, self._coming = self._coming, b""
        return head

    def keep(self, head: bytes, first: L, fields: Fields, *, sized: bool) -> None:
        """If nothing else depends on it. `sized`: where it says no length, something does."""
        length = length_of(fields)
        if length is not None and not (sized and length == UNSAID):
            self.head, self.first = head, first
            self.lines = Lines(head.partition(b"\r\n")[2], fields, length)

    def of(self, fields: Fields) -> Lines | None:
        """The lines that these came in, if they are kept."""
        return self.lines if self.lines is not None and self.lines.fields is fields else None

    def take(self, data: bytes) -> bytes:
        """As much of it as is of the body."""
        piece = data if len(data) <= self.left else data[: self.left]
        self.left -= len(piece)
        return piece


def request_line(line: bytes) -> RequestLine | None:
    """That of a method that is known and a target that is a path."""
    found = _REQUEST.fullmatch(line)
    method = None if found is None else METHODS.get(found[1])
    return None if found is None or method is None else RequestLine(method, found[2])


def length_of(fields: Fields) -> int | None:
    """The length of the body, UNSAID where there is none; None for a head that says more of what follows it."""
    length = UNSAID
    for name, value in fields:
        if len(name) in _SIZES:
            lower = name.lower()
            if lower == b"content-length":
                if length != UNSAID or not value.isdigit() or len(value) > 15:
                    return None
                length = int(value)
            elif lower in _OTHER or (lower == b"connection" and value.lower() != b"keep-alive"):
                return None
    return length
