"""How it shows that a file has changed, however it was replaced. Must not know: what is in it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

COARSE = 0.05
"""Seconds that a file system's clock may be behind."""

Stamps = dict[str, object]


def stamps(files: Iterable[Path]) -> Stamps:
    return {str(path): _stamp(path) for path in files}


def stamps_of_names(files: Iterable[Path]) -> Stamps:
    """Of the folders in which they lie: a new file may be one that `include` takes."""
    return {f"{folder}/*": _names(folder) for folder in {path.parent for path in files}}


def touched(files: Iterable[Path], since: float) -> bool:
    """Whether one of them, or the folder where a link is swapped, has changed later than that; rather too often."""
    for place in {place for path in files for place in (path, path.parent)}:
        with suppress(OSError, ValueError):
            if max(place.stat().st_ctime, place.lstat().st_ctime) > since - COARSE:
                return True
    return False


def _stamp(path: Path) -> object:
    try:
        stat = path.stat()
    except (OSError, ValueError):
        return None
    return stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_size


def _names(folder: Path) -> object:
    return tuple(sorted(str(path) for path in folder.glob("*.y*ml")))


def folders_of(files: Iterable[Path]) -> set[Path]:
    """Where each file lies, and what it leads to; of a folder that isn't there, the one above."""
    folders = set()
    for place in {place for path in files for place in (path, _real(path))}:
        folder = place.parent
        while not folder.is_dir() and folder != folder.parent:
            folder = folder.parent
        folders.add(folder)
    return folders


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError):  # a link that leads to itself
        return path
