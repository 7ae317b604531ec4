"""A request to an API in the making, and what every way of putting a credential into it offers.

Owns: what of a request a credential may stand in, or be computed from. Must not know: HTTP/1.1's framing, routes, who
sends it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from proxy.auth.token import Token
from proxy.http.fields import Fields
from proxy.http.origin import Origin
from proxy.values.now import Now
from proxy.values.template import Template


class Draft:
    """All that the API will get but the framing of the body. A `Placing` may change whatever is assigned here.

    `base` is the upstream's path, exactly as configured; `rest` what the client's adds to it. `own_query` is the
    upstream's, `query` the client's, both without `?`; `lone` says that the client's is nothing but a `?`. `lines` are
    finished header lines, one or several in each. `cookie` is the value of that header. `presented` are headers of the
    client, by their names in lower case, in which credentials stand: they do not pass. `body` is there if
    `Placing.needs_body` asks for it. `clock` tells the time, for what is signed with it.
    """

    __slots__ = (
        "base",
        "body",
        "clock",
        "cookie",
        "lines",
        "lone",
        "method",
        "origin",
        "own_query",
        "presented",
        "query",
        "rest",
    )

    def __init__(self, method: str, origin: Origin, base: bytes, rest: bytes, lines: list[bytes]) -> None:
        self.method = method
        self.origin = origin
        self.base = base
        self.rest = rest
        self.own_query = self.query = b""
        self.lone = False
        self.lines = lines
        self.cookie: bytes | None = None
        self.presented: dict[bytes, bytes] = _NOTHING
        self.body: bytes | None = None
        self.clock: Callable[[], Now] = _no_time

    @property
    def target(self) -> bytes:
        """Path and query, as they go out."""
        path = self.base.rstrip(b"/") + self.rest if self.rest else self.base
        query = self.own_query
        if self.query:
            query = query + b"&" + self.query if query else self.query
        return path + b"?" + query if query or self.lone else path

    @property
    def fields(self) -> Fields:
        """The headers that `lines` hold."""
        pairs = (line.partition(b": ") for line in b"".join(self.lines).split(b"\r\n") if line)
        return [(name, value) for name, _, value in pairs]


_NOTHING: Final[dict[bytes, bytes]] = {}


def _no_time() -> Now:
    return Now(0.0, 0.0)


class Names(NamedTuple):
    """What a placing fills. Lower case: what a client sends there is dropped first, in any case and spelling."""

    headers: frozenset[bytes] = frozenset()
    query: frozenset[str] = frozenset()
    cookies: frozenset[str] = frozenset()


class Placing(Protocol):
    """One way of putting a provider's credential into a request. Immutable: decided at load."""

    @property
    def names(self) -> Names: ...

    @property
    def needs_body(self) -> bool:
        """It can't be done without the whole body."""

    def place(self, draft: Draft, token: Token) -> None:
        """Put it in. Raises ValueError, without the value, for a token that can't be sent so; Fault for a request that
        can't take it, or may not have it.
        """

    @property
    def places(self) -> dict[str, dict[str, str]]:
        """By kind, then by name: what is written there. It may be secret, but for a `masked` one's."""

    def masked(self, hide: Callable[[Template], str]) -> Placing:
        """The same places, in which stands what may be shown: `hide` says what of a text. No token changes that."""

    def carried(self, token: Token) -> tuple[str, ...]:
        """What is sent beside the token's text, and is as good as one."""
