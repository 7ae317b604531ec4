"""Takes live credentials out of what goes back to clients, without changing its length. Pure."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

SHORTEST = 8
"""Shorter strings are no secrets, and would hit innocent text."""

_TEXT = (
    b"text/",
    b"application/json",
    b"application/xml",
    b"application/x-www-form-urlencoded",
    b"application/problem+",
)


def spellings(secret: str) -> tuple[bytes, ...]:
    """How a secret can stand in a text: as it is, in a URL, in a JSON string."""
    if len(secret) < SHORTEST:
        return ()
    plain = secret.encode("utf-8")
    quoted = quote(secret, safe="").encode("ascii")
    in_json = json.dumps(secret)[1:-1].encode("ascii")
    lower_quoted = re.sub(rb"%..", lambda escape: escape[0].lower(), quoted)
    return tuple(dict.fromkeys((plain, quoted, lower_quoted, in_json, in_json.replace(b"/", b"\\/"))))


def scrub(data: bytes, needles: tuple[bytes, ...]) -> bytes:
    for needle in needles:
        if needle in data:
            data = data.replace(needle, b"*" * len(needle))
    return data


def is_text(content_type: bytes) -> bool:
    kind = content_type.split(b";", 1)[0].strip().lower()
    return kind.startswith(_TEXT) or kind.endswith((b"+json", b"+xml", b"javascript"))


class Scrubber:
    """For bodies that come in pieces: holds back what may be the beginning of a needle."""

    __slots__ = ("_held", "_needles")

    def __init__(self, needles: tuple[bytes, ...]) -> None:
        self._needles = needles
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        data = scrub(self._held + data, self._needles)
        keep = max((_overlap(data, needle) for needle in self._needles), default=0)
        self._held = data[len(data) - keep :]
        return data[: len(data) - keep]

    def end(self) -> bytes:
        held, self._held = self._held, b""
        return held


def _overlap(data: bytes, needle: bytes) -> int:
    """How many bytes at the end of `data` are the beginning of `needle`."""
    window = data[-(len(needle) - 1) :]
    at = window.find(needle[:1])
    while at >= 0:
        if needle.startswith(window[at:]):
            return len(window) - at
        at = window.find(needle[:1], at + 1)
    return 0
