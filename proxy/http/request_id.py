"""Which request is it? By its own word, or by that of the trace that it is a part of (W3C Trace Context, level 1).

Owns: which ids are taken for one. Must not know: where new ones come from. Pure.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

HEADER: Final = "X-Request-Id"
FIELD: Final = b"x-request-id"
PARENT: Final = b"traceparent"
FIELDS: Final = frozenset((FIELD, PARENT))

_ID: Final = re.compile(rb"(?!kls_)[A-Za-z0-9._:=-]{1,128}", re.ASCII)
"""Ids stand in lines and in headers; client keys, which begin with `kls_`, must not."""
_PARENT: Final = re.compile(rb"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
"""Later versions may say more behind the flags (§3.2.4)."""


class Parent(NamedTuple):
    """The caller's part of a trace: `trace` and `span` are its ids in hexadecimal digits."""

    trace: str
    span: str
    sampled: bool


def given_id(facts: dict[bytes, bytes]) -> str:
    """That of a request with these headers, by names in lower case; "" where they name none that is usable."""
    said = facts.get(FIELD)
    if said is not None and _ID.fullmatch(said) is not None:
        return said.decode("ascii")
    if PARENT not in facts:
        return ""
    parent = parent_of(facts)
    return "" if parent is None else parent.trace


def parent_of(facts: dict[bytes, bytes]) -> Parent | None:
    """None where there is none, or one that is malformed: then a new trace begins (§4.3)."""
    match = _PARENT.fullmatch(facts.get(PARENT, b""))
    if match is None or (match[1] == b"00" and match[5] is not None):
        return None
    return Parent(match[2].decode("ascii"), match[3].decode("ascii"), bool(int(match[4], 16) & 1))
