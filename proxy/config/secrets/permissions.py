"""Which secrets other users of this machine can read: files of `${file:}`, `.env`, the directory of a file store.

Owns: the judgement, and its words. Must not know: what is in them. Access for the group is left alone: that is how
secrets are shared on purpose, as with `fsGroup` in Kubernetes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from proxy.config.written.reference import references
from proxy.values.where import Finding

_REFUSED = "`keyless run` refuses it; run: chmod 700"
_MEND = (
    "run: chmod {mode} {path} (a Kubernetes secret: `defaultMode: 0400`), or say `secrets: {{world_readable: allow}}`"
)


def opened_to_others(descriptor: int) -> str:
    """What all users of the machine may do with a file, or nothing."""
    if os.name != "posix":  # Windows has other rules, which these bits don't tell
        return ""
    mode = os.fstat(descriptor).st_mode
    return "written" if mode & stat.S_IWOTH else "read" if mode & stat.S_IROTH else ""


def findings(tree: Mapping[str, Any], folder: Path, open_files: Mapping[Path, str]) -> Iterator[Finding]:
    """One per place in the config that leads to such a file; `.env` has none, so it's said of the whole."""
    for path in (folder / ".env",):
        if path in open_files:
            yield Finding((), _text(path, open_files[path]))
    for where, reference in references(tree):
        path = folder / reference.name
        if reference.kind == "file" and path in open_files:
            yield Finding(where, _text(path, open_files[path]))
    yield from _store(tree, folder)


def _text(path: Path, opened: str) -> str:
    return f"{path} can be {opened} by every user of this machine; " + _MEND.format(mode="600", path=path)


def _store(tree: Mapping[str, Any], folder: Path) -> Iterator[Finding]:
    kind, _, where = str(tree.get("store", "")).partition(":")
    if kind != "file" or "${" in where or os.name != "posix":
        return
    path = folder / Path(where).expanduser()
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # it will be made, with the right mode
        return
    if stat.S_ISDIR(mode) and mode & 0o077:
        yield Finding(("store",), f"{path} is open to other users; {_REFUSED} {path}")
