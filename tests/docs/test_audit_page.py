"""The page on the audit log names the events that the source writes, and its example is a line."""

from __future__ import annotations

import re

from proxy.audit import chain
from tests.docs.test_docs import BLOCKS, ROOT, code, table

SOURCES = sorted(path for room in ("audit", "admin", "serve", "cli") for path in (ROOT / "proxy" / room).rglob("*.py"))
WRITTEN = re.compile(r'\b(?:_write|_tell|write_down|audit\.request)\(\s*(?:loaded, |audit, exchange, )?"(\w+)"')


def test_events_are_listed() -> None:
    events = {name for source in SOURCES for name in WRITTEN.findall(source.read_text("utf-8"))}
    listed = [name for row in table("audit.md", "\n| event |") for name in code(row[0])]
    assert len(listed) == len(set(listed))
    assert set(listed) == events | {chain.BEGAN, chain.CONTINUED, chain.RECOVERED, chain.LOST}


def test_the_line_is_one() -> None:
    shown = next(each.text for each in BLOCKS if each.page == "audit.md" and each.language == "json")
    entry = chain.read(shown.strip().encode())
    assert entry is not None
    assert (entry.event, entry.link.seq) == ("request_refused", 42)
