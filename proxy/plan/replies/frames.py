"""The frames of a WebSocket, from the API to the client: text is scrubbed where it stands (RFC 6455 §5).

Owns: telling frames apart, and keeping each one's length. Must not know: sockets. Headers, binary messages, pings and
pongs pass as they came, at once. A secret may lie across frames: so what may be its beginning waits for the rest of the
message, unless a control frame comes between, which must not wait.
"""

from __future__ import annotations

from collections import deque

from proxy.errors import KeylessError
from proxy.plan.replies.scrub import Needles

_CONTINUED, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0, 1, 2, 8, 9, 10
_FINAL, _RESERVED, _OPCODE = 0x80, 0x70, 0x0F
_MASKED, _LENGTH = 0x80, 0x7F
_MAX_CONTROL = 125  # §5.5
_MAX_QUEUED = 64
"""Headers that may wait behind held bytes; a frame needs no content, so there could be any number of them."""


class FrameError(KeylessError):
    """What came can't be read as frames, so it can't be told what is text: it must not go on."""


class Frames:
    """Feed it what the API sends after its 101; what it gives back goes to the client. Of equal length in the end."""

    __slots__ = ("_close", "_final", "_header", "_left", "_message", "_opcode", "_out", "_owed", "_queue", "_text")

    def __init__(self, needles: Needles) -> None:
        self._text = needles.stream()
        self._close = needles
        self._header = b""  # as much as has come of the next one
        self._left = 0  # of the current frame's content
        self._opcode = _CONTINUED
        self._message: int | None = None  # the opcode of the message that is under way
        self._final = True
        self._out: list[bytes] = []
        self._owed = 0  # bytes that are held of the frame whose header went out last
        self._queue: deque[tuple[bytes, int]] = deque()  # headers that wait behind those, each with what it is owed

    def feed(self, data: bytes) -> bytes:
        """Raises FrameError."""
        at = 0
        while at < len(data):
            if self._left == 0:
                at = self._begin(data, at)
            else:
                piece = data[at : at + self._left]
                at += len(piece)
                self._left -= len(piece)
                self._content(piece)
        out = b"".join(self._out)
        self._out.clear()
        return out

    # ------------------------------------------------------------ headers

    def _begin(self, data: bytes, at: int) -> int:
        """Takes what there is of a header; once it is whole, its frame begins. Returns how far it came."""
        size = self._wanted()
        taken = data[at : at + size - len(self._header)]
        self._header += taken
        if len(self._header) == self._wanted():
            header, self._header = self._header, b""
            self._open(header)
        return at + len(taken)

    def _wanted(self) -> int:
        """How long the header is, as far as can be told."""
        if len(self._header) < 2:
            return 2
        return 2 + {126: 2, 127: 8}.get(self._header[1] & _LENGTH, 0)

    def _open(self, header: bytes) -> None:
        length = header[1] & _LENGTH
        if length > _MAX_CONTROL:
            length = int.from_bytes(header[2:])
        self._check(header[0], header[1], length)
        self._opcode, self._left = header[0] & _OPCODE, length
        if self._opcode < _CLOSE:
            self._message = self._opcode or self._message
            self._final = bool(header[0] & _FINAL)
            self._head(header)
        else:
            self._flush()
            self._out.append(header)
        if length == 0:
            self._ended()

    def _check(self, first: int, second: int, length: int) -> None:
        opcode = first & _OPCODE
        if first & _RESERVED or opcode not in (_CONTINUED, _TEXT, _BINARY, _CLOSE, _PING, _PONG):
            raise FrameError("a frame of an extension that was not asked for")
        if second & _MASKED or length >= 1 << 63:
            raise FrameError("a frame that no server may send")
        if opcode >= _CLOSE:
            if length > _MAX_CONTROL or not first & _FINAL:
                raise FrameError("a control frame that is long or in parts")
        elif (opcode == _CONTINUED) == (self._message is None):
            raise FrameError("a frame out of its message")

    # ------------------------------------------------------------ content

    def _content(self, piece: bytes) -> None:
        if self._opcode == _CLOSE:
            self._out_of_close(piece)
        elif self._opcode in (_PING, _PONG) or self._message == _BINARY:
            self._out.append(piece)
        else:
            self._owe(len(piece))
            self._emit(self._text.feed(piece))
        if self._left == 0 and not self._header:
            self._ended()

    def _ended(self) -> None:
        """The current frame's content is over."""
        if self._opcode < _CLOSE and self._final:
            if self._message == _TEXT:
                self._emit(self._text.end())
            self._message = None

    def _out_of_close(self, piece: bytes) -> None:
        """At most 125 bytes, after which nothing follows: it goes when it is whole (§5.5.1)."""
        self._header += piece
        if self._left == 0:
            self._out.append(self._close.scrub(self._header))
            self._header = b""

    # ------------------------------------------------------------ what goes out, in its order

    def _head(self, header: bytes) -> None:
        if not self._owed:
            self._out.append(header)
            return
        if len(self._queue) >= _MAX_QUEUED:
            self._flush()
            self._out.append(header)
        else:
            self._queue.append((header, 0))

    def _owe(self, size: int) -> None:
        if self._queue:
            header, owed = self._queue.pop()
            self._queue.append((header, owed + size))
        else:
            self._owed += size

    def _emit(self, text: bytes) -> None:
        """Content goes to the frames that it came in; a header goes once the frame before it is whole."""
        while True:
            self._out.append(text[: self._owed])
            text, self._owed = text[self._owed :], max(0, self._owed - len(text))
            if self._owed or not self._queue:
                return
            header, self._owed = self._queue.popleft()
            self._out.append(header)

    def _flush(self) -> None:
        if self._owed or self._queue:
            self._emit(self._text.flush())
