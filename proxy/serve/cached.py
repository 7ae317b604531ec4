"""What a route with a cache does for a request: looks, answers, keeps.

Owns: which requests of an exchange go by the cache, and the answer from it. Must not know: what may be kept.
"""

from __future__ import annotations

from proxy.plan.caching.asked import Asked
from proxy.plan.caching.kept import Kept
from proxy.plan.caching.rule import LONGEST_BODY
from proxy.serve.answer import added, framing_of
from proxy.serve.body import Body
from proxy.serve.cache.lookup import Cache, Lookup
from proxy.serve.exchange import Exchange
from proxy.wire.inbound.problem import status_line


async def looked_up(exchange: Exchange, max_body: int | None) -> tuple[Lookup, Body | None]:
    """What there is, and the request's body, if it had to be read for that. Raises Fault."""
    way, body, cache = exchange.way, exchange.body, exchange.lane.cache
    assert cache is not None  # noqa: S101 -- for the type checker
    url = exchange.own_url + way.path + (b"?" + way.query if way.query or way.lone else b"")
    client = None if exchange.client is None else exchange.client.name
    login = _login(exchange)
    place = cache.place if not login else cache.place + b"\0" + login.encode("utf-8")
    asked = Asked(exchange.method, url, exchange.request.fields, client, place)
    lookup = Lookup(cache, asked, way.path)
    why = _not_ours(exchange, cache) or asked.bypasses()
    if not why and exchange.head.framed and body is None:
        if not _is_short(exchange):
            why = "body"
        else:
            body = await Body.of(exchange.request, exchange.plan.replay_max_body, max_body, whole=True)
    if why:
        lookup.bypass(why)
    else:
        await lookup.search((body.whole if body is not None else None) or b"", exchange.times.wall)
    return lookup, body


def _not_ours(exchange: Exchange, cache: Cache) -> str:
    """What the route has decided, or goes along of the client's own."""
    if cache.rule is None:
        return "the route has no `cache`"
    if exchange.method not in cache.rule.methods:
        return "method"
    if exchange.beside:
        return "pass"
    if _login(exchange) is None:
        return "nobody is logged in" if cache.offline else "login"
    return "cookie" if exchange.plan.cookies and b"cookie" in exchange.head.facts else ""


def _login(exchange: Exchange) -> str | None:
    """What was got for one account answers no other."""
    cell = exchange.lane.cell
    return "" if cell is None else cell.login


def _is_short(exchange: Exchange) -> bool:
    """A body of unknown length may be any."""
    said = exchange.request.header(b"content-length")
    return said is not None and int(said) <= LONGEST_BODY


def answer_with(exchange: Exchange, kept: Kept) -> int:
    """Its status. Raises ConnectionResetError when the client has gone."""
    request = exchange.request
    unchanged = kept.unchanged(request.fields)
    head, body = kept.head, b"" if exchange.method == "HEAD" or unchanged else kept.body
    if unchanged:
        head = status_line(304, b"") + _of_content(head)
    elif not kept.sized and exchange.method != "HEAD":
        head += b"Content-Length: %d\r\n" % len(kept.body)
    if not request.complete:
        request.last()
    framing = framing_of(request, empty=not body, sized=True)
    about = b"Age: %d\r\n" % int(kept.age(exchange.times.wall))
    exchange.request.connection.answer(b"%b%b%b%b\r\n%b" % (head, about, added(exchange), framing.lines, body))
    return 304 if unchanged else 200


def _of_content(head: bytes) -> bytes:
    """Its lines without those that tell of a body (RFC 9110 §15.4.5), nor its status line."""
    lines = head.split(b"\r\n")[1:]
    return b"\r\n".join(line for line in lines if not line.lower().startswith((b"content-length:", b"content-type:")))
