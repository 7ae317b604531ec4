"""What an algorithm is given, and what it gives back.

Owns: the shapes. Must not know: any algorithm, drafts, routes. Texts are the wire's bytes as Latin-1, so that a digest
is over exactly what is sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import field
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from proxy.auth.signing.canonical import derived
from proxy.values.record import record

UNSIGNED = "UNSIGNED-PAYLOAD"
_DAYS_KEPT = 32


@record
class Keys:
    """Of one account, and what they are used for in this request."""

    access: str
    secret: str = field(repr=False)
    session: str | None = field(default=None, repr=False)
    region: str = ""
    service: str = ""
    _derived: dict[tuple[str, ...], bytes] = field(default_factory=dict, repr=False, compare=False)

    def derived(self, prefix: str, *steps: str) -> bytes:
        """A key for one day, region and service; it is made once, and those of earlier days are not kept for long."""
        key = self._derived.get((prefix, *steps))
        if key is None:
            if len(self._derived) >= _DAYS_KEPT:
                self._derived.clear()
            key = self._derived[prefix, *steps] = derived(prefix + self.secret, *steps)
        return key


class Moment(NamedTuple):
    """`wall` is Unix time; `nonce` gives a text that was never used before."""

    wall: float
    nonce: Callable[[], str]

    @property
    def compact(self) -> str:
        """20260102T030405Z"""
        return _written(int(self.wall)).compact

    @property
    def iso(self) -> str:
        """2026-01-02T03:04:05Z"""
        return _written(int(self.wall)).iso

    @property
    def http(self) -> str:
        """As in the header Date (RFC 9110 §5.6.7), whatever the machine's language."""
        now = datetime.fromtimestamp(int(self.wall), UTC)
        day, month = _DAYS[now.weekday()], _MONTHS[now.month - 1]
        return f"{day}, {now.day:02} {month} {now.year} {now.hour:02}:{now.minute:02}:{now.second:02} GMT"


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class _Written(NamedTuple):
    compact: str
    iso: str


@lru_cache(maxsize=2)
def _written(second: int) -> _Written:
    """Signed in one second are many."""
    now = datetime.fromtimestamp(second, UTC)
    return _Written(now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y-%m-%dT%H:%M:%SZ"))


class Signable(NamedTuple):
    """A request as it goes out. `headers` have names in lower case, without Host; path and query are as on the wire.

    `body` is None where it was not read: then the digest is without it. `signed` are the headers that the client's SDK
    signed, None where it did not say; `()` asks for a vendor's own default set, unnamed.
    """

    method: str
    host: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes | None
    signed: tuple[str, ...] | None = None

    def __repr__(self) -> str:
        return f"<Signable {self.method}>"  # targets, headers and bodies may hold secrets

    def header(self, name: str) -> str | None:
        return next((value for known, value in self.headers if known == name), None)

    @property
    def body_hash(self) -> str | None:
        return None if self.body is None else hashlib.sha256(self.body).hexdigest()

    def chosen(self, ours: dict[str, str], usual: Callable[[str], bool]) -> dict[str, str]:
        """The headers to sign, by name, sorted: Host, `ours` and what the SDK signed, or else what is `usual`.

        Those that came several times are joined (RFC 9110 §5.3).
        """
        named = self.signed
        found = {"host": self.host} | ours
        for name, value in self.headers:
            if name not in ours and (usual(name) if not named else name in named):
                found[name] = f"{found[name].strip()},{value.strip()}" if name in found else value
        return dict(sorted(found.items()))


class Signed(NamedTuple):
    """What is added: headers, and encoded pairs of the query. `body` is all of it, where something was put in."""

    headers: dict[str, str]
    query: str = ""
    body: bytes | None = None

    def __repr__(self) -> str:
        return "<Signed>"


@record
class Algorithm:
    """`fills` and `query` are the headers and parameters, in lower case, in which a signature may stand already.
    `older`: names that belong to the vendor's earlier signature where the first of them, its access key, is there.

    `bodies`: it takes no part (`none`), is read whole (`buffer`), or is left out (`unsigned`); the first is usual.
    `needs` are the names that the keys must have. `scope` names the parts of a `Credential` between date and last word,
    `""` what is always the same. `edits` is the media type of a body that the signature goes into.
    """

    sign: Callable[[Signable, Keys, Moment], Signed]
    fills: frozenset[str]
    query: frozenset[str] = frozenset()
    bodies: tuple[str, ...] = ("none",)
    needs: Collection[str] = ()
    scope: tuple[str, ...] = ()
    place: str = "header"  # where the signature goes
    edits: str | None = None
    older: tuple[str, ...] = ()

    def of_signature(self, query: bytes) -> frozenset[str]:
        """The parameters, in lower case, in which a signature may stand in this query."""
        is_older = bool(self.older) and self.older[0].encode() in query.lower()
        return self.query.union(self.older) if is_older else self.query
