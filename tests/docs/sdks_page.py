"""The tables of docs/sdks-table.md, made from the SDKs that were tried and what was seen: `make docs` writes them, the
docs tests compare.

Owns: what a row says. Must not know: how an SDK is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from tests.sdks.rows import NO_END, Row, Seen, rows
from tests.sdks.seen import recorded

PAGE = Path(__file__).parents[2] / "docs" / "sdks-table.md"
LANGUAGES = {"python": "Python", "node": "Node"}
HEADS = "| SDK | setting | client key | of an error it shows | and besides |\n|---|---|---|---|---|\n"
_MARKED = re.compile(r"(<!-- sdks -->\n).*?(<!-- /sdks -->)", re.DOTALL)


def tables() -> str:
    seen = recorded()
    return "\n".join(_table(language, seen) for language in LANGUAGES)


def written(page: str) -> str:
    """The page with its tables made anew."""
    return _MARKED.sub(lambda marks: f"{marks[1]}\n{tables()}\n{marks[2]}", page)


def _table(language: str, seen: dict[str, Seen]) -> str:
    mine = [(row, seen[name]) for name, row in rows().items() if row.language == language and name in seen]
    lines = "".join(_line(row, was) for row, was in sorted(mine, key=lambda each: each[0].known_as.lower()))
    return f"## {LANGUAGES[language]}\n\n{_counted(was for _, was in mine)}\n\n{HEADS}{lines}"


def _counted(seen: Iterable[Seen]) -> str:
    all_ = list(seen)
    works, told = sum(was.works for was in all_), sum(was.text == "yes" for was in all_)
    return f"{len(all_)} were tried: {works} work, {told} show the proxy's words in the error itself."


def _line(row: Row, was: Seen) -> str:
    version = row.versions[0].rpartition("@" if row.language == "node" else "==")[2]
    setting = row.setting if was.works else f"**does not work**: {row.setting}"
    key = "yes" if was.client_key else "no"
    besides = "; ".join(text for text in (row.breaks, row.silent) if text)
    return f"| {row.known_as} {version} | {setting} | {key} | {_shown(was)} | {besides} |\n"


def _shown(was: Seen) -> str:
    words = {"yes": "with the words", "above": "the words above it", "no": "**no words**"}[was.text]
    if was.raised == NO_END:
        return f"nothing within {was.seconds:.0f} s; {was.tries} tries"
    kind = f"`{was.raised}`" if was.raised else "an answer"
    tries = "" if was.tries == 1 else f"; {was.tries} tries"
    seconds = "" if was.seconds < 2 else f"; {was.seconds:.0f} s"
    return f"{kind}, {words}{tries}{seconds}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
