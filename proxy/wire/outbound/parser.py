"""What an API's bytes say: heads, bodies and ends of replies, within the limits. Parsing is llhttp's, strict;
what it has said of a head it need not say again (http/repeated.py).

Owns: llhttp, and what it leaves open: sizes, codings, versions, 1xx, how a body may end, heads that are mended and then
read once more. Must not know: sockets, deadlines, who reads the reply.
"""

from __future__ import annotations

import re
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from proxy.http.fields import NO_BODY, Fields
from proxy.http.mending import may_be_mended, mended
from proxy.http.repeated import Repeated, StatusLine
from proxy.wire.outbound.head import IDLE_EXPIRY, framed, patience
from proxy.wire.outbound.listener import NOBODY, Listener

MAX_HEAD: Final = 64 * 1024

_NONE: Final[Fields] = []
_SECOND: Final = "a second reply to one request"
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
# What ends a reply's body: its length; the head already, since it answers a HEAD; a last chunk; the connection.
LENGTH: Final = 0
HEAD: Final = 1
CHUNKS: Final = 2
CLOSE: Final = 3


class ReplyParser:
    """`expect` a reply, then `feed` what comes until it has `ended`."""

    __slots__ = (
        "_beginning",
        "_ending",
        "_fields",
        "_irregular",
        "_listener",
        "_llhttp",
        "_reason",
        "_status",
        "_unread",
        "_version",
        "keep_alive",
        "patience",
        "repeated",
    )

    def __init__(self, listener: Listener) -> None:
        self._listener: Listener = listener
        self._llhttp: HttpResponseParser | None = None
        self._fields: Fields = []  # the head's; from the first chunk on the trailers'
        self._reason = b""
        self._status = 0  # until the head is there
        self._unread = 0  # bytes since the last byte of a body: of heads, trailers, chunk extensions
        self._beginning = b""  # of a reply whose head is not whole yet
        self._irregular = False  # the head is one to be mended
        self.repeated: Repeated[StatusLine] = Repeated()
        self._ending = LENGTH
        self._version = ""  # as the first reply says, for all that follow
        self.keep_alive = False
        self.patience = IDLE_EXPIRY  # seconds that the API lets a connection be idle

    @property
    def silent(self) -> bool:
        """No byte of the expected reply has come."""
        return not self._status and not self._unread

    def expect(self, head_only: bool) -> None:
        """A reply; `head_only`: to a HEAD, so that it has no body whatever its head says of one."""
        if self._llhttp is None:
            self._llhttp = HttpResponseParser(self)
        self._ending = HEAD if head_only else LENGTH
        self._fields = []
        self._reason = self._beginning = b""
        self._status = self._unread = 0

    def feed(self, data: bytes) -> None:
        """Raises ValueError, which says what is wrong; then nothing that follows can be understood."""
        if self.repeated.left:
            self._read_on(data)
            return
        if not (self._unread or self._status or self._irregular) and self._ending == LENGTH and self._comes_again(data):
            return
        self._unread += len(data)
        if self._llhttp is None:
            raise ValueError("bytes behind a reply that has no body")
        if self._irregular and not self._status:
            self._feed_mended(data)
        else:
            self._feed_strict(self._llhttp, data)
        if self._unread > MAX_HEAD:
            raise ValueError("a head, trailers or chunk extensions that are too large")

    def end(self) -> bool:
        """The API has ended the connection, wholly: is that the end of the reply too?"""
        if self._ending == CLOSE:
            self._ending = LENGTH
            self._listener.ended(_NONE)
            return True
        return False

    def close(self) -> None:
        """Nothing will be fed any more. Callbacks and listener lead round to here: a ring."""
        self._listener = NOBODY
        self._llhttp = None

    def _comes_again(self, data: bytes) -> bool:
        """Told as llhttp would, where nothing has come behind the reply."""
        repeated = self.repeated
        head, end, body = data.partition(b"\r\n\r\n")
        line, lines = repeated.first, repeated.lines
        if not end or line is None or lines is None or head != repeated.head or len(body) > lines.length:
            repeated.comes(head, head if end else b"")
            return False
        self.keep_alive = True
        self._status = line.code
        repeated.left = lines.length - len(body)
        self._listener.replied(line.code, line.reason, lines.fields)
        if body:
            self._listener.body(body)
        if not repeated.left:
            self._listener.ended(_NONE)
        return True

    def _read_on(self, data: bytes) -> None:
        """Of the body, of which nothing more is expected than what is left."""
        piece = self.repeated.take(data)
        self._listener.body(piece)
        if not self.repeated.left:
            self._listener.ended(_NONE)
        if len(data) > len(piece):
            raise ValueError(_SECOND)

    # ------------------------------------------------------------ llhttp callbacks; what they raise ends the exchange

    def on_message_begin(self) -> None:
        if self._status:
            raise ValueError(_SECOND)

    def on_status(self, reason: bytes) -> None:
        self._reason += reason
        if reason != b"OK" and _CONTROL.search(reason) is not None:
            raise ValueError("a control character in the status line")  # llhttp lets them pass

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        llhttp, head = self._llhttp, self.repeated.came()
        if llhttp is None:
            return
        status: int = llhttp.get_status_code()
        if status < 200:
            self._informational(status, llhttp)
            return
        headers = self._fields
        if self._unread > MAX_HEAD and sum(len(name) + len(value) + 4 for name, value in headers) > MAX_HEAD:
            raise ValueError("the head is too large")
        if not self._version:
            self._look_at_first(llhttp.get_http_version(), headers)
        self.keep_alive = llhttp.should_keep_alive()
        if not self.keep_alive and self._ending != HEAD and not framed(headers):
            self._ending = CLOSE
        if self._irregular:
            self.keep_alive = False
        self._unread = 0
        self._status = status
        if head and self.keep_alive and self._ending == LENGTH and status not in NO_BODY:
            self.repeated.keep(head, StatusLine(status, self._reason), headers, sized=True)
        self._listener.replied(status, self._reason, headers)
        if self._ending == HEAD:
            # llhttp can't be told that this reply answers a HEAD and waits for a body that never comes.
            self._llhttp = None
            self._listener.ended(_NONE)

    def on_chunk_header(self) -> None:
        """The first of a reply says that it is chunked: then is the time to look at its codings."""
        if self._ending == HEAD:
            raise ValueError("a body where none may be")
        if self._ending != CHUNKS:
            self._ending = CHUNKS
            framed(self._fields)
            self._fields = []
            if self._version == "1.0":  # its framing may be faulty (RFC 9112 §6.1)
                self.keep_alive = False

    def on_body(self, data: bytes) -> None:
        if self._ending == HEAD:
            raise ValueError("a body where none may be")
        self._unread = 0
        self._listener.body(data)

    def on_message_complete(self) -> None:
        if self._status and self._ending != HEAD:
            self._listener.ended(self._fields if self._ending == CHUNKS else _NONE)

    # ------------------------------------------------------------ inner workings

    def _feed_strict(self, llhttp: HttpResponseParser, data: bytes) -> None:
        try:
            llhttp.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._unread = 0
            self._listener.switched(self._reason, self._fields, data[upgrade.args[0] :])
            return
        except HttpParserError as error:
            # the context is what a callback of ours raised
            reason, ours = str(error.__context__ or error), error.__context__ is not None
        else:
            if not self._status:
                self._beginning += data  # bounded, since _unread is
            return
        if ours or self._status or self._irregular or not may_be_mended(self._beginning + data):
            raise ValueError(reason)
        self._irregular = True
        self._feed_mended(data)

    def _feed_mended(self, data: bytes) -> None:
        """Read what llhttp refused from its beginning, as soon as all of its head is there."""
        self._beginning += data
        whole = mended(self._beginning) if b"\n" in data else None
        if whole is None:
            return
        self._llhttp = llhttp = HttpResponseParser(self)
        self._fields = []
        self._reason = self._beginning = b""
        self._feed_strict(llhttp, whole)

    def _informational(self, status: int, llhttp: HttpResponseParser) -> None:
        """1xx: passed on if anyone cares, then forgotten; 101 is final and opens a tunnel (RFC 9110 §15.2)."""
        if status < 100 or (status == 101 and not llhttp.should_upgrade()):
            raise ValueError(f"a reply with status {status}")
        if status == 101:
            return
        if status != 100:
            self._listener.hinted(status, self._fields)
        self._fields = []
        self._reason = b""

    def _look_at_first(self, version: str, headers: Fields) -> None:
        """What a connection's first reply says of all that follow."""
        if version not in ("1.1", "1.0"):
            raise ValueError("another protocol than HTTP/1")
        self._version = version
        self.patience = patience(headers)
