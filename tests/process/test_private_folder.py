"""The private directory: whose it is, and who removes it."""

from __future__ import annotations

import os
import stat
import tempfile
import threading
from pathlib import Path

import pytest

from proxy.process.private_folder import PrivateFolder


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_it_is_ours_alone(place: Path) -> None:
    private = PrivateFolder.new()
    assert stat.S_IMODE(private.path.stat().st_mode) == 0o700
    assert private.path.parent == place
    assert private.path.name.startswith("keyless-workers-")


def test_the_last_one_removes_it() -> None:
    first = PrivateFolder.new()
    second, third = PrivateFolder(first.path), PrivateFolder(first.path)
    (first.path / "store").mkdir()
    for each in (second, first):
        each.leave()
        assert first.path.is_dir()
    third.leave()
    assert not first.path.exists()
    third.leave()


def test_what_is_in_use_is_left_alone(place: Path) -> None:
    first = PrivateFolder.new()
    second = PrivateFolder.new()
    assert {path.name for path in place.iterdir()} == {first.path.name, second.path.name}


def test_what_the_dead_left_goes(place: Path) -> None:
    left = place / "keyless-workers-deserted"
    left.mkdir(mode=0o700)
    (left / "key").write_text("sealed", encoding="ascii")
    (place / "keyless-workers-somefile").write_text("no directory", encoding="ascii")
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()
    (place / "keyless-workers-somelink").symlink_to(elsewhere)
    private = PrivateFolder.new()
    names = {path.name for path in place.iterdir()}
    assert names == {private.path.name, "keyless-workers-somefile", "keyless-workers-somelink", "elsewhere"}


@pytest.mark.parametrize(
    ("name", "mode"), [("keyless-notes", 0o700), ("keyless-workers-notes", 0o700), ("keyless-workers-deserted", 0o755)]
)
def test_what_is_somebodys_stays(place: Path, name: str, mode: int) -> None:
    (place / name).mkdir(mode=mode)
    PrivateFolder.new()
    assert (place / name).is_dir()


def test_an_orphan_waits_for_who_is_just_ending() -> None:
    """A killed process holds its locks until the kernel has taken it apart, a little after its sockets have closed."""
    first = PrivateFolder.new()
    second = PrivateFolder(first.path)
    ending = threading.Timer(0.1, lambda: os.close(first._lock or -1))
    ending.start()
    second.leave(30.0)
    ending.join()
    assert not first.path.exists()


def test_joining_what_is_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        PrivateFolder(Path("/nowhere/keyless-gone"))
