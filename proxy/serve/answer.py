"""Writes replies to clients: the API's, chunk by chunk, or one of our own.

Owns: framing towards the client, and what is added to or taken from a reply (DESIGN §4). Must not know: how the reply
was got.
"""

from __future__ import annotations

import json
import socket
import struct
from http import HTTPStatus

from aiohttp import web

from proxy.errors import Fault, whole_seconds
from proxy.plan import cors
from proxy.plan.scrub import is_text
from proxy.serve.exchange import Exchange
from proxy.serve.upstream import Broken, Reply, Stalled

NO_BODY = frozenset((204, 304))
PROBLEM = "application/problem+json"
_TITLES = {name: name.title() for name in (b"content-type", b"content-length", b"content-encoding")}
LINKING = frozenset((b"location", b"content-location", b"link"))
_MEMO_BOUND = 512
_status_lines: dict[tuple[int, bytes], bytes] = {}
_texts: dict[bytes, bool] = {}


class Answered(web.StreamResponse):
    """Tells aiohttp's server that the reply is written already, and whether the connection lives on."""

    def __init__(self, alive: bool) -> None:
        super().__init__()
        self._alive = alive

    @property
    def keep_alive(self) -> bool | None:
        return self._alive

    async def prepare(self, request: web.BaseRequest) -> None:  # noqa: ARG002 -- aiohttp's signature
        return None

    async def write_eof(self, data: bytes = b"") -> None:  # noqa: ARG002 -- aiohttp's signature
        return None


KEPT, CLOSED = Answered(True), Answered(False)


class Framing:
    """How the body of one reply is delimited: by length, by chunks, or by the end of the connection."""

    __slots__ = ("by_close", "chunked", "empty", "keep_alive")

    def __init__(self, exchange: Exchange, status: int, has_length: bool) -> None:
        request = exchange.request
        modern = request.version >= (1, 1)
        self.empty = exchange.method == "HEAD" or status in NO_BODY
        self.chunked = modern and not has_length and not self.empty
        self.by_close = not (has_length or self.chunked or self.empty)
        self.keep_alive = request.keep_alive and modern and not self.by_close

    def lines(self) -> bytes:
        coding = b"Transfer-Encoding: chunked\r\n" if self.chunked else b""
        return coding if self.keep_alive else coding + b"Connection: close\r\n"

    def wrap(self, data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data), data) if self.chunked and data else data

    def end(self, trailers: bytes) -> bytes:
        return b"0\r\n%b\r\n" % trailers if self.chunked else b""


def whole(exchange: Exchange, reply: Reply) -> web.StreamResponse:
    """Pass a complete reply on, in one write. Raises ConnectionResetError when the client has gone."""
    head, framing, scrubbed = _head(exchange, reply)
    data = exchange.needles.scrub(reply.take()) if scrubbed else reply.take()
    reply.close()
    if framing.empty:
        _write(exchange, head)
    elif framing.chunked:
        _write(exchange, head + framing.wrap(data) + framing.end(_trailers(exchange, reply)))
    else:
        _write(exchange, head + data)
    return KEPT if framing.keep_alive else CLOSED


async def stream(exchange: Exchange, reply: Reply) -> web.StreamResponse:
    """Pass the API's reply on as it comes. Raises ConnectionResetError when the client has gone."""
    head, framing, scrubbed = _head(exchange, reply)
    scrubber = exchange.needles.stream() if scrubbed else None
    writer = exchange.request.writer
    try:
        _write(exchange, head)
        while data := await reply.read():
            if scrubber is not None:
                data = scrubber.feed(data)
            if data:
                _write(exchange, framing.wrap(data))
                await writer.drain()
    except Exception as error:
        # The head is out: an honest end is impossible, so the client must see a broken connection (TRAPS 28).
        _abort(exchange, framing)
        if isinstance(error, (Broken, Stalled, Fault)):
            return CLOSED
        raise
    finally:
        reply.close()
    rest = framing.wrap(scrubber.end()) if scrubber is not None else b""
    _write(exchange, rest + framing.end(_trailers(exchange, reply)))
    return KEPT if framing.keep_alive else CLOSED


def _trailers(exchange: Exchange, reply: Reply) -> bytes:
    """What could stand in the head may stand here, but for what frames or decides (RFC 9110 §6.5.1)."""
    if not reply.trailers:
        return b""
    lines, _ = exchange.lane.plan.reply_headers.sort(reply.trailers)
    return exchange.needles.scrub(b"".join(lines))


def _head(exchange: Exchange, reply: Reply) -> tuple[bytes, Framing, bool]:
    """The finished head, how the body is framed, and whether it is to be scrubbed."""
    plan = exchange.lane.plan
    lines, noted = plan.reply_headers.sort(reply.headers)
    has_length = coded = False
    text = True  # what says nothing of itself is shown as text by most
    for name, value in noted:
        if name == b"content-length":
            has_length = True
        elif name == b"content-type":
            text = _is_text(value) or plan.scrub == "strict"
        elif name == b"content-encoding":
            coded = value.strip().lower() != b"identity"
        if name not in plan.reply_edited:
            lines.append(_noted_line(exchange, name, value))
    framing = Framing(exchange, reply.status, has_length)
    scrubbed = text and not coded and plan.scrub != "headers" and bool(exchange.needles)
    theirs = exchange.needles.scrub(b"".join((status_line(reply.status, reply.reason), *lines)))
    return b"".join((theirs, _added(exchange), framing.lines(), b"\r\n")), framing, scrubbed


def _noted_line(exchange: Exchange, name: bytes, value: bytes) -> bytes:
    title = _TITLES.get(name)
    if title is not None:
        return b"%b: %b\r\n" % (title, value)
    if name in LINKING:
        links = exchange.lane.plan.links
        value = (links.localise_link if name == b"link" else links.localise)(value, exchange.own_url)
    return b"" if name == b"upgrade" else b"%b: %b\r\n" % (name.title(), value)


def _added(exchange: Exchange) -> bytes:
    """What this proxy says for itself in a reply of the API."""
    added = exchange.lane.plan.set_reply_headers
    if exchange.attempts > 1:
        added += b"X-Keyless-Attempts: %d\r\n" % exchange.attempts
    if exchange.skipped is not None:
        added += b"X-Keyless-Replay: skipped; reason=%b\r\n" % exchange.skipped.encode("ascii")
    if exchange.cors_origin is not None and exchange.lane.plan.cors:
        added += encoded(cors.exposed(exchange.cors_origin))
    return added


def switch_protocols(exchange: Exchange, reply: Reply) -> None:
    """The 101 of an upgrade; what follows is the tunnel's."""
    lines, noted = exchange.lane.plan.reply_headers.sort(reply.headers)
    lines += [b"Connection: Upgrade\r\n", *(b"Upgrade: %b\r\n" % value for name, value in noted if name == b"upgrade")]
    head = exchange.needles.scrub(b"".join((status_line(101, reply.reason), *lines)))
    _write(exchange, b"".join((head, _added(exchange), b"\r\n")))


def early(exchange: Exchange, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    """A 1xx reply of the API, 103 say, passed on at once (RFC 9110 §15.2)."""
    if exchange.request.version >= (1, 1) and exchange.request.transport is not None:
        lines, noted = exchange.lane.plan.reply_headers.sort(headers)
        lines += [_noted_line(exchange, name, value) for name, value in noted if name == b"link"]
        head = exchange.needles.scrub(b"".join(lines))
        _write(exchange, status_line(status, b"") + head + b"\r\n")


def fault(request: web.BaseRequest, error: Fault, cors_origin: str | None) -> web.StreamResponse:
    """An error of our own, as problem+json. The origin is the browser page's, if it may read the answer."""
    headers, body = _problem(error)
    return own(request, error.status, headers, PROBLEM, body, cors_origin)


def last_words(error: Fault) -> bytes:
    """The same, finished, for a connection that closes before anything was asked."""
    headers, body = _problem(error)
    headers += [("Content-Type", PROBLEM), ("Content-Length", str(len(body))), ("Connection", "close")]
    return status_line(error.status, b"") + encoded(headers) + b"\r\n" + body


def _problem(error: Fault) -> tuple[list[tuple[str, str]], bytes]:
    headers = [("X-Keyless-Error", error.code), *error.headers]
    if error.retry_after is not None or error.status in (429, 503):
        headers.append(("Retry-After", str(whole_seconds(error.retry_after or 1.0))))
    return headers, json.dumps(error.problem(), ensure_ascii=False).encode("utf-8") + b"\n"


def own(
    request: web.BaseRequest,
    status: int,
    headers: list[tuple[str, str]],
    content_type: str | None = None,
    body: bytes = b"",
    cors_origin: str | None = None,
) -> web.StreamResponse:
    """A whole reply of the proxy's own. A body that may still come, or never, makes the next request a guess."""
    keep_alive = request.keep_alive and request.version >= (1, 1) and request.content.is_eof()
    if content_type is not None:
        headers = [("Content-Type", content_type), ("Cache-Control", "no-store"), *headers]
    if status not in NO_BODY:
        headers.append(("Content-Length", str(len(body))))
    if cors_origin is not None:
        headers += cors.exposed(cors_origin)
    if not keep_alive:
        headers.append(("Connection", "close"))
    sent = b"" if request.method == "HEAD" else body
    if request.transport is not None and not request.transport.is_closing():
        request.transport.write(status_line(status, b"") + encoded(headers) + b"\r\n" + sent)
    return KEPT if keep_alive else CLOSED


def encoded(headers: list[tuple[str, str]] | cors.Headers) -> bytes:
    return b"".join(f"{name}: {value}\r\n".encode("latin-1", "replace") for name, value in headers)


def status_line(status: int, reason: bytes) -> bytes:
    line = _status_lines.get((status, reason))
    if line is None:
        line = b"HTTP/1.1 %d %b\r\n" % (status, reason or _phrase(status))
        if len(_status_lines) < _MEMO_BOUND:
            _status_lines[status, reason] = line
    return line


def _phrase(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode("ascii")
    except ValueError:
        return b""


def _is_text(content_type: bytes) -> bool:
    known = _texts.get(content_type)
    if known is None:
        known = is_text(content_type)
        if len(_texts) < _MEMO_BOUND:
            _texts[content_type] = known
    return known


def _write(exchange: Exchange, data: bytes) -> None:
    transport = exchange.request.transport
    if transport is None or transport.is_closing():
        raise ConnectionResetError("the client has gone")
    if data:
        transport.write(data)


def _abort(exchange: Exchange, framing: Framing) -> None:
    transport = exchange.request.transport
    if transport is None:
        return
    if framing.by_close:
        # The end of the connection would be the end of the body: only a reset tells that it isn't.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
