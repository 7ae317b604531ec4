"""A reply that is kept, as its clients saw it.

Owns: how old it is, whom it may answer, and its form as bytes. Must not know: where it is kept, what is sealed.
"""

from __future__ import annotations

import json
from dataclasses import field
from typing import Final, Self

from proxy.http.fields import Fields
from proxy.plan.caching.asked import Wish
from proxy.plan.caching.directives import joined
from proxy.plan.caching.rule import Term
from proxy.values.record import record

_FORM: Final = 1
OVERHEAD: Final = 1024
"""Bytes that one takes besides its own: objects, keys, its place in an index."""


@record
class Kept:
    """`head`: finished lines of the reply, without its `Age`, secrets starred; `sized`: its length is among them.
    `names`: what it varies by. `born`: when it came, in Unix seconds. `path` is that of its URL.
    """

    head: bytes = field(repr=False)
    sized: bool
    body: bytes = field(repr=False)
    names: tuple[bytes, ...]
    born: float
    term: Term
    path: bytes = field(repr=False)
    etag: bytes = field(default=b"", repr=False)
    modified: bytes = field(default=b"", repr=False)

    @property
    def size(self) -> int:
        return OVERHEAD + len(self.head) + len(self.body) + len(self.path)

    def age(self, wall: float) -> float:
        """Seconds; a clock that was set back makes nothing younger than it was."""
        return self.term.age + max(0.0, wall - self.born)

    def left(self, wall: float) -> float:
        """Seconds for which it holds; negative once it is stale."""
        return self.term.lifetime - self.age(wall)

    def answers(self, wish: Wish, wall: float) -> bool:
        left = self.left(wall)
        return not wish.fresh and left > 0.0 and left >= wish.least and self.age(wall) <= wish.oldest

    def answers_offline(self, wall: float) -> bool:
        """However old: the API can't be asked (RFC 9111 §4.2.4)."""
        return not self.term.strict or self.left(wall) > 0.0

    def unchanged(self, fields: Fields) -> bool:
        """Does the client have it already, by what it says (RFC 9110 §13.1.2, §13.1.3)?"""
        tags = joined(fields, b"if-none-match")
        if tags:
            known = {tag.strip().removeprefix(b"W/") for tag in tags.split(b",")}
            return b"*" in known or (self.etag != b"" and self.etag.removeprefix(b"W/") in known)
        since = joined(fields, b"if-modified-since")
        return since != b"" and since == self.modified

    # -------------------------------------------------------------- as bytes

    def to_bytes(self, variant: bytes) -> bytes:
        """`variant` is the key it belongs to, so that it passes for no other."""
        about = {
            "form": _FORM,
            "key": variant.hex(),
            "head": len(self.head),
            "sized": self.sized,
            "names": [name.decode("latin-1") for name in self.names],
            "born": self.born,
            "term": self.term,
            "path": self.path.decode("latin-1"),
            "etag": self.etag.decode("latin-1"),
            "modified": self.modified.decode("latin-1"),
        }
        return json.dumps(about).encode("ascii") + b"\n" + self.head + self.body

    @classmethod
    def from_bytes(cls, written: bytes) -> tuple[bytes, Self]:
        """With the key it belongs to. Raises ValueError."""
        line, _, rest = written.partition(b"\n")
        try:
            about = json.loads(line)
            if about["form"] != _FORM:
                raise ValueError("another form")  # noqa: TRY301 -- all that is wrong is told in one way
            length, (lifetime, age, strict) = int(about["head"]), about["term"]
            return bytes.fromhex(about["key"]), cls(
                rest[:length],
                bool(about["sized"]),
                rest[length:],
                tuple(name.encode("latin-1") for name in about["names"]),
                float(about["born"]),
                Term(float(lifetime), float(age), bool(strict)),
                about["path"].encode("latin-1"),
                about["etag"].encode("latin-1"),
                about["modified"].encode("latin-1"),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"no kept reply: {type(error).__name__}") from None
