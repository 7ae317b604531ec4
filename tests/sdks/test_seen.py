"""The file of what was seen: a run changes the rows that it has tried, and no other line."""

from __future__ import annotations

from tests.sdks.seen import FILE, recorded, written


def test_it_is_written_as_it_stands() -> None:
    known = {name: was._asdict() for name, was in recorded().items()}
    assert written(known) == FILE.read_text("utf-8")
