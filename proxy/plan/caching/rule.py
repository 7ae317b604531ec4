"""May this reply be kept, and for how long (RFC 9111 §3, §4.2)?

Owns: the answer, for one route. Must not know: requests, where replies are kept, clocks.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from proxy.config.model import Cache, Config
from proxy.http.fields import Fields
from proxy.plan.caching.directives import Directives, date, joined, seconds
from proxy.values.record import record

LONGEST_BODY: Final = 1024 * 1024
"""Bytes. A longer reply passes by, and so does a reply to a longer request."""
_ENDLESS: Final = (b"text/event-stream", b"multipart/x-mixed-replace")


class Term(NamedTuple):
    """Seconds. `age` is that of the reply as it came; it holds until it is `lifetime` old; where `strict`, not a second
    longer, whatever happens.
    """

    lifetime: float
    age: float
    strict: bool


@record
class CacheRule:
    """`ttl`: seconds, where the reply says nothing. `shared`: whoever asks, nobody knows who it is."""

    ttl: float
    methods: frozenset[str]
    shared: bool

    @classmethod
    def compile(cls, cache: Cache | None, config: Config) -> CacheRule | None:
        """With `anyone: true`, nobody can tell whose a private reply is."""
        if cache is None:
            return None
        return cls(cache.ttl, frozenset(cache.methods), config.anyone and not config.clients)

    def term(self, status: int, headers: Fields, wall: float) -> Term | str:
        """For how long it may be kept, or why it may not, in a word. `wall` is when it came, in Unix seconds."""
        control = Directives(joined(headers, b"cache-control"))
        why = _never(status, headers) or self._forbidden(control)
        if why:
            return why
        told = self._told(control, headers, wall)
        age = seconds(joined(headers, b"age"))
        if told is not None and (sent := date(headers, b"date")) is not None:
            age = max(age, wall - sent)  # what has been on its way for a while is older than it says (§4.2.3)
        lifetime = self.ttl if told is None else told
        if age >= lifetime:
            return "stale"
        return Term(lifetime, age, b"must-revalidate" in control or (self.shared and b"proxy-revalidate" in control))

    def _forbidden(self, control: Directives) -> str:
        if b"no-store" in control or not control.sound:
            return "no-store"
        if b"no-cache" in control:
            return "no-cache"
        return "private" if self.shared and b"private" in control else ""

    def _told(self, control: Directives, headers: Fields, wall: float) -> float | None:
        """Seconds from when the API made it; None where it says nothing. Each client has a cache of its own, for which
        `s-maxage` is not meant.
        """
        if self.shared and (said := control.seconds(b"s-maxage")) is not None:
            return said
        if (said := control.seconds(b"max-age")) is not None:
            return said
        if not joined(headers, b"expires"):
            return None
        ends, sent = date(headers, b"expires"), date(headers, b"date")
        return 0.0 if ends is None else max(0.0, ends - (wall if sent is None else sent))


def _never(status: int, headers: Fields) -> str:
    if status != 200:
        return "status"
    if any(name.lower() == b"set-cookie" for name, _ in headers):
        return "set-cookie"
    if b"*" in names_of_vary(headers):
        return "vary"
    kind = joined(headers, b"content-type").lower().strip()
    return "stream" if kind.startswith(_ENDLESS) else ""


def names_of_vary(headers: Fields) -> tuple[bytes, ...]:
    """In lower case, each once."""
    names = (name.strip().lower() for name in joined(headers, b"vary").split(b","))
    return tuple(sorted({name for name in names if name}))
