"""Whose keys a request holds: those of clients, of sessions, and what stand-ins made of them.

Owns: that a stale key beside a good one does not hide it, and that good ones of two clients are none (which of them
asks, nobody could tell). Must not know: where keys stand, other ways to prove oneself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from proxy.errors import Fault
from proxy.plan.admission.clients import ClientPlan, Clients, Key, key_required
from proxy.plan.admission.key_places import MOST, KeyPlaces
from proxy.plan.admission.placeholders import BEGINS, Placeholder, Placeholders, id_of
from proxy.serve.sessions import SESSION, Sessions


class Proven(NamedTuple):
    """`texts` are the keys as they were presented, which go no further; `key` is one of the client's."""

    client: ClientPlan
    texts: tuple[bytes, ...]
    key: Key

    def __repr__(self) -> str:
        return f"<Proven {self.client.name}>"


class Unproven(NamedTuple):
    """`over`: a session key was shown, so that who asks is told also where nobody needs a key."""

    why: str
    over: bool = False

    def fault(self) -> Fault:
        return key_required(self.why)


class Keys:
    __slots__ = ("_clients", "_named", "_placeholders", "_sessions")

    def __init__(self, clients: Clients, sessions: Sessions, placeholders: Placeholders) -> None:
        self._clients = clients
        self._sessions = sessions
        self._placeholders = placeholders
        self._named = {id_of(key.digest): key for key in clients}

    def prove(self, places: KeyPlaces, wall: float, but: bytes | None = None) -> Proven | Unproven:
        """`but` is a text that has been judged otherwise. Raises Fault where two clients are meant."""
        proven: Key | None = None
        texts: tuple[bytes, ...] = ()
        stale: list[bytes] = []
        for text in islice(places.texts(), MOST):
            if text == but or text in texts:
                continue
            key = self._find(text, places.slots.prefix, wall)
            if key is None or not key.holds(wall):
                stale.append(text)
            elif proven is not None and proven.client is not key.client:
                raise two_clients()
            else:
                proven, texts = key, (*texts, text)
        if proven is None:
            return self._why(stale, places.slots.prefix, wall)
        return Proven(proven.client, texts, proven)

    def lone(self, digest: bytes, wall: float) -> Key | None:
        """The one of this SHA-256, which stands alone in a request; None for all that takes a closer look."""
        key = self._clients.find(digest)
        if key is None and self._sessions.used:
            key = self._sessions.find(digest)
        return key if key is not None and key.begins <= wall < key.ends else None

    def placeholder(self, key: Key, prefix: str, until: float) -> bytes:
        return self._placeholders.made(key, prefix, int(until))

    def _find(self, text: bytes, prefix: str, wall: float) -> Key | None:
        if text.startswith(BEGINS):
            return self._stood_in(text, prefix, wall)
        digest = hashlib.sha256(text).digest()
        return self._clients.find(digest) or (self._sessions.find(digest) if self._sessions.used else None)

    def _stood_in(self, text: bytes, prefix: str, wall: float) -> Key | None:
        """The key that the stand-in's token was made for, while both hold."""
        presented = Placeholder.read(text)
        if presented is None or presented.until <= wall:
            return None
        key = self._named.get(presented.key) or self._sessions.find(presented.key)
        return key if key is not None and self._placeholders.proves(presented, key, prefix) else None

    def _why(self, stale: Iterable[bytes], prefix: str, wall: float) -> Unproven:
        """What helps most: that a key was good once, if one was."""
        unknown = Unproven("no client key was sent")
        for text in stale:
            key = self._find(text, prefix, wall)
            if text.startswith(SESSION):
                return Unproven("the command that this session key was lent to has ended", over=True)
            if key is not None:
                return Unproven(key.lapsed(wall))
            unknown = Unproven("the client key is not known")
        return unknown


def two_clients() -> Fault:
    return key_required("the request holds keys of two clients; send one")
