"""Which route a path belongs to: the longest prefix wins and matches whole segments (DESIGN §2, routes)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

T = TypeVar("T")


class Router(Generic[T]):
    """Immutable; a dict on the first segment, then the few prefixes that share it, longest first."""

    __slots__ = ("_by_segment", "_root", "prefixes")

    def __init__(self, routes: Mapping[str, T]) -> None:
        self.prefixes = tuple(routes)
        self._root = routes.get("/")
        self._by_segment: dict[bytes, list[tuple[bytes, T]]] = {}
        for prefix, route in sorted(routes.items(), key=lambda item: -len(item[0])):
            if prefix != "/":
                raw = prefix.encode("ascii")
                self._by_segment.setdefault(_first_segment(raw), []).append((raw, route))

    def match(self, path: bytes) -> tuple[T, bytes] | None:
        """The route of `path`, and what stands behind its prefix (empty, or from a slash on)."""
        for prefix, route in self._by_segment.get(_first_segment(path), ()):
            if path.startswith(prefix):
                rest = path[len(prefix) :]
                if not rest or rest.startswith(b"/"):
                    return route, rest
        return None if self._root is None else (self._root, path)


def _first_segment(path: bytes) -> bytes:
    end = path.find(b"/", 1)
    return path[1:] if end < 0 else path[1:end]
