"""Takes live credentials out of what goes back to clients, without changing its length. Pure.

Owns: the search. Nearly every text holds no secret, and that must be told in microseconds: so what is looked for first
are marks, short pieces that every spelling of a secret has in it, with a vector search over all of them at once. Only a
text that holds a mark is searched for the spellings themselves. Must not know: whose secrets they are, or what is HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind

from proxy.auth.draft import Placing
from proxy.auth.spellings import SHORTEST, families, spellings
from proxy.auth.token import Token

__all__ = ["NOTHING", "SHORTEST", "Needles", "Scrubber", "is_text", "needles_of", "spellings"]

_TEXT = (
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
_HEAD = 4
_MOST_LACKING = 8
_TEDDY = 56
"""Patterns of one vector search: beyond 64 of them the library falls back to an automaton, 20 times as slow."""
_NEVER_IN_TEXT = (b"\1\1\1\1", b"\2\2\2\2", b"\3\3\3\3", b"\4\4\4\4")
"""With few patterns the library looks for their rarest bytes instead, which in base64 are at every corner."""

Span = tuple[int, int]


def is_text(content_type: bytes) -> bool:
    kind = content_type.split(b";", 1)[0].strip().lower()
    return kind.startswith(_TEXT) or kind.endswith((b"+json", b"+xml", b"javascript", b"json"))


class Needles:
    """What must not go out, compiled; falsy when there is nothing. Immutable, and its repr shows nothing."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = frozenset(secret for secret in secrets if len(secret) >= SHORTEST)
        found = [family for secret in sorted(self._secrets) for family in families(secret)]
        self._spellings = sorted({each for family in found for each in family.spellings}, key=len, reverse=True)
        marks = {family.mark for family in found if family.mark is not None}
        marks |= {each for family in found if family.mark is None for each in family.spellings}
        self._marks = _searches(marks)
        self._heads = _searches({each[:_HEAD] for each in self._spellings})
        self._ends = frozenset(each[:size] for each in self._spellings for size in range(1, _HEAD))
        self._bytes = frozenset(b"".join(self._spellings))
        self._window = max(map(len, self._spellings), default=1) - 1
        self._joined: tuple[Needles, Needles] | None = None

    def __bool__(self) -> bool:
        return bool(self._secrets)

    def __repr__(self) -> str:
        return f"<Needles of {len(self._secrets)} secrets>"

    def __or__(self, other: Needles) -> Needles:
        """Those of both. The last answer is kept: of many exchanges that are replayed, all ask for the same."""
        if other._secrets <= self._secrets:
            return self
        if self._joined is None or self._joined[0] is not other:
            self._joined = (other, Needles(self._secrets | other._secrets))
        return self._joined[1]

    def scrub(self, data: bytes) -> bytes:
        """The same text with stars where a secret stood, also one that breaks off at the very end."""
        spans = self.spans(data)
        if cut := self.cut_off(data):
            spans = [*spans, (len(data) - cut, len(data))]
        return starred(data, spans) if spans else data

    def stream(self) -> Scrubber:
        return Scrubber(self)

    # ------------------------------------------------------------ the search

    def spans(self, data: bytes) -> list[Span]:
        """Where secrets stand; they may overlap."""
        for search in self._marks:
            if search.find_matches_as_indexes(data):
                return [(start, end) for _, start, end in self._exact.find_matches_as_indexes(data, overlapping=True)]
        return []

    def beginning(self, data: bytes) -> int:
        """How many bytes at the end of `data` may be the beginning of a secret."""
        if not data or data[-1] not in self._bytes:  # as after a line, a tag or a JSON document
            return 0
        tail = data[-self._window :]
        found = [start for search in self._heads for _, start, _ in search.find_matches_as_indexes(tail)]
        if found:
            # A head may begin inside one that was found before it.
            starts = {at for start in (*found, len(tail) - _HEAD) for at in range(max(0, start), start + _HEAD)}
            return next((len(tail) - start for start in sorted(starts) if self._begins(tail[start:])), 0)
        return next((size for size in range(min(_HEAD - 1, len(tail)), 0, -1) if tail[-size:] in self._ends), 0)

    def cut_off(self, data: bytes) -> int:
        """How many bytes at the end of `data` are a secret that lacks its last few.

        Not any beginning: whoever has an API repeat what he says would see by the stars whether his guess at the next
        character is right, and so read a token one by one. To begin that here, one has to know nearly all of it.
        """
        if self.beginning(data) < SHORTEST:
            return 0
        ends = (each[:-lacking] for each in self._spellings for lacking in range(1, most_lacking(each) + 1))
        return max((len(end) for end in ends if data.endswith(end)), default=0)

    def _begins(self, text: bytes) -> bool:
        return any(len(each) > len(text) and each.startswith(text) for each in self._spellings)

    @cached_property
    def _exact(self) -> BytesAhoCorasick:
        """Made when the first mark is met, which for most tokens is never. The full automaton would take megabytes."""
        return BytesAhoCorasick(self._spellings, implementation=Implementation.ContiguousNFA)


def most_lacking(spelling: bytes) -> int:
    """How many bytes a secret may lack at a text's end to be starred all the same."""
    return min(_MOST_LACKING, len(spelling) // 4, len(spelling) - SHORTEST)


def _searches(patterns: Iterable[bytes]) -> tuple[BytesAhoCorasick, ...]:
    ordered = sorted(patterns)
    return tuple(
        BytesAhoCorasick((*ordered[at : at + _TEDDY], *_NEVER_IN_TEXT), matchkind=MatchKind.LeftmostLongest)
        for at in range(0, len(ordered), _TEDDY)
    )


def starred(data: bytes, spans: Iterable[Span]) -> bytes:
    out = bytearray(data)
    for start, end in spans:
        out[start:end] = b"*" * (end - start)
    return bytes(out)


NOTHING = Needles(())


def needles_of(token: Token, placing: Placing, secrets: Iterable[str]) -> Needles:
    """What a reply to a request with this token may not hold; compiled once per token and placing."""
    needles: Needles | None = token.needles.get(placing)
    if needles is None:
        lately = [token] if token.previous is None else [token, token.previous]
        values = [text for each in lately for text in (each.value, each.refresh_token or "", *placing.carried(each))]
        needles = token.needles[placing] = Needles((*values, *secrets))
    return needles


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
