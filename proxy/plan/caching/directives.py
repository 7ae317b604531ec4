"""What `Cache-Control` says, in a request or in a reply (RFC 9111 §5.2), and the dates beside it.

Owns: reading them. Must not know: what follows from them.
"""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from proxy.http.fields import Fields

_DIRECTIVE: Final = re.compile(rb"""\s*([^\s=,"]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?\s*(?:,|$)""")
FOREVER: Final = 2.0**31
"""Seconds that stand for more than can be counted (RFC 9111 §1.2.2)."""


class Directives:
    """By name, in lower case."""

    def __init__(self, said: bytes) -> None:
        self._said: dict[bytes, bytes | None] = {}
        self.sound = True  # all of it could be read
        at = 0
        while at < len(said):
            match = _DIRECTIVE.match(said, at)
            if match is None:
                self.sound = not said[at:].strip(b" \t,")
                break
            at = match.end()
            name, value = match[1].lower(), match[3] if match[2] is None else match[2]
            if self._said.setdefault(name, value) != value:
                self._said[name] = b""  # said twice, differently: no number any more (RFC 9111 §4.2.1)

    def __contains__(self, name: bytes) -> bool:
        return name in self._said

    def seconds(self, name: bytes) -> float | None:
        """None where it is not said; 0 for what is no number, as RFC 9111 §4.2.1 advises."""
        return seconds(self._said[name] or b"") if name in self._said else None


def seconds(said: bytes) -> float:
    """0 for what is no number (RFC 9111 §1.2.2)."""
    return min(float(said), FOREVER) if said.isdigit() else 0.0


def joined(fields: Fields, name: bytes) -> bytes:
    """The values of all fields of this (lower case) name, as one list (RFC 9110 §5.3); b"" where there is none."""
    return b", ".join(value for known, value in fields if known.lower() == name)


def date(fields: Fields, name: bytes) -> float | None:
    """Unix time; None for what is no date, or is not there."""
    said = joined(fields, name).decode("latin-1")
    try:
        found = parsedate_to_datetime(said)
    except (ValueError, OverflowError):
        return None
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
