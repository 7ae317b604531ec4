"""The key file: one key for all who start at once, and for nobody else."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from proxy.tokens.store.key_file import Seal, key_file


def test_it_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "key"
    key = key_file(path)
    assert Seal([key])
    assert key_file(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_all_who_start_at_once_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as threads:
        keys = set(threads.map(lambda _: key_file(tmp_path / "key"), range(64)))
    assert len(keys) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_one_that_others_can_read_is_refused_with_the_command_that_mends_it(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    key_file(path)
    path.chmod(mode)
    with pytest.raises(ValueError, match=f"chmod 600 {path}"):
        key_file(path)


def test_an_empty_one_is_no_key(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.touch(0o600)
    with pytest.raises(ValueError, match="is empty"):
        key_file(path)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="key"):
        key_file(tmp_path / "no" / "key")
