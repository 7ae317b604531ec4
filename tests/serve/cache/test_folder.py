"""Replies in files: whole or not at all, within a bound, and nobody else's to read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from proxy.serve.cache.folder import Folder

KEY, OTHER = b"k" * 32, b"o" * 32


def variant(number: int) -> bytes:
    return bytes([number]) * 32


def test_the_latest_variant_comes_first(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "cache", 10_000)
    for number, content in ((1, b"one"), (2, b"two")):
        folder.write(KEY, variant(number), content)
        when = 1_700_000_000 + number
        os.utime(next(tmp_path.glob(f"cache/*{variant(number).hex()[:16]}*")), (when, when))
    folder.write(OTHER, variant(3), b"three")
    assert folder.read(KEY) == [b"two", b"one"]
    folder.write(KEY, variant(1), b"anew")
    assert folder.read(KEY) == [b"anew", b"two"]


def test_it_is_the_users_alone(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "cache", 10_000)
    folder.write(KEY, variant(1), b"one")
    (file,) = folder.path.iterdir()
    assert (stat.S_IMODE(folder.path.stat().st_mode), stat.S_IMODE(file.stat().st_mode)) == (0o700, 0o600)


def test_nothing_there_is_nothing_found(tmp_path: Path) -> None:
    assert Folder(tmp_path / "none", 100).read(KEY) == []


def test_the_oldest_go_when_there_is_too_much(tmp_path: Path) -> None:
    """Two of them write there, and neither knows of the other; each counts again in time."""
    room, size = 16_000, 500
    one, two = Folder(tmp_path / "cache", room), Folder(tmp_path / "cache", room)
    for number in range(250):
        folder = (one, two)[number % 2]
        folder.write(number.to_bytes(32, "big"), variant(0), bytes(size))
        path = folder.path / f"{number.to_bytes(32, 'big').hex()}-{variant(0).hex()[:16]}.reply"
        os.utime(path, (number, number))
        whole = sum(path.stat().st_size for path in one.path.iterdir())
        assert whole <= room + room // 16
    assert one.read((0).to_bytes(32, "big")) == []
    assert one.read((249).to_bytes(32, "big")) == [bytes(size)]


def test_what_a_killed_process_had_begun_is_cleared_away(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "cache", 10_000)
    folder.path.mkdir()
    old, new = folder.path / "a.1.temp", folder.path / "b.2.temp"
    for each in (old, new):
        each.write_bytes(b"half")
    os.utime(old, (0, 0))
    folder.write(KEY, variant(1), b"one")
    assert (old.exists(), new.exists()) == (False, True)
