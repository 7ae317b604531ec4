"""One request and the cache: what it finds, and what is kept of the reply to it.

Owns: the order of both, and what the client is told in `Cache-Status` (RFC 9211). Must not know: exchanges, how an
answer is written.
"""

from __future__ import annotations

from dataclasses import field
from typing import Final

from proxy.errors import Fault
from proxy.http.fields import SAFE, Fields
from proxy.plan.caching.asked import Asked, Wish, ancestors
from proxy.plan.caching.directives import joined, seconds
from proxy.plan.caching.kept import Kept
from proxy.plan.caching.rule import LONGEST_BODY, CacheRule, Term
from proxy.serve.cache.files import Files
from proxy.serve.cache.memory import Memory
from proxy.serve.cache.recording import Recording
from proxy.tasks import spawn
from proxy.values.record import record

OUTCOMES: Final = ("hit", "stored", "miss", "bypass")
"""Answered from it; by the API, and kept; by the API, and not kept; nothing that it may answer."""
_STATUS: Final = b"Cache-Status: keyless; %b\r\n"


@record
class Cache:
    """A route's. `place` names the route and its credential in keys; `rule` is None where nothing of it is kept, and
    it is there to say so offline.
    """

    rule: CacheRule | None
    memory: Memory
    files: Files | None
    offline: bool
    place: bytes = field(repr=False)


class Lookup:
    """`kept` answers the request, if there is such a reply; else the API's may be recorded."""

    __slots__ = ("_asked", "_cache", "_key", "_path", "_recording", "_said", "_wall", "_writes", "kept")

    def __init__(self, cache: Cache, asked: Asked, path: bytes) -> None:
        self.kept: Kept | None = None
        self._cache = cache
        self._asked = asked
        self._path = path
        self._key: bytes | None = None  # None: the cache is not for this request
        self._said = b""
        self._wall = 0.0
        self._recording: Recording | None = None
        self._writes = False  # the API has changed what the URL stands for

    # -------------------------------------------------------------- the request

    def bypass(self, why: str) -> None:
        """The cache is not for this request. Raises Fault offline."""
        if self._cache.offline:
            raise Fault("offline", f"the proxy runs with --offline, and this request is never answered again: {why}")
        self._said = b"fwd=method" if why == "method" else b"fwd=bypass; detail=%b" % why.encode("ascii")

    async def search(self, body: bytes, wall: float) -> None:
        """Raises Fault offline."""
        asked = self._asked
        self._key = key = asked.key(body)
        wish = asked.wish()
        if self._cache.offline:
            self.kept = await self._on_disk(key, wall)
        else:
            self.kept, self._said = await self._in_memory(key, wish, wall)
            if self.kept is None and wish.only:
                raise Fault("offline", "there is no reply to this yet, and the client wants no other (only-if-cached)")
        if self.kept is not None:
            self._said = b"hit; ttl=%d" % int(self.kept.left(wall))

    async def _in_memory(self, key: bytes, wish: Wish, wall: float) -> tuple[Kept | None, bytes]:
        """Or why there is none."""
        names = self._cache.memory.names(key)
        if names is None:
            return None, b"fwd=uri-miss"
        kept = await self._cache.memory.find(self._asked.variant(key, names))
        if kept is None:
            return None, b"fwd=vary-miss"
        if kept.answers(wish, wall):
            return kept, b""
        return None, b"fwd=request" if kept.left(wall) > 0.0 else b"fwd=stale"

    async def _on_disk(self, key: bytes, wall: float) -> Kept:
        files = self._cache.files
        for variant, kept in [] if files is None else await files.find(key):
            if variant == self._asked.variant(key, kept.names) and kept.answers_offline(wall):
                return kept
        raise Fault("offline", "the proxy runs with --offline, and no reply to this was kept")

    # -------------------------------------------------------------- the reply

    def begin(self, status: int, headers: Fields, head: bytes, sized: bool, wall: float, *, refused: bool) -> None:
        """The API's head has come, at `wall`. `refused`: it says that the credential is no good."""
        rule, method = self._cache.rule, self._asked.method
        if self._key is None or rule is None:
            self._writes = method not in SAFE and (rule is None or method not in rule.methods) and status < 400
            return
        term: Term | str = "refused" if refused else rule.term(status, headers, wall)
        if not isinstance(term, str) and seconds(joined(headers, b"content-length")) > LONGEST_BODY:
            term = "size"
        if isinstance(term, str):
            self._said += b"; detail=%b" % term.encode("ascii")
            return
        self._wall = wall
        self._said += b"; stored"
        self._recording = Recording(self._cache.memory, term, headers, head, sized)

    def feed(self, data: bytes) -> None:
        """Of the body, as the client gets it."""
        if self._recording is not None and data:
            self._recording.feed(data)

    def end(self) -> None:
        """All of it has come."""
        if self._recording is not None:
            self._recording.done = True

    @property
    def line(self) -> bytes:
        """Of the answer's head."""
        return _STATUS % self._said if self._said else b""

    def close(self) -> str:
        """The exchange is over: what is to be kept is kept, and what is no longer so is forgotten, before the next
        request is read. One of OUTCOMES, for who counts.
        """
        recording, self._recording = self._recording, None
        if self._writes:
            spawn(self._cache.memory.drop(ancestors(self._path)), "forget replies")
        if self._key is None:
            return "bypass"
        if recording is None:
            return "miss" if self.kept is None else "hit"
        kept = recording.kept(self._path, self._wall)
        recording.close()
        if kept is None:
            return "miss"
        spawn(self._keep(self._key, kept), "keep a reply")
        return "stored"

    async def _keep(self, key: bytes, kept: Kept) -> None:
        variant = self._asked.variant(key, kept.names)
        await self._cache.memory.put(variant, key, kept)
        if self._cache.files is not None:
            self._cache.files.put(variant, key, kept)
