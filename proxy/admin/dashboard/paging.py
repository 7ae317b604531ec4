"""A list that may be long, in pages. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, Self, TypeVar
from urllib.parse import urlencode

from proxy.values.record import record

SIZE = 50

T = TypeVar("T")


@record
class Paged(Generic[T]):
    """`rows` of page `number`, of those that hold the words of `wanted`; `total` of all, `found` of those."""

    rows: Sequence[T]
    number: int
    last: int
    found: int
    total: int
    wanted: str

    @classmethod
    def of(cls, rows: Sequence[T], text: Callable[[T], str], query: Mapping[str, str], size: int = SIZE) -> Self:
        """As a page's query asks: `q` and `page`."""
        wanted = query.get("q", "").strip()
        words = wanted.casefold().split()
        found = [row for row in rows if all(word in text(row).casefold() for word in words)] if words else rows
        last = max(1, -(-len(found) // size))
        asked = query.get("page", "1")
        number = min(last, max(1, int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 8 else 1))
        return cls(found[(number - 1) * size : number * size], number, last, len(found), len(rows), wanted)

    def link(self, number: int) -> str:
        """The query of another page."""
        pairs = {"q": self.wanted, "page": str(number)}
        return "?" + urlencode(
            {name: value for name, value in pairs.items() if value and (name, value) != ("page", "1")}
        )

    @property
    def searchable(self) -> bool:
        return self.total > 8
