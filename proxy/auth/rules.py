"""The conditions that an issuer's errors and an API's refusals are told by.

Owns: matching `json`, `message` and `body` conditions, compiled once. Must not know whose reply it is or what follows
from a match.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from proxy.auth.paths import Path, as_text, compile_path
from proxy.values.record import record

PREFIX = 8 * 1024
"""Substrings are looked for in this many bytes of a body; documents must fit into them to be read."""


@record
class Conditions:
    """What a body must hold; all parts that are given must match."""

    values: tuple[tuple[Path, frozenset[str]], ...] = ()
    messages: tuple[tuple[Path, re.Pattern[str]], ...] = ()
    needles: tuple[bytes, ...] = ()

    @classmethod
    def compile(
        cls,
        values: Mapping[str, Sequence[Any]] | None,
        messages: Mapping[str, str] | None,
        needles: Sequence[str] | None,
    ) -> Conditions:
        """Raises ValueError for a path that is not JMESPath."""
        return cls(
            tuple((compile_path(path), texts(wanted)) for path, wanted in (values or {}).items()),
            tuple((compile_path(path), re.compile(regex)) for path, regex in (messages or {}).items()),
            tuple(spelling for needle in needles or () for spelling in _spellings(needle)),
        )

    def __bool__(self) -> bool:
        return bool(self.values or self.messages or self.needles)

    @property
    def reads_document(self) -> bool:
        return bool(self.values or self.messages)

    @property
    def wants_object(self) -> bool:
        """Can only match a document that is an object."""
        return self.reads_document and any(path.keys for path in self.paths)

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(path for path, _ in (*self.values, *self.messages))

    def match(self, document: Any, beginning: bytes) -> bool:
        """`beginning` is the body's first PREFIX bytes; `document` is None if the body was no JSON."""
        return self._document_matches(document) and (not self.needles or self._text_matches(beginning.lower()))

    def _text_matches(self, lowered: bytes) -> bool:
        return any(needle in lowered for needle in self.needles)

    def _document_matches(self, document: Any) -> bool:
        return all(holds(path.find(document), wanted) for path, wanted in self.values) and all(
            _says(path.find(document), regex) for path, regex in self.messages
        )


def texts(values: Sequence[Any]) -> frozenset[str]:
    return frozenset(text for value in values if (text := as_text(value)) is not None)


def holds(found: Any, wanted: frozenset[str]) -> bool:
    """A path may lead to several values (`errors[].code`): one that is wanted is enough."""
    if isinstance(found, list):
        return any(as_text(each) in wanted for each in found)
    return as_text(found) in wanted


def _says(found: Any, regex: re.Pattern[str]) -> bool:
    if isinstance(found, list):
        return any((text := as_text(each)) is not None and regex.search(text) for each in found)
    text = as_text(found)
    return text is not None and regex.search(text) is not None


def _spellings(needle: str) -> frozenset[bytes]:
    """How a text may stand in a body that was put in lower case: plain, in GB 18030, or escaped as JSON does."""
    if not needle:
        raise ValueError("an empty text would match every reply")
    small = needle.lower()
    return frozenset((small.encode(), small.encode("gb18030").lower(), json.dumps(small)[1:-1].lower().encode()))
