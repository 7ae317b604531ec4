"""What is odd about values that came out of references, and about texts that look like one: said, nothing is stopped.

Owns: these remarks. Must not know: where values come from. No remark repeats a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from proxy.config.secrets.resolve import Resolved, Sources
from proxy.config.written.reference import references
from proxy.values.where import Finding, Where

_BARE = re.compile(r"(?<!\S)\$[A-Z_][A-Z0-9_]*(?!\S)")
_BLANK = re.compile(r"\A\s*\n|\n[ \t]*\r?\n|\n\s*\Z")


def remarks(tree: Any, resolved: Resolved, sources: Sources) -> Iterator[Finding]:
    """`tree` is as written, its references unresolved."""
    for line in sources.unread:
        yield Finding((), f"{line}: this line can't be read; expected NAME=value, and quotes that end")
    for where, reference in references(tree):
        if sources.was_trimmed(reference):
            yield Finding(where, f"{reference.shown} ends in a line break, which is left out")
    for where, value, _ in resolved.substitutions:
        if "-----BEGIN" not in value and _BLANK.search(value) is not None:
            yield Finding(where, "the value has blank lines; no key or token has")
    for where, text in _texts(tree, ()):
        if _BARE.search(text) is not None:
            yield Finding(where, "a `$` and a name are no reference, but sent as they stand; write ${NAME}")


def _texts(tree: Any, where: Where) -> Iterator[tuple[Where, str]]:
    if isinstance(tree, str):
        yield where, tree
        return
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, value in inner:
        yield from _texts(value, (*where, step))
