"""A directory as a store: who may see it, what breaks it, what survives."""

from __future__ import annotations

import asyncio
import os
import resource
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from proxy.tokens.store import EVERYTHING, StoreDown
from proxy.tokens.store.file import FileStore

PATIENCE = 20.0


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FileStore]:
    store = FileStore(tmp_path / "a" / "store")
    yield store
    await store.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a" / "store"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_all_of_it_is_its_owners_only(store: FileStore, folder: Path) -> None:
    await store.write("ab", b"sealed", 1)
    async with store.lease("ab"):
        pass
    assert mode(folder) == 0o700
    assert {mode(path) for path in folder.iterdir()} == {0o600}
    assert sorted(path.name for path in folder.iterdir()) == ["ab.lock", "ab.sealed", "write.lock"]


@pytest.mark.parametrize("wrong", [0o750, 0o705, 0o777])
def test_a_folder_that_is_open_to_others_is_refused_with_the_command_that_mends_it(tmp_path: Path, wrong: int) -> None:
    tmp_path.chmod(wrong)
    with pytest.raises(StoreDown, match=f"chmod 700 {tmp_path}"):
        FileStore(tmp_path)


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("x")
    with pytest.raises(StoreDown, match="File exists"):
        FileStore(tmp_path / "store")


@pytest.mark.parametrize(
    "torn", [b"", b"7", b"7\n", b"\n", b"x\nsealed", b"-1\nsealed", b"\x00" * 512, b"9" * 99 + b"\nx"]
)
async def test_a_torn_file_is_set_aside(store: FileStore, folder: Path, torn: bytes) -> None:
    (folder / "ab.sealed").write_bytes(torn)
    assert await store.read("ab") is None
    assert (folder / "ab.torn").read_bytes() == torn
    assert await store.write("ab", b"sealed", 1)


async def test_a_torn_file_does_not_stop_a_write(store: FileStore, folder: Path) -> None:
    (folder / "ab.sealed").write_bytes(b"9999")
    assert await store.write("ab", b"sealed", 1)
    assert await store.read("ab") == b"sealed"


async def test_what_a_crash_left_half_written_harms_nothing(store: FileStore, folder: Path) -> None:
    (folder / "ab.temp").write_bytes(b"5\nhalf of it")
    assert await store.read("ab") is None
    assert await store.write("ab", b"sealed", 1)
    assert not (folder / "ab.temp").exists()


# ---------------------------------------------------------------------------------------------- trouble


@contextmanager
def full_disk(_folder: Path) -> Iterator[None]:
    """No file may grow beyond what it has: writing fails as it does on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def no_lock(folder: Path) -> Iterator[None]:
    (folder / "write.lock").unlink(missing_ok=True)
    (folder / "write.lock").mkdir()
    yield
    (folder / "write.lock").rmdir()


@contextmanager
def gone(folder: Path) -> Iterator[None]:
    folder.rename(folder.with_name("moved"))
    yield
    folder.with_name("moved").rename(folder)


@pytest.mark.parametrize("trouble", [full_disk, no_lock, gone])
async def test_a_write_that_fails_says_so_and_leaves_what_was_there(
    store: FileStore, folder: Path, trouble: Callable[[Path], Iterator[None]]
) -> None:
    await store.write("ab", b"one", 1)
    with trouble(folder), pytest.raises(StoreDown, match=str(folder)):  # type: ignore[attr-defined]
        await store.write("ab", b"two", 2, 5.0)
    assert await store.read("ab") == b"one"
    assert not (folder / "ab.temp").exists()
    assert await store.write("ab", b"two", 2)


async def test_a_lease_in_a_folder_that_is_gone(store: FileStore, folder: Path) -> None:
    with gone(folder), pytest.raises(StoreDown, match="No such file"):
        await store.lease("ab").__aenter__()


async def test_the_first_contact_may_take_its_time(store: FileStore, folder: Path) -> None:
    os.mkfifo(folder / "ab.sealed")
    with pytest.raises(StoreDown, match="no answer within 2 s"):
        await store.read("ab")
    with (folder / "ab.sealed").open("wb") as fifo:
        fifo.write(b"1\nsealed")


async def test_a_disk_that_hangs_costs_a_reader_a_quarter_of_a_second(store: FileStore, folder: Path) -> None:
    assert await store.read("cd") is None  # which was the first contact
    os.mkfifo(folder / "ab.sealed")  # opening it waits for a writer
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(StoreDown, match=r"no answer within 0\.25 s"):
        await store.read("ab")
    assert loop.time() - began < 2.0
    with (folder / "ab.sealed").open("wb") as fifo:
        fifo.write(b"1\nsealed")  # the thread goes home; of a torn record it would open the file once more, for ever


async def test_a_closed_store_is_down(store: FileStore) -> None:
    await store.close()
    with pytest.raises(StoreDown):
        await store.read("ab")


# ---------------------------------------------------------------------------------------------- others


HOLDER = """
import asyncio, sys
from pathlib import Path
from proxy.tokens.store.file import FileStore

async def main():
    store = FileStore(Path(sys.argv[1]))
    async with store.lease("ab"):
        print("held", flush=True)
        sys.stdin.readline()

asyncio.run(main())
"""


async def test_the_lease_of_a_killed_process_is_free(store: FileStore, folder: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(folder)]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        waiting = asyncio.ensure_future(store.lease("ab").__aenter__())
        await asyncio.wait((waiting,), timeout=0.1)
        assert not waiting.done()
        holder.kill()
        await asyncio.wait_for(waiting, PATIENCE)


async def test_watching_hears_what_others_write(store: FileStore, folder: Path) -> None:
    other = FileStore(folder)
    heard: asyncio.Queue[str] = asyncio.Queue()
    watching = asyncio.ensure_future(store.watch(heard.put))
    assert await asyncio.wait_for(heard.get(), PATIENCE) == EVERYTHING
    for generation in range(1, 6):
        await other.write("ab", b"x" * generation, generation, 5.0)
        assert await asyncio.wait_for(heard.get(), PATIENCE) == "ab"
    await other.write("cd", b"x", 1, 5.0)
    assert await asyncio.wait_for(heard.get(), PATIENCE) == "cd"
    watching.cancel()
    await asyncio.wait((watching,))
    await other.close()


async def test_after_a_write_that_failed_everything_is_looked_at_again(store: FileStore, folder: Path) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    watching = asyncio.ensure_future(store.watch(heard.put))
    assert await asyncio.wait_for(heard.get(), PATIENCE) == EVERYTHING
    with no_lock(folder), pytest.raises(StoreDown):
        await store.write("ab", b"x", 1)
    assert await asyncio.wait_for(heard.get(), PATIENCE) == EVERYTHING
    watching.cancel()
    await asyncio.wait((watching,))
