"""A request, as a cache looks at it: what it is asked for, and what the client wishes of it (RFC 9111 §5.2.1).

Owns: which requests go by the cache, and the key of the others. Must not know: replies, where they are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import field
from typing import Final, NamedTuple

from proxy.http.fields import Fields
from proxy.plan.caching.directives import Directives, joined
from proxy.plan.headers import METHOD_OVERRIDES
from proxy.values.record import record

_PRECONDITIONS: Final = (b"if-match", b"if-unmodified-since", b"if-range")
"""For the API alone to judge."""
_ALWAYS: Final = (b"accept", b"accept-encoding", b"content-type", b"content-encoding", b"origin")
"""Varied by, whether the reply says so or not: many APIs forget to, and not every client reads every coding."""


class Wish(NamedTuple):
    """`fresh`: what the API says now is wanted. `oldest`: seconds, of a reply; `least`: how long it must still hold.
    `only`: no answer rather than one of the API.
    """

    fresh: bool = False
    oldest: float = float("inf")
    least: float = 0.0
    only: bool = False


@record
class Asked:
    """`url` is as the client sees it, without its key; `client` is a name, None for nobody. `place` says which route
    and which credential answer.
    """

    method: str
    url: bytes = field(repr=False)
    fields: Fields = field(repr=False)
    client: str | None
    place: bytes

    def bypasses(self) -> str:
        """Why the cache is not for this request, in a word; "" if it is. What it may ask for at all says the route."""
        names = {name.lower() for name, _ in self.fields}
        if b"range" in names:
            return "range"
        if b"upgrade" in names:
            return "upgrade"
        if not names.isdisjoint(METHOD_OVERRIDES):
            return "override"
        if not names.isdisjoint(_PRECONDITIONS):
            return "condition"
        return "no-store" if b"no-store" in self._control else ""

    def wish(self) -> Wish:
        control = self._control
        oldest = control.seconds(b"max-age")
        fresh = b"no-cache" in control or b"must-revalidate" in control or oldest == 0.0 or not control.sound
        if not joined(self.fields, b"cache-control"):
            fresh = b"no-cache" in Directives(joined(self.fields, b"pragma"))
        unbounded = float("inf") if oldest is None else oldest
        return Wish(fresh, unbounded, control.seconds(b"min-fresh") or 0.0, b"only-if-cached" in control)

    @property
    def _control(self) -> Directives:
        return Directives(joined(self.fields, b"cache-control"))

    def key(self, body: bytes) -> bytes:
        """Of all replies to this; which one, is a matter of `variant`."""
        who = b"" if self.client is None else b"=" + self.client.encode("utf-8")
        always = [joined(self.fields, name) for name in _ALWAYS]
        content = hashlib.sha256(body).digest()
        return _digest((who, self.place, self.method.encode("ascii"), self.url, content, *always))

    def variant(self, key: bytes, names: Iterable[bytes]) -> bytes:
        """By what the reply's `Vary` names (RFC 9111 §4.1)."""
        return _digest((key, *(part for name in names for part in (name, joined(self.fields, name)))))


def ancestors(path: bytes) -> list[bytes]:
    """The path and those above it: what a write below a collection changes, too."""
    parts = path.rstrip(b"/").split(b"/")
    return [b"/".join(parts[:count]) for count in range(len(parts), 1, -1)]


def _digest(parts: Iterable[bytes]) -> bytes:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(b"%d:%b" % (len(part), part))  # with its length: no two lists are one text
    return whole.digest()
