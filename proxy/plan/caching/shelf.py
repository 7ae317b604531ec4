"""How much is kept, and what goes first: a bound by bytes, the least lately used first.

Owns: the index of what is kept, by key, by what it varies by, and by path. Must not know: the replies themselves.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple


class _Place(NamedTuple):
    key: bytes
    path: bytes
    size: int

    def __repr__(self) -> str:
        return f"_Place({self.size} bytes)"


class Shelf:
    """Variants of one key differ by what `names` names; each has its place. `size` is in bytes, never above `room`."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.size = 0
        self._places: OrderedDict[bytes, _Place] = OrderedDict()  # by variant
        self._names: dict[bytes, tuple[bytes, ...]] = {}  # by key
        self._variants: dict[bytes, set[bytes]] = {}  # by key
        self._paths: dict[bytes, set[bytes]] = {}  # variants by path

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, variant: bytes) -> bool:
        return variant in self._places

    def names(self, key: bytes) -> tuple[bytes, ...] | None:
        """What replies vary by, as the latest one said; None where none is kept."""
        return self._names.get(key)

    def use(self, variant: bytes) -> None:
        self._places.move_to_end(variant)

    def put(self, variant: bytes, key: bytes, names: tuple[bytes, ...], path: bytes, size: int) -> list[bytes] | None:
        """The variants that go for it; None if there is no room for it at all."""
        if size > self.room:
            return None
        if variant in self._places:
            self.take(variant)
        gone = []
        while self.size + size > self.room:
            oldest = next(iter(self._places))
            self.take(oldest)
            gone.append(oldest)
        self._places[variant] = _Place(key, path, size)
        self._names[key] = names
        self._variants.setdefault(key, set()).add(variant)
        self._paths.setdefault(path, set()).add(variant)
        self.size += size
        return gone

    def take(self, variant: bytes) -> None:
        place = self._places.pop(variant)
        self.size -= place.size
        variants, below = self._variants[place.key], self._paths[place.path]
        variants.remove(variant)
        below.remove(variant)
        if not variants:
            del self._variants[place.key], self._names[place.key]
        if not below:
            del self._paths[place.path]

    def at(self, paths: Iterable[bytes]) -> list[bytes]:
        """The variants that are kept of these paths."""
        return [variant for path in paths for variant in self._paths.get(path, ())]
