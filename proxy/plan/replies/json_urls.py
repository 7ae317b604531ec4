"""Strings of a JSON text that begin with an API's URL begin with the proxy's instead; no other byte changes. Pure.

Owns: the search, and what of a text that comes in pieces must wait. A quote that begins a string is never preceded by a
backslash, and one that ends a string is never followed by the letter of a scheme: so a string's beginning is found
without reading what is before it, by one expression that knows all spellings of what it looks for (`\\/`, `\\u002f`).
Must not know: what is HTTP, or which replies are read (rewrite.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import NamedTuple

from proxy.auth.hosts import LONGEST, is_name

_UNITS = re.compile(rb'(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')
_BROKEN_OFF = re.compile(rb"(?:\\(?:u[0-9a-fA-F]{0,3})?)?")
_END = rb'(?=["/?#{]|\\/|\\u00(?i:2f|3f|23|7b))'  # a brace: URI templates (RFC 6570)
_IN_NAME = rb"(?:[A-Za-z0-9._-]|\\u00[2-7][0-9a-fA-F])"
_AUTHORITY = re.compile(rb"[a-z0-9._-]{0,%d}(?::\d{0,5})?" % LONGEST)
_BACKSLASH = ord("\\")
_LONGEST_UNIT = len(rb"\u002f")


class Place(NamedTuple):
    """A beginning of URLs. `head` is scheme and authority, in lower case; `own` is what stands for both and the `base`
    behind the proxy's scheme and authority.
    """

    head: bytes
    base: bytes
    own: bytes

    def may_begin(self, text: bytes) -> bool:
        size = len(self.head)
        return self.head.startswith(text[:size].lower()) and self.base.startswith(text[size:])

    @property
    def pattern(self) -> bytes:
        return _spelled(self.head, any_case=True) + _spelled(self.base, any_case=False)


class Below(NamedTuple):
    """All hosts of an ending, `.example.com`: each has a place of its own, `PREFIX/~HOST`."""

    scheme: bytes  # with `//`
    ending: bytes
    prefix: bytes

    def may_begin(self, text: bytes) -> bool:
        text, size = text.lower(), len(self.scheme)
        return self.scheme.startswith(text[:size]) and _AUTHORITY.fullmatch(text[size:]) is not None

    @property
    def pattern(self) -> bytes:
        name = b"%b{1,%d}" % (_IN_NAME, LONGEST)
        return _spelled(self.scheme, any_case=True) + name + _spelled(self.ending, any_case=True)

    def own(self, url: bytes) -> bytes | None:
        """For a URL's scheme and authority as they stand there."""
        name = (_decoded(url) or b"").lower().removeprefix(self.scheme).partition(b":")[0]
        return b"%b/~%b" % (self.prefix, name) if is_name(name.decode("ascii")) else None


class JsonUrls:
    """Which URLs become the proxy's. Immutable."""

    __slots__ = ("_longest", "_pattern", "_places")

    def __init__(self, places: Iterable[Place | Below]) -> None:
        self._places = tuple(places)
        either = b"|".join(b"(%b)" % each.pattern for each in self._places)
        self._pattern = re.compile(rb'"(?<!\\")(?:%b)%b' % (either, _END))
        fixed = [len(each.head) + len(each.base) for each in self._places if isinstance(each, Place)]
        self._longest = _LONGEST_UNIT * max(*fixed, LONGEST + len(b"https://:65535"), 0) + len(b'"')

    def replaced(self, text: bytes, own: bytes) -> bytes:
        """`own` is the proxy's scheme and authority, as they may stand in a JSON string."""

        def proxys(found: re.Match[bytes]) -> bytes:
            place = self._places[(found.lastindex or 0) - 1]
            path = place.own if isinstance(place, Place) else place.own(found[0][1:])
            return found[0] if path is None else b'"%b%b' % (own, path)

        return self._pattern.sub(proxys, text)

    def undecided(self, text: bytes) -> int:
        """How many bytes at the end may yet become such a string: from its quote on, or none."""
        first = max(0, len(text) - self._longest)
        at = text.rfind(b'"', first)
        while at > 0 and text[at - 1] == _BACKSLASH:
            at = text.rfind(b'"', first, at)
        return len(text) - at if at >= 0 and self._may_begin(text[at + 1 :]) else 0

    def _may_begin(self, raw: bytes) -> bool:
        units = _UNITS.match(raw)
        end = 0 if units is None else units.end()
        if _BROKEN_OFF.fullmatch(raw, end) is None:
            return False
        text = _decoded(raw[:end])
        return text is not None and any(each.may_begin(text) for each in self._places)


class UrlStream:
    """For one text that comes in pieces."""

    __slots__ = ("_before", "_held", "_own", "_urls")

    def __init__(self, urls: JsonUrls, own: bytes) -> None:
        self._urls = urls
        self._own = own
        self._before = b""  # the last byte that went out, if it is a backslash: then a quote is none
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        text = self._before + self._held + data
        kept = self._urls.undecided(text)
        out = self._urls.replaced(text, self._own)
        out = out[len(self._before) : len(out) - kept]
        end = len(text) - kept
        self._before, self._held = b"\\" if text.endswith(b"\\", 0, end) else b"", text[end:]
        return out

    def end(self) -> bytes:
        held, self._held = self._held, b""
        return held


def in_string(text: bytes) -> bytes:
    """As it may stand in a JSON string."""
    return json.dumps(text.decode("latin-1"))[1:-1].encode("ascii")


def _decoded(raw: bytes) -> bytes | None:
    """Of whole units of a JSON string; None where they are not ASCII, as URLs are."""
    if _BACKSLASH not in raw:
        return raw
    try:
        return str(json.loads(b'"%b"' % raw)).encode("ascii")
    except ValueError:
        return None


def _spelled(text: bytes, *, any_case: bool) -> bytes:
    """An expression for all that may stand for it in a JSON string."""
    return b"".join(_spellings(byte, any_case) for byte in text)


def _spellings(byte: int, any_case: bool) -> bytes:
    letter = bytes((byte,))
    letters = {letter.lower(), letter.upper()} if any_case else {letter}
    plain = [re.escape(each) for each in sorted(letters)] + ([rb"\\/"] if letter == b"/" else [])
    coded = b"|".join(b"%02x" % ord(each) for each in sorted(letters))
    return rb"(?:%b|\\u00(?i:%b))" % (b"|".join(plain), coded)
