"""Writes the API's replies to clients, chunk by chunk.

Owns: framing towards the client, and what is added to or taken from a reply (docs/sdks.md#which-headers-pass). Must not
know: how the reply was got.
"""

from __future__ import annotations

from itertools import product
from typing import Final

from proxy.errors import Fault
from proxy.http.fields import Fields, named_by_connection, without
from proxy.http.memo import Bound, remember
from proxy.plan import cors
from proxy.plan.admission import subprotocol
from proxy.plan.headers import LINKING, OF_CONTENT
from proxy.plan.replies.rewrite import OF_THE_BYTES, Changing
from proxy.plan.replies.scrub import Scrubber, is_text
from proxy.plan.route import RoutePlan
from proxy.serve.exchange import DEAD, Exchange
from proxy.serve.upstream import Broken, Reply, Stalled
from proxy.wire.inbound.own import NO_BODY
from proxy.wire.inbound.problem import encoded, status_line
from proxy.wire.inbound.request import Request

_COMPRESSED: Final = frozenset(b"gzip x-gzip deflate compress x-compress br zstd dcb dcz".split())
"""All of IANA's that hide text. Others stand there by mistake (`utf-8`, `none`), and clients read the body as it is."""
_ADVICE: Final = frozenset((b"x-should-retry",))
_TYPES: Final = Bound(most=512, longest=256)
_texts: Final[dict[bytes, bool]] = {}


_DOCUMENTS: Final = frozenset((b"document", b"iframe", b"frame", b"embed", b"object"))
_SANDBOX: Final = b"Content-Security-Policy: sandbox allow-scripts\r\n"
"""A page of the API's that a browser opens through the proxy would be of one origin with the proxy's own."""


class Framing:
    """How the body of a reply is delimited: by length, by chunks, or by the end of the connection. Sixteen in all."""

    __slots__ = ("by_close", "chunked", "empty", "keep_alive", "lines")

    def __init__(self, empty: bool, sized: bool, modern: bool, wanted_alive: bool) -> None:
        self.empty = empty
        self.chunked = modern and not sized and not empty
        self.by_close = not (sized or self.chunked or empty)
        self.keep_alive = wanted_alive and modern and not self.by_close
        coding = b"Transfer-Encoding: chunked\r\n" if self.chunked else b""
        self.lines = coding if self.keep_alive else coding + b"Connection: close\r\n"

    def wrap(self, data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data), data) if self.chunked and data else data

    def end(self, trailers: bytes) -> bytes:
        return b"0\r\n%b\r\n" % trailers if self.chunked else b""


_FRAMINGS: Final = {known: Framing(*known) for known in product((False, True), repeat=4)}


def framing_of(request: Request, empty: bool, sized: bool) -> Framing:
    framing = _FRAMINGS[empty, sized, request.modern, request.keep_alive]
    if not framing.keep_alive:
        request.last()
    return framing


def whole(exchange: Exchange, reply: Reply) -> None:
    """Pass a complete reply on, in one write. Raises ConnectionResetError when the client has gone."""
    head, framing, readable, urls = _head(exchange, reply)
    data = exchange.needles.scrub(reply.take()) if readable else reply.take()
    if urls is not None:
        data = urls.feed(data) + urls.end()
    reply.close()
    if framing.empty:
        data = b""
    if exchange.lookup is not None:
        exchange.lookup.feed(data)
        exchange.lookup.end()
    if framing.chunked:
        data = framing.wrap(data) + framing.end(_trailers(exchange, reply, urls is not None))
    exchange.request.connection.answer(head + data)


async def stream(exchange: Exchange, reply: Reply) -> bool:
    """Pass the API's reply on as it comes. False where it broke off. Raises ConnectionResetError when the client has
    gone.
    """
    head, framing, readable, urls = _head(exchange, reply)
    scrubber = exchange.needles.stream() if readable and exchange.needles else None
    client = exchange.request.connection
    try:
        client.answer(head)
        while data := await reply.read():
            if scrubber is not None:
                data = scrubber.feed(data)
            if urls is not None:
                data = urls.feed(data)
            if data:
                if exchange.lookup is not None:
                    exchange.lookup.feed(data)
                _write(exchange, framing.wrap(data))
                await client.drain()
    except (Broken, Stalled, Fault):
        # The head is out: an honest end is impossible, so the client must see a broken connection (docs/traps.md 28).
        _write(exchange, framing.wrap(_held(scrubber, urls)))
        _cut(exchange, framing)
        return False
    rest = _held(scrubber, urls)
    if exchange.lookup is not None:
        exchange.lookup.feed(rest)
        exchange.lookup.end()
    _write(exchange, framing.wrap(rest) + framing.end(_trailers(exchange, reply, urls is not None)))
    return True


def _held(scrubber: Scrubber | None, urls: Changing | None) -> bytes:
    """What waits of a body that has come to its end."""
    rest = b"" if scrubber is None else scrubber.end()
    return rest if urls is None else urls.feed(rest) + urls.end()


def _trailers(exchange: Exchange, reply: Reply, rewritten: bool) -> bytes:
    """What could stand in the head may stand here, but for what frames or decides (RFC 9110 §6.5.1)."""
    if not reply.trailers:
        return b""
    trailers = without(reply.trailers, OF_THE_BYTES) if rewritten else reply.trailers
    return exchange.needles.scrub(b"".join(_unnoted(exchange, trailers)))


def _unnoted(exchange: Exchange, headers: Fields) -> list[bytes]:
    """Of a head without content."""
    dropped = OF_CONTENT.union(
        *(named_by_connection(value) for name, value in headers if name.lower() == b"connection")
    )
    lines, _ = exchange.plan.reply_headers.sort(without(headers, dropped))
    return lines


def _head(exchange: Exchange, reply: Reply) -> tuple[bytes, Framing, bool, Changing | None]:
    """The finished head, how the body is framed, whether it can be searched for secrets, and what rewrites it."""
    plan, request = exchange.plan, exchange.request
    headers = without(reply.headers, _ADVICE) if exchange.skipped == DEAD else reply.headers
    urls: Changing | None = None
    empty = exchange.method == "HEAD" or reply.status in NO_BODY
    if plan.rewrite is not None and not empty:
        rewriting = plan.rewrite.begin(reply.status, headers, exchange.own_url)
        if rewriting is not None:
            headers, urls = rewriting
    lines, links, sized, readable = passed(plan, headers)
    for name, value in links:
        lines.append(_link_line(exchange, name, value))
    framing = framing_of(request, empty, sized)
    theirs = exchange.needles.scrub(status_line(reply.status, reply.reason) + b"".join(lines))
    if exchange.lookup is not None:
        wall = exchange.times.wall + exchange.times.first_byte
        exchange.lookup.begin(reply.status, reply.headers, theirs, sized, wall, refused=exchange.refused)
    return b"%b%b%b\r\n" % (theirs, added(exchange), framing.lines), framing, readable, urls


def passed(plan: RoutePlan, headers: Fields) -> tuple[list[bytes], Fields, bool, bool]:
    """Of a reply: the lines that pass, fields to be turned to the proxy's URLs, whether the length is told, and whether
    the body can be searched for secrets."""
    lines, noted = plan.reply_headers.sort(headers)
    links = []
    sized = coded = False
    text: bool | None = None  # what says nothing of itself is shown as text by most
    for name, value in noted:
        if name == b"content-length":
            sized = True
        elif name == b"content-type":
            text = bool(text) or _is_text(value) or plan.scrub == "strict"
        elif name == b"content-encoding":
            coded = coded or not _COMPRESSED.isdisjoint(value.lower().replace(b" ", b"").split(b","))
        elif name == b"connection":
            named = named_by_connection(value)
            if named and (named := named - OF_CONTENT):  # what frames the body is never one hop's alone
                return passed(plan, without(headers, named | {name}))
        elif name in LINKING and name not in plan.reply_edited:
            links.append((name, value))
    return lines, links, sized, text is not False and not coded and plan.scrub != "headers"


def _link_line(exchange: Exchange, name: bytes, value: bytes) -> bytes:
    links = exchange.plan.links
    localise = links.localise_link if name == b"link" else links.localise
    return b"%b: %b\r\n" % (LINKING[name], localise(value, exchange.own_url, exchange.way.rest))


def added(exchange: Exchange) -> bytes:
    """What this proxy says for itself in a reply of the API."""
    added = exchange.plan.set_reply_headers + exchange.quota
    if exchange.attempts > 1:
        added += b"X-Keyless-Attempts: %d\r\n" % exchange.attempts
    if exchange.skipped is not None:
        added += b"X-Keyless-Replay: skipped; reason=%b\r\n" % exchange.skipped.encode("ascii")
        if exchange.skipped == DEAD:
            added += b"X-Should-Retry: false\r\n"
    if exchange.head.facts.get(b"sec-fetch-dest") in _DOCUMENTS and exchange.plan.provider is not None:
        added += _SANDBOX
    if exchange.lookup is not None:
        added += exchange.lookup.line
    if exchange.cors_origin is not None and exchange.plan.cors:
        added += encoded(cors.exposed(exchange.cors_origin))
    return added


def switch_protocols(exchange: Exchange, reply: Reply) -> None:
    """The 101 of an upgrade; what follows is the tunnel's."""
    upgrades = [b"Upgrade: %b\r\n" % value for name, value in reply.headers if name.lower() == b"upgrade"]
    lines = [*_unnoted(exchange, reply.headers), b"Connection: Upgrade\r\n", *upgrades]
    lines.append(subprotocol.answered(exchange.head.facts.get(subprotocol.LOWER), reply.headers))
    head = exchange.needles.scrub(status_line(101, reply.reason) + b"".join(lines))
    exchange.request.connection.answer(b"%b%b\r\n" % (head, added(exchange)))


def early(exchange: Exchange, status: int, headers: Fields) -> None:
    """A 1xx reply of the API, 103 say, passed on at once (RFC 9110 §15.2)."""
    if exchange.request.modern:
        lines = _unnoted(exchange, headers)
        lines += [_link_line(exchange, b"link", value) for name, value in headers if name.lower() == b"link"]
        head = exchange.needles.scrub(b"".join(lines))
        exchange.request.connection.hint(status_line(status, b"") + head + b"\r\n")


def _is_text(content_type: bytes) -> bool:
    known = _texts.get(content_type)
    if known is None:
        return remember(_texts, content_type, is_text(content_type), len(content_type), _TYPES)
    return known


def _write(exchange: Exchange, data: bytes) -> None:
    if data:
        exchange.request.connection.write(data)


def _cut(exchange: Exchange, framing: Framing) -> None:
    """What was written still goes out, but for a body that the connection ends: its end would be taken for a whole."""
    exchange.request.last()
    if framing.by_close:
        exchange.request.connection.reset()
