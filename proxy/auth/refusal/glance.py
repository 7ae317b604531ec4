"""What the bytes of a JSON body show before anyone reads it: most replies can match no rule, and need no parsing.

Owns: marks that must stand in every body which a rule's conditions match. Pure. A glance may be wrong in one direction
only: it never clears a body that would match.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from proxy.auth.rules import Conditions

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.-]+")
_OPENING: Final = (b"{", b"[")


@dataclass(slots=True, eq=False, repr=False)
class Mark:
    """Some bytes, and what has to stand behind them. `any_case`: they are in lower case, the body may not be."""

    text: bytes
    then: re.Pattern[bytes] | None = None
    any_case: bool = False

    def stands_in(self, body: bytes) -> bool:
        if self.any_case:
            return self.text in body.lower()
        at = body.find(self.text)
        while at >= 0:
            at += len(self.text)
            if self.then is None or self.then.match(body, at):
                return True
            at = body.find(self.text, at)
        return False


def marks_of(conditions: Conditions) -> tuple[Mark, ...] | None:
    """One of these stands in any body that matches; None if that can't be told from bytes."""
    for path, wanted in conditions.values:
        if path.keys:
            return (Mark(_name(path.keys[-1]), _value(wanted)),)
    for path, _ in conditions.messages:
        if path.keys:
            return (Mark(_name(path.keys[-1])),)
    if conditions.needles:
        return tuple(Mark(needle, any_case=True) for needle in conditions.needles)
    return None


def may_match(marks: tuple[Mark, ...] | None, body: bytes) -> bool:
    """False clears the body, which stands there as it is, in no content coding."""
    # An escape may spell any name, and UTF-16 has zeros in it. A single byte is found many times faster than two.
    if marks is None or body[:1] not in _OPENING or (b"\\" in body and b"\\u" in body) or b"\0" in body[:4]:
        return True
    return any(mark.stands_in(body) for mark in marks)


def _name(key: str) -> bytes:
    return b'"%b"' % key.encode()


def _value(wanted: frozenset[str]) -> re.Pattern[bytes] | None:
    """Behind the name: one of these texts, or a form that may be equal to one (`1.1e2`), or hold one (a list)."""
    if not all(_PLAIN.fullmatch(text) for text in wanted):
        return None
    texts = "|".join(re.escape(text) for text in sorted(wanted))
    return re.compile(rf'\s*:\s*(?:"?(?:{texts})|-?[0-9]+[.eE]|[\[{{])'.encode("ascii"))
