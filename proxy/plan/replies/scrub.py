"""Takes live credentials out of what goes back to clients, without changing its length. Pure.

Owns: the search. Nearly every text holds no secret, and that must be told in microseconds: so what is looked for first
are marks, short pieces that every spelling of a secret has in it, with a vector search over all of them at once. Only a
text that holds a mark is searched for the spellings themselves, which are written for that text and not kept. What is
kept of a secret is small, however long it is. Must not know: whose secrets they are, or what is HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind

from proxy.auth.spellings import HEAD, SHORTEST, families, spellings

__all__ = ["NOTHING", "SHORTEST", "Needles", "Scrubber", "is_text", "spellings"]

_TEXT: Final = (
    b"text/",
    b"message/",
    b"multipart/",
    b"application/json",
    b"application/xml",
    b"application/x-www-form-urlencoded",
    b"application/problem+",
    b"application/x-ndjson",
    b"application/graphql",
)
_MOST_LACKING: Final = 8
_TEDDY: Final = 56
"""Patterns of one vector search: beyond 64 of them the library falls back to an automaton, 20 times as slow."""
_SMALL: Final = Implementation.ContiguousNFA
"""As fast where nothing is found; what the library chooses takes up to 2 KiB per byte of a pattern."""
_NEVER_IN_TEXT: Final = (b"\1\1\1\1", b"\2\2\2\2", b"\3\3\3\3", b"\4\4\4\4")
"""With few patterns the library looks for their rarest bytes instead, which in base64 are at every corner."""

Span = tuple[int, int]


def is_text(content_type: bytes) -> bool:
    kind = content_type.split(b";", 1)[0].strip().lower()
    return kind.startswith(_TEXT) or kind.endswith((b"+json", b"+xml", b"javascript", b"json"))


class Needles:
    """What must not go out, compiled; falsy when there is nothing. Immutable, and its repr shows nothing."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = frozenset(secret for secret in secrets if len(secret) >= SHORTEST)
        self._families = [family for secret in sorted(self._secrets) for family in families(secret)]
        heads = {head for family in self._families for head in family.heads}
        self._marks = _searches({mark for family in self._families for mark in family.marks})
        self._heads = _searches(heads)
        self._few = frozenset(head[:size] for head in heads for size in range(1, HEAD))
        ends = frozenset(byte for ends in {family.ends for family in self._families} for byte in ends)
        self._ends = bytes(byte in ends for byte in range(256))
        self._window = max((family.longest for family in self._families), default=1) - 1
        self._joined: tuple[frozenset[str], Needles] | None = None

    def __bool__(self) -> bool:
        return bool(self._secrets)

    def __repr__(self) -> str:
        return f"<Needles of {len(self._secrets)} secrets>"

    def __or__(self, other: Needles) -> Needles:
        """Those of both. The last answer is kept: of many exchanges that are replayed, all ask for the same."""
        if other._secrets <= self._secrets:
            return self
        secrets = other._secrets  # not `other`: that has one of its own, and so would each keep all before it
        if self._joined is None or self._joined[0] is not secrets:
            self._joined = (secrets, Needles(self._secrets | secrets))
        return self._joined[1]

    def scrub(self, data: bytes) -> bytes:
        """The same text with stars where a secret stood, also one that breaks off at the very end."""
        spans = self.spans(data)
        if cut := self.cut_off(data):
            spans = [*spans, (len(data) - cut, len(data))]
        return starred(data, spans) if spans else data

    def scrub_both(self, head: bytes, body: bytes) -> tuple[bytes, bytes]:
        """Each by itself. Nearly always neither holds one, which one search tells of both."""
        ends = self._ends
        if (head and ends[head[-1]]) or (body and ends[body[-1]]) or self.spans(head + body):
            return self.scrub(head), self.scrub(body)
        return head, body

    def stream(self) -> Scrubber:
        return Scrubber(self)

    # ------------------------------------------------------------ the search

    def spans(self, data: bytes) -> list[Span]:
        """Where secrets stand; they may overlap."""
        for search in self._marks:
            if search.find_matches_as_indexes(data):
                return list(self._places(data))
        return []

    def beginning(self, data: bytes) -> int:
        """How many bytes at the end of `data` may be the beginning of a secret."""
        if not data or not self._ends[data[-1]]:  # as after a line, a tag or a JSON document
            return 0
        tail = data[-self._window :]
        for search in self._heads:
            if search.find_matches_as_indexes(tail):
                if size := max(self._begun(tail), default=0):
                    return size
                break
        return next((size for size in range(min(HEAD - 1, len(tail)), 0, -1) if tail[-size:] in self._few), 0)

    def cut_off(self, data: bytes) -> int:
        """How many bytes at the end of `data` are a secret that lacks its last few.

        Not any beginning: whoever has an API repeat what he says would see by the stars whether his guess at the next
        character is right, and so read a token one by one. To begin that here, one has to know nearly all of it.
        """
        if not data or not self._ends[data[-1]] or self.beginning(data) < SHORTEST:
            return 0
        return max(self._begun(data[-self._window :], nearly=True), default=0)

    # Apart from the above: what makes a generator is slow also where it makes none.

    def _places(self, data: bytes) -> Iterator[Span]:
        for family in self._families:
            for spelling in family.possible(data):
                yield from covered(spelling, data)

    def _begun(self, tail: bytes, *, nearly: bool = False) -> Iterator[int]:
        """In how many bytes of spellings the text ends; `nearly`: of those that are nearly whole."""
        for family in self._families:
            for size, whole in family.begun(tail):
                if not nearly or whole - size <= most_lacking(whole):
                    yield size


def covered(spelling: bytes, data: bytes) -> Iterator[Span]:
    """Where the spelling stands, in time linear in both: of a repetitive one in a repetitive text, whole stretches.

    Two places at most half its length apart are one period apart. So it stands at every period for as long as the text
    repeats itself, and after the last of these not before all but a period of it is over (Fine and Wilf, 1965).
    """
    size = len(spelling)
    at = data.find(spelling)
    while at >= 0:
        again = data.find(spelling, at + 1, at + size // 2 + size)
        if again < 0:
            yield at, at + size
            at = data.find(spelling, at + size // 2 + 1)
        else:
            end = _repeats_until(data, at + size, again - at, size // 2)
            yield at, end
            at = data.find(spelling, end - (again - at) + 1)


def _repeats_until(data: bytes, end: int, period: int, most: int) -> int:
    """Where the repetition is over that reaches from `most` before `end` to there, or on; in ever shorter steps."""
    while most >= period:
        most -= most % period
        while data.startswith(data[end - most : end], end):
            end += most
        most //= 2
    return end


def most_lacking(size: int) -> int:
    """How many bytes a secret of this size may lack at a text's end to be starred all the same."""
    return min(_MOST_LACKING, size // 4, size - SHORTEST)


def _searches(patterns: Iterable[bytes]) -> tuple[BytesAhoCorasick, ...]:
    ordered = sorted(patterns)
    return tuple(
        BytesAhoCorasick(
            (*ordered[at : at + _TEDDY], *_NEVER_IN_TEXT), MatchKind.LeftmostLongest, implementation=_SMALL
        )
        for at in range(0, len(ordered), _TEDDY)
    )


def starred(data: bytes, spans: Iterable[Span]) -> bytes:
    out = bytearray(data)
    for start, end in spans:
        out[start:end] = b"*" * (end - start)
    return bytes(out)


NOTHING: Final = Needles(())


class Scrubber:
    """For a text that comes in pieces: holds back what may be the beginning of a secret.

    What it holds stays as it came, since it may be the beginning of more than one; `_spans` are those that are known to
    be stars, `_sent` is how much of it went out already.
    """

    __slots__ = ("_held", "_needles", "_sent", "_spans")

    def __init__(self, needles: Needles) -> None:
        self._needles = needles
        self._held = b""
        self._sent = 0
        self._spans: list[Span] = []

    @property
    def waiting(self) -> int:
        """Bytes that came and did not go out."""
        return len(self._held) - self._sent

    def feed(self, data: bytes) -> bytes:
        data = self._held + data if self._held else data
        spans = self._needles.spans(data)
        if self._spans:
            spans = self._spans + spans
        cut = len(data) - self._needles.beginning(data)
        out = starred(data, spans) if spans else data
        if cut == len(data) and not self._sent:
            self._held, self._spans = b"", []
            return out
        out, self._held = out[self._sent : max(cut, self._sent)], data[cut:]
        self._sent = max(0, self._sent - cut)
        self._spans = [(max(0, start - cut), end - cut) for start, end in spans if end > cut]
        return out

    def flush(self) -> bytes:
        """All that waits; a long beginning of a secret becomes stars. What comes is still read as its continuation."""
        held = len(self._held)
        if held >= SHORTEST:
            self._spans = [(0, held)]
        out = starred(self._held, self._spans)[self._sent :]
        self._sent = held
        return out

    def end(self) -> bytes:
        held = len(self._held)
        if cut := self._needles.cut_off(self._held):
            self._spans = [*self._spans, (held - cut, held)]
        out = starred(self._held, self._spans)[self._sent :]
        self._held, self._sent, self._spans = b"", 0, []
        return out
