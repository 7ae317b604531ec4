"""Writes the API's replies to clients, chunk by chunk.

Owns: framing towards the client, and what is added to or taken from a reply (docs/sdks.md#which-headers-pass). Must not
know: how the reply was got.
"""

from __future__ import annotations

from itertools import product
from typing import Final

from proxy.errors import Fault
from proxy.http.fields import NO_BODY, Fields, named_by_connection, without
from proxy.http.memo import Bound, remember
from proxy.plan import cors
from proxy.plan.admission import subprotocol
from proxy.plan.headers import LINKING, OF_CONTENT
from proxy.plan.replies.passed import passed
from proxy.plan.replies.rewrite import OF_THE_BYTES, Changing
from proxy.plan.replies.scrub import Scrubber
from proxy.serve.cache.lookup import Lookup
from proxy.serve.exchange import Exchange
from proxy.serve.upstream import Broken, Reply, Stalled
from proxy.wire.inbound.problem import encoded, status_line
from proxy.wire.inbound.request import Request

_ORIGINS: Final = Bound(most=256, longest=256)
_readable: Final[dict[str, bytes]] = {}
"""The lines that let a page of this origin read a reply."""
_ADVICE: Final = frozenset((b"x-should-retry",))
_LENGTH: Final = frozenset((b"content-length",))


_DOCUMENTS: Final = frozenset((b"document", b"iframe", b"frame", b"embed", b"object"))
_SANDBOX: Final = b"Content-Security-Policy: sandbox allow-scripts\r\n"
"""A page of the API's that a browser opens through the proxy would be of one origin with the proxy's own."""


class Framing:
    """How the body of a reply is delimited: by length, by chunks, or by the end of the connection. Sixteen in all."""

    __slots__ = ("by_close", "chunked", "empty", "keep_alive", "lines", "sized")

    def __init__(self, empty: bool, sized: bool, modern: bool, wanted_alive: bool) -> None:
        self.empty = empty
        self.sized = sized
        self.chunked = modern and not sized and not empty
        self.by_close = not (sized or self.chunked or empty)
        self.keep_alive = wanted_alive and modern and not self.by_close
        coding = b"Transfer-Encoding: chunked\r\n" if self.chunked else b""
        self.lines = coding if self.keep_alive else coding + b"Connection: close\r\n"

    def wrap(self, data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data), data) if self.chunked and data else data

    def end(self, trailers: bytes) -> bytes:
        return b"0\r\n%b\r\n" % trailers if self.chunked else b""


_FRAMINGS: Final = [Framing(*known) for known in product((False, True), repeat=4)]


def framing_of(request: Request, empty: bool, sized: bool) -> Framing:
    place = (8 if empty else 0) + (4 if sized else 0) + (2 if request.modern else 0) + (1 if request.keep_alive else 0)
    framing = _FRAMINGS[place]  # compiled, a key of four would be boxed
    if not framing.keep_alive:
        request.last()
    return framing


def whole(exchange: Exchange, reply: Reply) -> None:
    """Pass a complete reply on, in one write. Raises ConnectionResetError when the client has gone."""
    theirs, framing, readable, urls = _head(exchange, reply)
    data = reply.take()
    if readable:
        theirs, data = exchange.needles.scrub_both(theirs, data)
    else:
        theirs = exchange.needles.scrub(theirs)
    if urls is not None:
        data = urls.feed(data) + urls.end()
    reply.close()
    if framing.empty:
        data = b""
    if exchange.lookup is not None:
        _kept(exchange, exchange.lookup, reply, theirs, framing)
        exchange.lookup.feed(data)
        exchange.lookup.end()
    if framing.chunked:
        data = framing.wrap(data) + framing.end(_trailers(exchange, reply, urls is not None))
    exchange.request.connection.answer(b"%b%b%b\r\n%b" % (theirs, added(exchange), framing.lines, data))


async def stream(exchange: Exchange, reply: Reply) -> bool:
    """Pass the API's reply on as it comes. False where it broke off. Raises ConnectionResetError when the client has
    gone.
    """
    theirs, framing, readable, urls = _head(exchange, reply)
    theirs = exchange.needles.scrub(theirs)
    if exchange.lookup is not None:
        _kept(exchange, exchange.lookup, reply, theirs, framing)
    scrubber = exchange.needles.stream() if readable and exchange.needles else None
    client = exchange.request.connection
    broken = False
    try:
        client.answer(b"%b%b%b\r\n" % (theirs, added(exchange), framing.lines))
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
        broken = True
    rest = _held(scrubber, urls)
    if broken:
        # The head is out: an honest end is impossible, so the client must see a broken connection (docs/traps.md 28).
        _write(exchange, framing.wrap(rest))
        await _cut(exchange, framing)
        return False
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
    """What passes of the head and may hold secrets, how the body is framed, whether it can be searched for them too,
    and what rewrites it.
    """
    plan, request = exchange.plan, exchange.request
    headers, lines = reply.headers, reply.lines
    if exchange.hopeless:
        headers, lines = without(headers, _ADVICE), None
    if reply.status == 204 and any(name.lower() == b"content-length" for name, _ in headers):
        headers, lines = without(headers, _LENGTH), None  # RFC 9110 §8.6: some parsers would wait for so much
    urls: Changing | None = None
    empty = exchange.method == "HEAD" or reply.status in NO_BODY
    if plan.rewrite is not None and not empty:
        rewriting = plan.rewrite.begin(reply.status, headers, exchange.own_url)
        if rewriting is not None:
            (headers, urls), lines = rewriting, None
    through = passed(plan, headers, lines)
    theirs = status_line(reply.status, reply.reason) + through.lines
    for name, value in through.links:
        theirs += _link_line(exchange, name, value)
    framing = framing_of(request, empty, through.sized)
    return theirs, framing, through.readable, urls


def _kept(exchange: Exchange, lookup: Lookup, reply: Reply, theirs: bytes, framing: Framing) -> None:
    """The head, in the route's cache."""
    wall = exchange.times.wall + exchange.times.first_byte
    lookup.begin(reply.status, reply.headers, theirs, framing.sized, wall, refused=exchange.refused)


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
    if exchange.hopeless:
        added += b"X-Should-Retry: false\r\n"
    if exchange.head.facts.get(b"sec-fetch-dest") in _DOCUMENTS and exchange.plan.provider is not None:
        added += _SANDBOX
    if exchange.lookup is not None:
        added += exchange.lookup.line
    if exchange.cors_origin is not None and exchange.plan.cors:
        added += _exposed(exchange.cors_origin)
    return added


def _exposed(origin: str) -> bytes:
    lines = _readable.get(origin)
    if lines is None:
        return remember(_readable, origin, encoded(cors.exposed(origin)), len(origin), _ORIGINS)
    return lines


def switch_protocols(exchange: Exchange, reply: Reply) -> None:
    """The 101 of an upgrade; what follows is the tunnel's."""
    upgrades = [b"Upgrade: %b\r\n" % value for name, value in reply.headers if name.lower() == b"upgrade"]
    lines = [*_unnoted(exchange, reply.headers), b"Connection: Upgrade\r\n", *upgrades]
    lines.append(subprotocol.answered(exchange.head.facts.get(subprotocol.LOWER), reply.headers))
    head = exchange.needles.scrub(status_line(101, reply.reason) + b"".join(lines))
    exchange.request.connection.answer(b"%b%b\r\n" % (head, added(exchange)))


class Early:
    """Passes 1xx replies of the API on at once, 103 say (RFC 9110 §15.2)."""

    __slots__ = ("_exchange",)

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def replied(self, status: int, headers: Fields) -> None:
        exchange = self._exchange
        if exchange.request.modern:
            lines = _unnoted(exchange, headers)
            lines += [_link_line(exchange, b"link", value) for name, value in headers if name.lower() == b"link"]
            head = exchange.needles.scrub(b"".join(lines))
            exchange.request.connection.hint(status_line(status, b"") + head + b"\r\n")


def _write(exchange: Exchange, data: bytes) -> None:
    if data:
        exchange.request.connection.write(data)


async def _cut(exchange: Exchange, framing: Framing) -> None:
    """What was written still goes out. Of a body that the connection ends, the end would be taken for a whole."""
    exchange.request.last()
    if framing.by_close:
        await exchange.request.connection.cut_short()
