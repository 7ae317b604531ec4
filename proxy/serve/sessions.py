"""Session keys: what a running proxy lends to a command of the same user (docs/agents.md).

Owns: whose a key is and how long it holds, and that no session key passes for anything else. Must not know: who asks
for one, over which connection it lives, other workers.

Whoever presents one is that session, also where the config has no `clients`; whoever presents none is not asked for
one because of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

from proxy.auth.signing.presented import access_key
from proxy.config.model.client import SESSION_KEYS
from proxy.errors import Fault
from proxy.plan.admission.clients import ClientPlan, key_required, presented_key

_PREFIX: Final = SESSION_KEYS.encode("ascii")


@dataclass(frozen=True, slots=True)
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

    __slots__ = ("_sessions", "used")

    def __init__(self, sessions: Iterable[Session] = ()) -> None:
        self._sessions: dict[str, tuple[Session, ClientPlan]] = {}
        self.used = False
        for session in sessions:
            self.add(session)

    def __iter__(self) -> Iterator[Session]:
        return iter([session for session, _ in self._sessions.values()])

    def __len__(self) -> int:
        return len(self._sessions)

    def add(self, session: Session) -> None:
        plan = ClientPlan(session.name, routes=frozenset(session.routes))
        self._sessions[session.digest] = (session, plan)
        self.used = True

    def drop(self, digest: str) -> None:
        self._sessions.pop(digest, None)

    def replace(self, sessions: Iterable[Session]) -> None:
        """These and no others."""
        self._sessions.clear()
        for session in sessions:
            self.add(session)

    def expire(self, wall: float) -> bool:
        """Forget those whose time is over; whether there were some."""
        over = [session.digest for session in self if not session.holds(wall)]
        for digest in over:
            self.drop(digest)
        return bool(over)

    def identify(self, known: Mapping[bytes, bytes], wall: float) -> ClientPlan | None:
        """The session whose key stands in the headers, known by lower case names; None if what does is no session key.

        Raises Fault client_key_required for one that is over.
        """
        presented = access_key(known.get(b"authorization", b"")) or presented_key(known)
        if presented is None or not presented.startswith(_PREFIX):
            return None
        found = self._sessions.get(hashlib.sha256(presented).hexdigest())
        if found is None or not found[0].holds(wall):
            raise key_required("the command that this session key was lent to has ended")
        return found[1]


def refuse_session_key(known: Mapping[bytes, bytes]) -> None:
    """Of the proxy's own pages. Raises Fault route_refused."""
    presented = presented_key(known)
    if presented is not None and presented.startswith(_PREFIX):
        raise Fault("route_refused", "a session key is for routes")
