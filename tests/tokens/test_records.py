"""Records in a store: sealed, set aside when they can't be read, sealed anew."""

from __future__ import annotations

import io

import pytest

from proxy.auth.life.record import Record
from proxy.config.secrets.seal import Seal, Unsealable, new_key
from proxy.tokens.records import KEEP_WAIT, Records, patiently
from proxy.tokens.store import StoreDown
from proxy.tokens.store.memory import MemoryStore

KEY, OTHER = new_key(), new_key()
RECORD = Record(3, "t0ken", 1.0, 2.0, 0.5, 0.2, "r3fresh", names=("mail",))


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


async def test_what_lies_in_the_store_is_sealed(store: MemoryStore) -> None:
    assert await Records(store, Seal([KEY])).keep("ab", RECORD)
    sealed = await store.read("ab")
    assert sealed is not None
    assert not any(text in sealed for text in (b"t0ken", b"r3fresh", b"mail"))


async def test_a_record_of_another_key_is_set_aside_and_said_once(store: MemoryStore, log: io.StringIO) -> None:
    await Records(store, Seal([OTHER])).keep("ab", RECORD)
    records = Records(store, Seal([KEY]))
    assert await records.find("ab") is None
    assert await records.find("ab") is None
    assert await store.keys() == []
    assert log.getvalue().count("unsealable") == 1
    assert await records.keep("ab", Record(1))


@pytest.mark.parametrize("inside", [b"", b"{}", b"not JSON", RECORD.to_bytes("cd")])
async def test_a_record_that_is_none_or_another_cells_is_set_aside(
    store: MemoryStore, log: io.StringIO, inside: bytes
) -> None:
    await store.write("ab", Seal([KEY]).seal(inside), 7)
    assert await Records(store, Seal([KEY])).find("ab") is None
    assert await store.keys() == []
    assert "unreadable" in log.getvalue()
    assert "t0ken" not in log.getvalue()


async def test_a_look_sets_nothing_aside(store: MemoryStore) -> None:
    await Records(store, Seal([OTHER])).keep("ab", RECORD)
    with pytest.raises(Unsealable):
        await Records(store, Seal([KEY])).peek("ab")
    assert await store.keys() == ["ab"]
    assert await Records(store, Seal([OTHER])).peek("ab") == RECORD


async def test_keys_are_rotated_without_losing_a_generation(store: MemoryStore) -> None:
    await Records(store, Seal([OTHER])).keep("ab", RECORD)
    both = Records(store, Seal([KEY, OTHER]))
    assert await both.rotate_key("ab")
    assert not await both.rotate_key("none")
    assert await Records(store, Seal([KEY])).find("ab") == RECORD
    assert not await both.keep("ab", RECORD)


def test_trouble_is_said_once_and_its_end_too(store: MemoryStore, log: io.StringIO) -> None:
    records = Records(store, Seal([KEY]))
    for _ in range(3):
        records.complain(StoreDown("gone"))
    for _ in range(3):
        records.recovered()
    assert len(log.getvalue().splitlines()) == 2


@pytest.mark.parametrize("fails", [0, 1, 2])
async def test_what_cannot_be_had_again_is_kept_with_patience(fails: int) -> None:
    pauses: list[float] = []
    failures = [StoreDown("slow")] * fails
    told: list[StoreDown] = []

    async def step() -> str:
        if failures:
            raise failures.pop()
        return "kept"

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    assert await patiently(step, 3, sleep, told.append) == "kept"
    assert (len(told), pauses) == (fails, [KEEP_WAIT] * fails)


async def test_patience_ends() -> None:
    pauses: list[float] = []

    async def step() -> None:
        raise StoreDown("gone")

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    with pytest.raises(StoreDown, match="gone"):
        await patiently(step, 3, sleep)
    assert len(pauses) == 2
