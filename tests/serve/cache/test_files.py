"""Sealed replies on disk, from a loop: found again by another process, and never in the clear."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.config.secrets.seal import Seal, new_key
from proxy.plan.caching.kept import Kept
from proxy.plan.caching.rule import Term
from proxy.serve.cache.files import WAITING, Files
from proxy.tokens.store import StoreDown

KEY, VARIANT = b"k" * 32, b"v" * 32
KEPT = Kept(b"HTTP/1.1 200 OK\r\n", False, b"a canary", (), 1.0, Term(60.0, 0.0, False), b"/api/x")


def files(folder: Path, key: str) -> Files:
    return Files(folder, lambda: Seal([key]))


async def written(folder: Path, key: str) -> None:
    there = files(folder, key)
    there.put(VARIANT, KEY, KEPT)
    await there.close()


async def test_another_process_finds_it(tmp_path: Path) -> None:
    key = new_key()
    await written(tmp_path, key)
    again = files(tmp_path, key)
    assert await again.find(KEY) == [(VARIANT, KEPT)]
    assert await again.find(VARIANT) == []
    await again.close()


async def test_nothing_of_it_is_in_the_clear(tmp_path: Path) -> None:
    await written(tmp_path, new_key())
    (file,) = (tmp_path / "cache").iterdir()
    assert b"canary" not in file.read_bytes()
    assert b"/api/x" not in file.read_bytes()


@pytest.mark.parametrize("damage", ["another key", "torn", "empty"])
async def test_what_cannot_be_read_is_not_there(tmp_path: Path, damage: str) -> None:
    key = new_key()
    await written(tmp_path, key)
    (file,) = (tmp_path / "cache").iterdir()
    if damage != "another key":
        file.write_bytes(file.read_bytes()[:-1] if damage == "torn" else b"")
    again = files(tmp_path, new_key() if damage == "another key" else key)
    assert await again.find(KEY) == []
    await again.close()


async def test_a_slow_disk_lets_go_rather_than_grow(tmp_path: Path) -> None:
    there = files(tmp_path, new_key())
    for number in range(WAITING * 2):
        there.put(number.to_bytes(32, "big"), number.to_bytes(32, "big"), KEPT)
    await there.close()
    assert len(list((tmp_path / "cache").iterdir())) == WAITING


async def test_a_disk_that_fails_is_told_once_and_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")

    def no_key() -> Seal:
        raise StoreDown("no key")

    there = Files(tmp_path, no_key)
    there.put(VARIANT, KEY, KEPT)
    there.put(VARIANT, KEY, KEPT)
    await there.close()
    assert capsys.readouterr().out.count("replies can't be kept") == 1
    assert await files(tmp_path / "none", new_key()).find(KEY) == []
