"""Where a request may hold a client's key, in the order of docs/clients.md#where-may-a-key-stand.

Owns: the places, those that are a route's own included. Pure. Must not know: whose a key is (clients.py), how one is
written (readings.py).

At most `MOST` texts are looked at: a stranger who sends more of them pays for no further digest of ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from proxy.auth.jwks import JWT_BEGINS
from proxy.auth.placing.draft import Placing
from proxy.config.model.client import SHORTEST
from proxy.http.credentials import KEY_HEADERS
from proxy.http.fields import Fields
from proxy.plan.admission import readings, subprotocol
from proxy.values.record import record
from proxy.values.template import Template

MOST: Final = 8
LONGEST_BODY: Final = 1024 * 1024
"""In a longer one no key is looked for: it would be held in memory for somebody who has not shown one."""

_FIRST: Final = b"authorization"
_SECOND: Final = b"x-api-key"
_QUERY: Final = ("key", "api_key", "api-key", "apikey", "access_token", "token")
"""Where SDKs put a key, whatever the provider fills (Gemini's Live API: `?key=`)."""
_LONG: Final = re.compile(rb"[^&;=]{%d}" % SHORTEST)
"""Shorter texts are no key; to look for the names of parameters costs a microsecond."""
_JWT_BEGINS: Final = JWT_BEGINS.encode("ascii")
_FETCHING: Final = b"sec-fetch-"


@record
class KeySlots:
    """The places of one route: those of all routes, and those that its provider fills. Names are in lower case.

    `filled` are the parameters of the query that the provider fills.
    `json` are the keys that lead to each field. `path` matches what an SDK puts in front of its paths where the
    credential belongs there. `passed` are headers that go on as the client sent them. `token_call`
    is the path of the token call that a stand-in answers: any value of it may be the key. `prefix` is the route's name.
    """

    headers: frozenset[bytes] = frozenset(KEY_HEADERS)
    query: re.Pattern[bytes] = field(default=re.compile(rb"\Z\A"))
    filled: frozenset[str] = frozenset()
    cookies: frozenset[bytes] = frozenset()
    json: tuple[tuple[str, ...], ...] = ()
    form: re.Pattern[bytes] | None = None
    path: re.Pattern[bytes] | None = None
    passed: frozenset[bytes] = frozenset()
    token_call: bytes | None = None
    prefix: str = ""
    beside: Mapping[bytes, frozenset[bytes]] = field(default_factory=lambda: _beside(frozenset(KEY_HEADERS)))
    """By the header in which most keys stand, all others in which one may."""

    def __repr__(self) -> str:
        return f"<KeySlots of {self.prefix}>"

    @classmethod
    def compile(
        cls,
        prefix: str,
        placing: Placing | None = None,
        template: Template | None = None,
        token_call: bytes | None = None,
        *,
        cookies: bool = False,
        passed: frozenset[bytes] = frozenset(),
    ) -> KeySlots:
        """`template` is the upstream's path, where the credential stands in it; `cookies`: they pass."""
        places = {} if placing is None else placing.places
        filled = frozenset() if placing is None else placing.names.query
        form = places.get("form", {})
        headers = frozenset(KEY_HEADERS) | (frozenset() if placing is None else placing.names.headers - {_FIRST})
        return cls(
            headers,
            _parameters((*_QUERY, *filled)),
            filled,
            frozenset() if placing is None else frozenset(name.encode() for name in placing.names.cookies),
            tuple(tuple(name.split(".")) for name in places.get("json", {})),
            _parameters(form) if form else None,
            None if template is None else _path(template),
            passed,
            token_call,
            prefix,
            _beside(headers | {b"cookie"} if cookies or (placing is not None and placing.names.cookies) else headers),
        )

    def lone(self, known: dict[bytes, bytes], query: bytes) -> bytes | None:
        """The key of most requests: behind `Bearer` or in `X-Api-Key`, with nothing in any other place."""
        text = known.get(_FIRST)
        if text is not None:
            if text[:7] != b"Bearer " or not self.beside[_FIRST].isdisjoint(known):
                return None
            text = text[7:]
        else:
            text = known.get(_SECOND)
            if text is None or not self.beside[_SECOND].isdisjoint(known):
                return None
        if self.path is not None or (query and _LONG.search(query) is not None and self._shows(query, text)):
            return None
        return text

    def hidden(self, path: bytes) -> bytes:
        """A whole path for logs, with stars where a key stands in it, or may."""
        found = None if self.path is None else self.path.match(path, len(self.prefix.rstrip("/")))
        return path if found is None else path[: found.start(1)] + b"***" + path[found.end(1) :]

    def _shows(self, query: bytes, text: bytes) -> bool:
        """May another key stand in the query, or a copy of this one?"""
        return self.query.search(query) is not None or text in query or b"%" in query


def _beside(headers: frozenset[bytes]) -> Mapping[bytes, frozenset[bytes]]:
    every = headers | {_FIRST, subprotocol.LOWER}
    return {name: every - {name} for name in (_FIRST, _SECOND)}


def _parameters(names: Iterable[str]) -> re.Pattern[bytes]:
    """Captures the values of these in a query or form."""
    named = b"|".join(sorted(re.escape(name.lower().encode()) for name in set(names)))
    return re.compile(rb"(?:^|[&;])(?:%b)(?:\[\])?=([^&;]*)" % named, re.IGNORECASE)


def _path(template: Template) -> re.Pattern[bytes] | None:
    """Of `/bot{token}` what is sent as `/botKEY/getMe`; None for what is more than one text."""
    if len(template.names) != 1:
        return None
    before, behind = (re.escape(text.encode("utf-8")) for text in template.literals)
    return re.compile(rb"%b([^/]+)%b(?=/|\Z)" % (before, behind.rstrip(b"/")))


class KeyPlaces:
    """Those of one request. `known` are headers by lower case names, `fields` all of them; `query` is raw, `rest` the
    path below the prefix. `body` is there once it was worth reading.
    """

    __slots__ = ("body", "fields", "known", "query", "rest", "slots")

    def __init__(
        self, known: Mapping[bytes, bytes], slots: KeySlots, fields: Fields, rest: bytes = b"", query: bytes = b""
    ) -> None:
        self.known = known
        self.slots = slots
        self.fields = fields
        self.rest = rest
        self.query = query
        self.body: bytes | None = None

    def __repr__(self) -> str:
        return "<KeyPlaces>"  # keys stand in them

    def texts(self) -> Iterator[bytes]:
        """All that may be a key. The first is found without a look at the others."""
        known, slots = self.known, self.slots
        if b"authorization" in known:
            yield from readings.of_header(known[b"authorization"])
        for name in known:
            if name in slots.headers:
                yield from readings.of_header(known[name])
        if self.query:
            yield from self._in_query()
        if slots.cookies and b"cookie" in known:
            yield from self._in_cookies(known[b"cookie"])
        if slots.path is not None and (found := slots.path.match(self.rest)) is not None:
            yield unquote_to_bytes(found[1])
        if self.body:
            yield from self._in_body(self.body)
        if subprotocol.LOWER in known and (key := subprotocol.presented_key(known[subprotocol.LOWER])) is not None:
            yield key

    def token(self) -> bytes | None:
        """What looks like an access token: only in `Authorization: Bearer` and in key headers one counts."""
        bearer = readings.bearer(self.known.get(b"authorization", b""))
        if bearer is not None and bearer.startswith(_JWT_BEGINS):
            return bearer
        for name, value in self.known.items():
            if name in self.slots.headers and value.startswith(_JWT_BEGINS):
                return value
        return None

    @property
    def is_token_call(self) -> bool:
        return self.slots.token_call is not None and self.rest == self.slots.token_call

    @property
    def wants_body(self) -> bool:
        """May the key stand in the body, and is that worth reading?"""
        if self.body is not None or not (self.slots.json or self.slots.form or self.is_token_call):
            return False
        names = {name.lower(): value for name, value in self.fields}
        length = names.get(b"content-length")
        return b"transfer-encoding" in names if length is None else 0 < int(length) <= LONGEST_BODY

    def _in_query(self) -> Iterator[bytes]:
        if self.is_token_call:
            yield from _values(self.query)
        for value in self.slots.query.findall(self.query):
            yield from readings.of_parameter(value)

    def _in_cookies(self, cookies: bytes) -> Iterator[bytes]:
        """Not of a web page: cookies go along unasked, and to all ports of localhost."""
        names = [name.lower() for name, _ in self.fields]
        if b"origin" in names or any(name.startswith(_FETCHING) for name in names):
            return
        for piece in cookies.split(b";"):
            name, _, value = piece.strip().partition(b"=")
            if name.lower() in self.slots.cookies:
                yield value.strip(b'"')

    def _in_body(self, body: bytes) -> Iterator[bytes]:
        if body.lstrip()[:1] == b"{":
            yield from map(_encoded, self._in_json(body))
        elif self.is_token_call:
            yield from _values(body)
        elif self.slots.form is not None:
            for value in self.slots.form.findall(body):
                yield from readings.of_parameter(value)

    def _in_json(self, body: bytes) -> list[str]:
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            return []
        if self.is_token_call:
            return [value for value in document.values() if isinstance(value, str)]
        return [text for keys in self.slots.json if isinstance(text := _led_to(document, keys), str)]


def _values(query: bytes) -> Iterator[bytes]:
    for pair in query.strip().split(b"&"):
        yield from readings.of_parameter(pair.partition(b"=")[2])


def _led_to(document: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
