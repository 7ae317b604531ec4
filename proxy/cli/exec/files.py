"""The temporary files of a program: 0600, in a folder of 0700 that goes with the command; what a SIGKILL left goes at
the next start (process/private_folder.py).

Owns: how they are written. Must not know: which there are (tools.py).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import yaml

from proxy.config.written.overlay import merged
from proxy.process.lending.tools import Needs

PREFIX = "keyless-exec-"


def write(folder: Path, needs: Needs) -> list[str]:
    """Returns what the user should know: files of theirs that can't go under ours. Raises OSError."""
    notes = []
    for name, content in needs.files.items():
        theirs: Any = {}
        if name in needs.over:
            path = Path(needs.over[name]).expanduser()
            try:
                theirs = _read(path)
            except (OSError, ValueError, yaml.YAMLError):
                notes.append(f"{path} can't be read here: the program goes without it")
        _write(folder / name, content if isinstance(content, str) else json.dumps(merged(theirs, content), indent=2))
    return notes


def _read(path: Path) -> dict[str, Any]:
    """YAML, or JSON as far as YAML understands it. Raises OSError, ValueError, YAMLError."""
    if not path.exists():
        return {}
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict | None):
        raise ValueError("no mapping")  # noqa: TRY004 -- of a file
    return document or {}


def _write(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
