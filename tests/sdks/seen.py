"""What was seen of the SDKs of rows.yaml (seen.yaml), as `make sdks` compares it and docs/sdks-table.md tells it.

Owns: the file. Must not know: how it was seen (measure.py).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.sdks.rows import Seen, rows

FILE = Path(__file__).with_name("seen.yaml")


def recorded() -> dict[str, Seen]:
    there = yaml.safe_load(FILE.read_text("utf-8")) if FILE.exists() else {}
    return {name: Seen(**keys) for name, keys in there.items()}


def taken_over(folder: Path) -> None:
    """What a run has left in this folder, over what was seen before; rows that are no more go."""
    known = {name: was._asdict() for name, was in recorded().items()}
    known |= {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in folder.glob("*.yaml")}
    FILE.write_text(written(known), "utf-8")


def written(known: Mapping[str, Mapping[str, Any]]) -> str:
    """In one order, whoever has written its rows before: what is different is what was seen."""
    ordered = {name: dict(sorted(known[name].items())) for name in rows() if name in known}
    return yaml.safe_dump(ordered, sort_keys=False, width=120, allow_unicode=True)


if __name__ == "__main__":
    taken_over(Path(sys.argv[1]))
