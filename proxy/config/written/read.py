"""The files of a config, as what stands in them.

Owns: opening them, and `include`. Must not know: secrets, what any other key is for.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path

from proxy.config.written.marks import Document, parse, unread
from proxy.errors import Problem
from proxy.values.where import Where, dotted, place

_NO_NAME = "\0"  # opening it fails as it does for anything else that can't be a file's name
_MAX_FILE = 4 * 1024 * 1024  # more is no config, or a device without end


def read(path: Path) -> list[Document]:
    """A config file, then what it includes; what can't be read is a document that says so."""
    return list(_documents(path, content(path), set(), ()))


def content(path: Path) -> bytes | str:
    """The content of a file, or why it can't be had."""
    try:
        with path.open("rb") as file:
            written = file.read(_MAX_FILE + 1)
    except FileNotFoundError:
        return "not found"
    except (OSError, ValueError) as error:
        return f"can't be read ({getattr(error, 'strerror', None) or 'not a name for a file'})"
    return written if len(written) <= _MAX_FILE else f"more than {_MAX_FILE} bytes; not a config file"


def _documents(path: Path, written: bytes | str, seen: set[str], above: tuple[str, ...]) -> Iterator[Document]:
    """A file, then what it includes. `seen` keeps a file that two others include from being read twice."""
    above = (*above, os.path.realpath(path))
    seen.add(above[-1])
    if isinstance(written, str):
        yield unread(str(path), 1, "file", written)
        return
    document = parse(written, str(path))
    yield document
    for where, name in _included(document, path.parent):
        inner = content(name)
        if isinstance(inner, str):
            yield _complaint(document, where, inner)
        elif os.path.realpath(name) in above:
            yield _complaint(document, where, "includes a file that includes this one")
        elif os.path.realpath(name) not in seen:
            yield from _documents(name, inner, seen, above)


def _included(document: Document, folder: Path) -> Iterator[tuple[Where, Path]]:
    written = document.tree.get("include") or []
    patterns = enumerate(written) if isinstance(written, list) else [(None, written)]
    for index, pattern in patterns:
        where: Where = ("include",) if index is None else ("include", index)
        if not isinstance(pattern, str) or "\0" in pattern or "${" in pattern:
            yield where, folder / _NO_NAME
        elif any(character in pattern for character in "*?["):
            yield from ((where, folder / name) for name in _matches(pattern, folder))
        else:
            yield where, folder / pattern


def _matches(pattern: str, folder: Path) -> list[str]:
    return sorted(glob.glob(pattern, root_dir=folder))  # noqa: PTH207 -- Path.glob refuses absolute patterns


def _complaint(document: Document, where: Where, text: str) -> Document:
    """A problem with one entry of `include`, as a file of its own that says nothing else."""
    mark = place(where, document.marks, document.file)
    return Document(document.file, problems=(Problem(*mark, dotted(where), text),), complete=False)
