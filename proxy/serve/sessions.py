"""Session keys: what a running proxy lends to a command of the same user (docs/agents.md).

Owns: whose a key is and how long it holds, and that no session key passes for anything else. Must not know: who asks
for one, over which connection it lives, other workers.

Whoever presents one is that session, also where the config has no `clients`; whoever presents none is not asked for
one because of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, field
from itertools import islice
from typing import Any, Final, Self

from proxy.config.model.client import SESSION_KEYS
from proxy.errors import Fault
from proxy.plan.admission.clients import ClientPlan, Key
from proxy.plan.admission.key_places import MOST, KeyPlaces, KeySlots
from proxy.plan.admission.placeholders import id_of
from proxy.values.record import record

SESSION: Final = SESSION_KEYS.encode("ascii")


@record
class Session:
    """`digest` is the key's SHA-256 in hex; `routes` are prefixes. Times are Unix seconds; one without `until` ends
    with the connection that asked for it.
    """

    name: str
    digest: str = field(repr=False)
    routes: tuple[str, ...]
    since: float
    until: float | None = None

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """From JSON. Raises KeyError, TypeError."""
        routes = tuple(document["routes"])
        return cls(document["name"], document["digest"], routes, document["since"], document.get("until"))

    def document(self) -> dict[str, Any]:
        return asdict(self)

    def holds(self, wall: float) -> bool:
        return self.until is None or wall < self.until


class Sessions:
    """Those of one process. `used` stays true once there was one: until then no request is looked at."""

    __slots__ = ("_keys", "_sessions", "used")

    def __init__(self, sessions: Iterable[Session] = ()) -> None:
        self._sessions: dict[str, Session] = {}
        self._keys: dict[bytes, Key] = {}
        self.used = False
        for session in sessions:
            self.add(session)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    def __len__(self) -> int:
        return len(self._sessions)

    def add(self, session: Session) -> None:
        plan = ClientPlan(session.name, routes=frozenset(session.routes))
        ends = float("inf") if session.until is None else session.until
        digest = bytes.fromhex(session.digest)
        self._sessions[session.digest] = session
        self._keys[digest] = self._keys[id_of(digest)] = Key(plan, digest, ends=ends)
        self.used = True

    def drop(self, digest: str) -> None:
        self._sessions.pop(digest, None)
        raw = bytes.fromhex(digest)
        self._keys.pop(raw, None)
        self._keys.pop(id_of(raw), None)

    def replace(self, sessions: Iterable[Session]) -> None:
        """These and no others."""
        self._sessions.clear()
        self._keys.clear()
        for session in sessions:
            self.add(session)

    def expire(self, wall: float) -> bool:
        """Forget those whose time is over; whether there were some."""
        over = [session.digest for session in self if not session.holds(wall)]
        for digest in over:
            self.drop(digest)
        return bool(over)

    def find(self, name: bytes) -> Key | None:
        """The key with this SHA-256, or that a stand-in's token names so."""
        return self._keys.get(name)


def refuse_session_key(known: Mapping[bytes, bytes]) -> None:
    """Of the proxy's own pages. Raises Fault route_refused."""
    texts = KeyPlaces(known, KeySlots(), []).texts()
    if any(text.startswith(SESSION) for text in islice(texts, MOST)):
        raise Fault("route_refused", "a session key is for routes")
