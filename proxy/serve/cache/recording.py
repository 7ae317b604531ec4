"""A reply that is kept, while it passes on its way to the client.

Owns: its bounds: one reply's, and that of all that are being recorded. Must not know: what may be kept.
"""

from __future__ import annotations

from proxy.http.fields import Fields
from proxy.plan.caching.directives import joined
from proxy.plan.caching.kept import Kept
from proxy.plan.caching.rule import LONGEST_BODY, Term, names_of_vary
from proxy.serve.cache.memory import Memory


class Recording:
    """`done` once the reply has come to its end; what was cut off is not kept."""

    __slots__ = ("_head", "_headers", "_memory", "_pieces", "_reserved", "_sized", "_term", "done")

    def __init__(self, memory: Memory, term: Term, headers: Fields, head: bytes, sized: bool) -> None:
        """`headers` are the API's; `head` what the client sees of them, as finished lines; `sized`: with the length."""
        self.done = False
        self._memory = memory
        self._term = term
        self._headers = headers
        self._head = head
        self._sized = sized
        self._pieces: list[bytes] | None = []  # None: too much
        self._reserved = 0

    def feed(self, data: bytes) -> None:
        if self._pieces is None:
            return
        size = len(data)
        if self._reserved + size > LONGEST_BODY or not self._memory.reserve(size):
            self._pieces = None
            self.close()
            return
        self._reserved += size
        self._pieces.append(data)

    def kept(self, path: bytes, wall: float) -> Kept | None:
        """All of it, if it is whole."""
        if self._pieces is None or not self.done:
            return None
        etag, modified = joined(self._headers, b"etag"), joined(self._headers, b"last-modified")
        names = names_of_vary(self._headers)
        body = b"".join(self._pieces)
        return Kept(_ageless(self._head), self._sized, body, names, wall, self._term, path, etag, modified)

    def close(self) -> None:
        """The room that it took is free again."""
        self._memory.give_back(self._reserved)
        self._reserved = 0


def _ageless(head: bytes) -> bytes:
    """Without the `Age` that it came with: it is told anew whenever the reply answers."""
    lines = head.split(b"\r\n")
    return b"\r\n".join(line for line in lines if line[:4].lower() != b"age:")
