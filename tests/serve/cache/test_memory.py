"""The bound on what is kept in memory, by bytes; and its end."""

from __future__ import annotations

from proxy.plan.caching.kept import OVERHEAD, Kept
from proxy.plan.caching.rule import Term
from proxy.serve.cache.memory import Memory

BODY = 1024
ONE = OVERHEAD + BODY + 2
ROOM = 8 * ONE * 8 // 7  # eight of them beside what is for recordings


def kept(path: bytes = b"/x") -> Kept:
    return Kept(b"", False, bytes(BODY), (), 0.0, Term(60.0, 0.0, False), path)


async def filled(memory: Memory, count: int) -> None:
    for number in range(count):
        await memory.put(b"%d" % number, b"%d" % number, kept())


async def test_it_never_holds_more_bytes_than_it_may_and_the_least_used_goes_first() -> None:
    memory = Memory(ROOM)
    await filled(memory, 8)
    assert (len(memory), memory.size) == (8, 8 * ONE)
    assert await memory.find(b"0") is not None  # used: 1 is the one to go
    await memory.put(b"8", b"8", kept())
    assert (len(memory), memory.size, len(memory._cache._cache)) == (8, 8 * ONE, 8)
    assert await memory.find(b"1") is None
    assert await memory.find(b"0") is not None


async def test_a_thousand_leave_no_more_than_the_bound() -> None:
    memory = Memory(ROOM)
    await filled(memory, 1000)
    assert len(memory._cache._cache) == len(memory) == 8
    assert memory._cache._handlers == {}


async def test_what_is_written_over_counts_once() -> None:
    memory = Memory(ROOM)
    for _ in range(20):
        await memory.put(b"a", b"a", kept())
    assert (len(memory), memory.size) == (1, ONE)


async def test_what_is_larger_than_all_of_it_is_not_kept() -> None:
    memory = Memory(ONE)
    await memory.put(b"a", b"a", kept())
    assert (len(memory), await memory.find(b"a")) == (0, None)


async def test_paths_are_dropped_whole() -> None:
    memory = Memory(ROOM)
    for name, path in ((b"a", b"/x"), (b"b", b"/x"), (b"c", b"/y")):
        await memory.put(name, name, kept(path))
    await memory.drop([b"/x", b"/nowhere"])
    assert [await memory.find(name) is not None for name in (b"a", b"b", b"c")] == [False, False, True]
    assert len(memory._cache._cache) == 1


async def test_once_retired_it_holds_and_takes_nothing() -> None:
    memory = Memory(ROOM)
    await filled(memory, 3)
    assert memory.reserve(1)
    memory.retire()
    memory.give_back(1)
    await memory.put(b"a", b"a", kept())
    assert (len(memory), memory.names(b"a"), await memory.find(b"0"), memory.reserve(1)) == (0, None, None, False)
    await memory.drop([b"/x"])


def test_what_is_being_recorded_is_bounded_too() -> None:
    memory = Memory(80)
    assert [memory.reserve(6), memory.reserve(5), memory.reserve(4)] == [True, False, True]
    memory.give_back(6)
    assert memory.reserve(6)


async def test_two_of_them_have_nothing_in_common() -> None:
    one, two = Memory(ROOM), Memory(ROOM)
    await filled(one, 1)
    assert await two.find(b"0") is None
