"""What a client's bytes say: requests' heads, bodies and ends, within the limits. Parsing is llhttp's, strict; what it
has said of a head it need not say again (http/repeated.py).

Owns: llhttp, and what it leaves open: sizes, versions, trailers, bodies behind an `Upgrade`. Must not know: sockets,
deadlines, who serves a request, or when.
"""

from __future__ import annotations

from typing import Final, Protocol

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from proxy import shortage
from proxy.errors import Fault
from proxy.http.fields import Fields
from proxy.http.repeated import METHODS, Repeated, RequestLine, request_line
from proxy.wire.inbound.http2 import PriorKnowledge

MAX_FIELDS: Final = 256

_LINE_END: Final = b"\r\n"
_MODERN: Final = b" HTTP/1.1\r\n"
_LINE: Final = 2048  # bytes: the version of a longer line is llhttp's to tell
_PREFACE: Final = "Pause on PRI/Upgrade"  # llhttp's word for the whole of HTTP/2's; httptools has no class for it
_FRAMING: Final = frozenset((b"content-length", b"transfer-encoding"))


class Listener(Protocol):
    """Who is told of each request, all within `feed`."""

    def requested(self, method: str, target: bytes, fields: Fields, modern: bool, keep_alive: bool) -> None:
        """A head is there. `modern`: HTTP/1.1, not 1.0. `keep_alive`: another request may follow."""

    def body(self, data: bytes) -> None:
        """Some of its body."""

    def ended(self) -> None:
        """It is whole."""


class _Nobody:
    """Whoever listened has gone."""

    def requested(self, method: str, target: bytes, fields: Fields, modern: bool, keep_alive: bool) -> None: ...
    def body(self, data: bytes) -> None: ...
    def ended(self) -> None: ...


_NOBODY: Final = _Nobody()
_DEAF: Final = HttpRequestParser(_NOBODY)


class Parser:
    """Parses one request after the other."""

    __slots__ = (
        "_between",
        "_fields",
        "_line_is_modern",
        "_listener",
        "_llhttp",
        "_max_header",
        "_only_framing",
        "_segment",
        "_slack",
        "_target",
        "_unread",
        "repeated",
    )

    def __init__(self, listener: Listener, max_header: int) -> None:
        self._listener: Listener = listener
        self._max_header = max_header
        self._llhttp = HttpRequestParser(self)
        self._fields: Fields = []
        self._target = b""
        self._unread = 0  # bytes since the last byte of a body: of heads, trailers, chunk extensions
        self._segment = self._slack = 0  # of what came with an earlier body's end as much may belong to this head
        self._between = True  # what comes next begins a request, which llhttp need not read
        self.repeated: Repeated[RequestLine] = Repeated()
        self._only_framing = False
        self._line_is_modern = False  # the first line of what is being parsed is a request's of HTTP/1.1

    @property
    def is_within(self) -> bool:
        """Has something begun that has no end yet, and is no body?"""
        return self._unread > 0

    @property
    def has_begun(self) -> bool:
        """Has the next head?"""
        return self._unread > 0 or self._target != b""

    def feed(self, data: bytes) -> bytes | None:
        """What stands behind an `Upgrade`, not looked at yet: another protocol's, or the body, or the next request.

        Raises Fault; then nothing that follows can be understood.
        """
        try:
            rest = self._read_repeated(data)
        except MemoryError:
            raise shortage.tell("memory") from None
        return self._feed_llhttp(rest) if rest else None

    def _read_repeated(self, data: bytes) -> bytes:
        """Returns what is llhttp's to read."""
        if self.repeated.left:
            data = self._read_on(data)
        if data and self._between and not self._unread:
            head, end, body = data.partition(b"\r\n\r\n")
            if end and self._comes_again(head, body):
                return b""
        return data

    def _comes_again(self, head: bytes, body: bytes) -> bool:
        """Told as llhttp would, where nothing of a next request has come with it."""
        repeated = self.repeated
        line, lines = repeated.first, repeated.lines
        if line is None or lines is None or head != repeated.head:
            first, _, text = head.partition(b"\r\n")
            line = request_line(first) if lines is not None and text == lines.text else None
            if lines is None or line is None:
                repeated.comes(head, text)
                return False
            repeated.head, repeated.first = head, line
        left = lines.length - len(body) if lines.length > 0 else -len(body)
        if left < 0:
            return False
        self._slack = 0
        repeated.left = left
        self._listener.requested(line.method, line.target, lines.fields, True, True)
        if body:
            self._listener.body(body)
        if not left:
            self._listener.ended()
        return True

    def _read_on(self, data: bytes) -> bytes:
        """Of the body; returns what is behind it."""
        piece = self.repeated.take(data)
        self._listener.body(piece)
        if not self.repeated.left:
            self._listener.ended()
        return data[len(piece) :]

    def _feed_llhttp(self, data: bytes) -> bytes | None:
        # Within bounds: the same question is asked of each piece of a body, which may have no line at all.
        self._line_is_modern = (
            self._between and not self._unread and data[: data.find(_LINE_END, 0, _LINE) + 2].endswith(_MODERN)
        )
        self._segment = len(data)
        self._unread += len(data)
        try:
            self._llhttp.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._llhttp = HttpRequestParser(self)
            self._between = False
            return data[upgrade.args[0] :]
        except MemoryError:
            raise shortage.tell("memory") from None
        except HttpParserError as error:
            cause = error.__context__  # what a callback of ours raised
            if isinstance(cause, Fault):
                raise cause from None
            if isinstance(cause, MemoryError):
                raise shortage.tell("memory") from None
            if str(error) == _PREFACE:
                raise PriorKnowledge from None
            raise Fault("bad_request", "the request is not valid HTTP/1.1") from None
        if self._unread > self._max_header:
            raise _too_large()
        return None

    def close(self) -> None:
        """Nothing will be fed any more. Callbacks and listener lead round to here: a ring."""
        self._listener = _NOBODY
        self._llhttp = _DEAF

    def framing_of(self, fields: Fields) -> bytes:
        """To be fed before a body that stands behind an `Upgrade`, as Java's client sends it for h2c.

        httptools takes all upgrades for bodiless, and looks at none of their framing. A parser that is told of nothing
        else does both.
        """
        self._only_framing = True
        framing = b"".join(b"%b: %b\r\n" % field for field in fields if field[0].lower() in _FRAMING)
        return b"POST / HTTP/1.1\r\n%b\r\n" % framing

    # ------------------------------------------------------------ llhttp callbacks; what they raise ends the parsing

    def on_message_begin(self) -> None:
        self._between = False

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        llhttp, fields, target, head = self._llhttp, self._fields, self._target, self.repeated.came()
        self._fields, self._target = [], b""
        modern, self._line_is_modern = self._line_is_modern, False
        if self._only_framing:
            self._only_framing = False
            self._unread = 0
            return
        most = self._max_header
        if len(fields) > MAX_FIELDS or (self._unread + self._slack > most and _size(target, fields) > most):
            raise _too_large()
        self._unread = self._slack = 0
        # httptools formats a text each time, which took 2 % of all instructions.
        version = "1.1" if modern else llhttp.get_http_version()
        if version != "1.1":
            _check_old(version, fields)
        method = llhttp.get_method()
        name = METHODS.get(method) or method.decode("ascii")
        keep_alive = llhttp.should_keep_alive()
        if head and modern and keep_alive and not llhttp.should_upgrade():
            self.repeated.keep(head, RequestLine(name, target), fields, sized=False)
        self._listener.requested(name, target, fields, version == "1.1", keep_alive)

    def on_body(self, data: bytes) -> None:
        self._unread = 0
        self._listener.body(data)

    def on_message_complete(self) -> None:
        self._unread = 0
        self._slack = self._segment
        self._between = self._llhttp.should_keep_alive()
        if self._fields:  # trailers, which are nobody's: least of all the next request's
            self._fields = []
        self._listener.ended()


def _check_old(version: str, fields: Fields) -> None:
    """llhttp takes 0.9 and 2.0 as well. Chunks are unknown to 1.0: who sends them doesn't know what it passes on."""
    if version != "1.0":
        raise Fault("bad_request", "the request is not valid HTTP/1.1")
    if any(name.lower() == b"transfer-encoding" for name, _ in fields):  # RFC 9112 §6.1
        raise Fault("bad_request", "HTTP/1.0 has no Transfer-Encoding")


def _too_large() -> Fault:
    return Fault("header_too_large", "the request's line or headers are larger than allowed")


def _size(target: bytes, fields: Fields) -> int:
    return len(target) + sum(len(name) + len(value) + 4 for name, value in fields)
