"""The bound by bytes: whatever is put, taken and used, in any order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from proxy.plan.caching.shelf import Shelf

ROOM = 100
_NAMES = st.sampled_from([b"a", b"b", b"c", b"d", b"e"])


class Shelves(RuleBasedStateMachine):
    """Beside a list of what must be there, latest use last."""

    def __init__(self) -> None:
        super().__init__()
        self.shelf = Shelf(ROOM)
        self.there: dict[bytes, tuple[bytes, bytes, int]] = {}

    @rule(name=_NAMES, key=_NAMES, path=_NAMES, size=st.integers(0, ROOM + 10))
    def put(self, name: bytes, key: bytes, path: bytes, size: int) -> None:
        variant = key + name
        gone = self.shelf.put(variant, key, (name,), path, size)
        if size > ROOM:
            assert gone is None
            return
        self.there.pop(variant, None)
        expected = []
        while sum(each[2] for each in self.there.values()) + size > ROOM:
            oldest = next(iter(self.there))
            del self.there[oldest]
            expected.append(oldest)
        self.there[variant] = (key, path, size)
        assert gone == expected
        assert self.shelf.names(key) == (name,)

    @rule(name=_NAMES, key=_NAMES)
    def use(self, name: bytes, key: bytes) -> None:
        if key + name in self.there:
            self.shelf.use(key + name)
            self.there[key + name] = self.there.pop(key + name)

    @rule(path=_NAMES)
    def drop(self, path: bytes) -> None:
        gone = self.shelf.at([path, b"nowhere"])
        assert set(gone) == {variant for variant, place in self.there.items() if place[1] == path}
        for variant in gone:
            self.shelf.take(variant)
            del self.there[variant]

    @invariant()
    def is_within_its_bound(self) -> None:
        assert self.shelf.size == sum(place[2] for place in self.there.values()) <= ROOM
        assert len(self.shelf) == len(self.there)
        assert all(variant in self.shelf for variant in self.there)

    @invariant()
    def remembers_nothing_of_what_is_gone(self) -> None:
        keys = {place[0] for place in self.there.values()}
        paths = {place[1] for place in self.there.values()}
        assert self.shelf._names.keys() == self.shelf._variants.keys() == keys
        assert self.shelf._paths.keys() == paths


TestShelves = Shelves.TestCase


@given(st.lists(st.tuples(_NAMES, st.integers(0, 60))))
def test_what_was_put_last_is_there(sizes: list[tuple[bytes, int]]) -> None:
    shelf = Shelf(ROOM)
    for name, size in sizes:
        shelf.put(name, name, (), b"/", size)
        assert name in shelf
