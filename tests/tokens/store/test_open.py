"""Which engine a setting means, and its keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.auth.life.record import Record
from proxy.config.secrets.seal import new_key
from proxy.tokens.store import StoreDown
from proxy.tokens.store.open import open_records
from tests.redis_server import RedisServer

RECORD = Record(1, refresh_token="r")


async def test_memory_is_its_own(tmp_path: Path) -> None:
    records = open_records("memory", None, tmp_path)
    assert not records.shared
    await records.keep("ab", RECORD)
    assert await open_records("memory", None, tmp_path).find("ab") is None
    assert list(tmp_path.iterdir()) == []


async def test_a_relative_folder_lies_beside_the_config_with_a_key_of_its_own(tmp_path: Path) -> None:
    records = open_records("file:tokens", None, tmp_path)
    assert records.shared
    await records.keep("ab", RECORD)
    await records.close()
    assert (tmp_path / "tokens" / "key").stat().st_mode & 0o777 == 0o600
    again = open_records(f"file:{tmp_path / 'tokens'}", None, Path("/nowhere"))
    assert await again.find("ab") == RECORD
    await again.close()


async def test_a_key_file_from_before_goes_on_opening(tmp_path: Path) -> None:
    first = open_records("file:tokens", None, tmp_path)
    await first.keep("ab", RECORD)
    await first.close()
    second = open_records("file:tokens", [new_key()], tmp_path)
    assert await second.find("ab") == RECORD
    await second.close()


async def test_with_a_configured_key_no_key_file_is_made(tmp_path: Path) -> None:
    records = open_records("file:tokens", [new_key()], tmp_path)
    await records.keep("ab", RECORD)
    await records.close()
    assert not (tmp_path / "tokens" / "key").exists()


async def test_redis_with_the_same_key_is_one_store(tmp_path: Path, server: RedisServer) -> None:
    key = new_key()
    one, other = (open_records(server.url, [key], tmp_path) for _ in range(2))
    await one.keep("ab", RECORD)
    assert await other.find("ab") == RECORD
    await one.close()
    await other.close()


@pytest.mark.parametrize(
    ("store", "keys", "says"),
    [
        ("redis://localhost", None, "store_key: a seal needs a key"),
        ("redis://localhost", ["short"], "store_key: expected at least 16 characters"),
        ("redis://:secret@host:port", [new_key()], r"store: expected redis://\[USER:PASSWORD@\]HOST"),
    ],
)
def test_what_cannot_be_is_said(tmp_path: Path, store: str, keys: list[str] | None, says: str) -> None:
    with pytest.raises(StoreDown, match=says) as refused:
        open_records(store, keys, tmp_path)
    assert "secret" not in str(refused.value)


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "tokens"
    folder.mkdir(0o700)
    (folder / "key").write_text(new_key())
    (folder / "key").chmod(0o644)
    with pytest.raises(StoreDown, match=f"chmod 600 {folder / 'key'}"):
        open_records("file:tokens", None, tmp_path)


@pytest.mark.parametrize("what", ["key", "all"])
async def test_a_key_that_was_taken_away_is_put_back_before_anything_is_sealed_with_it(
    tmp_path: Path, what: str
) -> None:
    records, folder = open_records("file:tokens", None, tmp_path), tmp_path / "tokens"
    await records.keep("ab", RECORD)
    key = (folder / "key").read_bytes()
    for file in folder.iterdir():
        if what == "all" or file.name == "key":
            file.unlink()
    later = Record(2, refresh_token="rotated")
    assert await records.keep("ab", later)
    await records.close()
    assert ((folder / "key").read_bytes(), (folder / "key").stat().st_mode & 0o777) == (key, 0o600)
    again = open_records("file:tokens", None, tmp_path)
    assert await again.find("ab") == later
    await again.close()
