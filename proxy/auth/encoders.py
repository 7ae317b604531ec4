"""What the encoders of vendors and frameworks make of a text: percent signs, forms, JSON, HTML, and one inside another.

Owns: the list of encoders. All of them work character by character, and touch no ASCII letter, digit, `.`, `_` or `-`.
Must not know: secrets, or what is done where one is found.
"""

from __future__ import annotations

import html
import json
import re
import string
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, quote_plus

UNTOUCHED = string.ascii_letters + string.digits + "._-"
_TOUCHED = re.compile(r"((?![A-Za-z0-9._-])[\0-\x7f]|[^\0-\x7f]+)")  # of what lies beyond ASCII, as much as there is
_ASCII_TOUCHED = "".join(character for character in map(chr, range(128)) if character not in UNTOUCHED)
BEYOND = "\u00ea"
"""Stands for all characters beyond ASCII: each encoder treats them alike, and this one's escapes have letters."""
_WIDEST_BEYOND = 5
"""Bytes that an encoder makes at most of one byte of UTF-8 beyond ASCII: `%25C3`."""
_BEYOND_ENDS = bytes(range(128, 256)) + string.hexdigits.encode()
_ASCII = bytes(range(128))
_ESCAPE = re.compile(r"(%|\\\\?u|&#x)([0-9A-Fa-f]+)")

Encode = Callable[[str], str]


class Table(dict[str, str]):
    """What an encoder makes of each character. It learns as it is asked, but nothing beyond ASCII: that has no end.

    Of that it may be asked for many at once.
    """

    def __init__(self, encode: Encode) -> None:
        super().__init__()
        self._encode = encode

    def __missing__(self, characters: str) -> str:
        written = self._encode(characters)
        if characters.isascii():
            self[characters] = written
        return written

    def write(self, text: str) -> bytes:
        parts = _TOUCHED.split(text)
        parts[1::2] = [self[characters] for characters in parts[1::2]]
        return "".join(parts).encode()


class Encoders(NamedTuple):
    """Those that differ about the touched characters of a text.

    `touched` has these, with one for all beyond ASCII; `growth` has how many bytes each byte of them gains at most;
    `ends` has every byte that the beginning of a spelling can end in, and some more.
    """

    touched: str
    tables: tuple[Table, ...]
    growth: tuple[int, ...]
    ends: bytes

    def longest(self, text: str) -> int:
        """No spelling of this text has more bytes."""
        data = text.encode()
        beyond = 0 if text.isascii() else len(data.translate(None, _ASCII))
        counts = (beyond if each == BEYOND else text.count(each) for each in self.touched)
        return len(data) + sum(count * more for count, more in zip(counts, self.growth, strict=True))


def encoders_of(text: str) -> Encoders:
    touched = "".join(each for each in _ASCII_TOUCHED if each in text)
    return _differing(touched if text.isascii() else touched + BEYOND, base64=False)


def encoders_of_base64(text: str) -> Encoders:
    """The same for a piece of base64, of which both alphabets are spellings: letters and digits are the same."""
    return _differing("".join(each for each in "+/" if each in text), base64=True)


@lru_cache(maxsize=64)
def _differing(touched: str, *, base64: bool) -> Encoders:
    rows: dict[tuple[str, ...], Table] = {}
    for table in (*_TABLES, _URLSAFE) if base64 else _TABLES:
        rows.setdefault(tuple(table[each] for each in touched), table)
    growth = tuple(
        (_WIDEST_BEYOND if each == BEYOND else max(len(row[at]) for row in rows)) - 1 for at, each in enumerate(touched)
    )
    ends = (UNTOUCHED + "".join("".join(row) for row in rows)).encode()
    return Encoders(
        touched, tuple(rows.values()), growth, bytes({*ends, *(_BEYOND_ENDS if BEYOND in touched else b"")})
    )


# ---------------------------------------------------------------------------------------------- the encoders


def _component(text: str) -> str:
    return quote(text, safe="")


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _json_ascii(text: str) -> str:
    return json.dumps(text)[1:-1]


def _json_hiding(characters: str, encode: Encode) -> Encode:
    """As for HTML's sake: Go, Rails and PHP write `<` as `\\u003c`, .NET also `+` and quotes."""

    def hidden(text: str) -> str:
        for character in characters:
            text = text.replace("\\" + character if character == '"' else character, f"\\u{ord(character):04x}")
        return text

    return lambda text: hidden(encode(text))


def _slashed(encode: Encode) -> Encode:
    """PHP's, and what JavaScript needs inside `<script>`."""
    return lambda text: encode(text).replace("/", "\\/")


def _html(table: dict[str, str]) -> Encode:
    entities = {ord(character): entity for character, entity in table.items()}
    return lambda text: text.translate(entities)


_HTML: dict[str, str] = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_ENCODERS: tuple[Encode, ...] = (
    _component,
    lambda text: quote(text, safe="!'()*"),  # JavaScript's encodeURIComponent
    lambda text: quote(text, safe="/"),
    lambda text: quote(text, safe=";/?:@&=+$,#!'()*"),  # encodeURI
    quote_plus,
    lambda text: quote_plus(text, safe="*").replace("~", "%7E"),  # the URL standard's form encoding
    _json,
    _json_ascii,
    _slashed(_json),
    _slashed(_json_ascii),
    _json_hiding("<>&", _json),
    _json_hiding("<>&'\"", _slashed(_json_ascii)),
    _json_hiding("<>&'+\"`", _json_ascii),
    html.escape,
    _html(_HTML | {'"': "&#34;", "'": "&#39;"}),
    _html(_HTML | {'"': "&#34;", "'": "&#39;", "+": "&#43;"}),  # Go's html/template
    _html(_HTML | {'"': "&quot;", "'": "&#039;"}),  # PHP
    _html(_HTML | {'"': "&quot;", "'": "&#39;", "/": "&#x2F;", "`": "&#x60;", "=": "&#x3D;"}),  # Mustache
    lambda text: _component(_component(text)),  # a URL in the query of another
    lambda text: _json_ascii(_json_ascii(text)),  # JSON in a JSON string
    lambda text: _json(_json(text)),
)


def _other_case(encode: Encode) -> Encode:
    """Escapes in hexadecimal may be of either case."""
    return lambda text: _ESCAPE.sub(lambda escape: escape[1] + escape[2].swapcase(), encode(text))


_TABLES = (
    Table(lambda text: text),
    *(Table(variant) for encode in _ENCODERS for variant in (encode, _other_case(encode))),
)
_URLSAFE = Table(lambda text: text.translate({ord("+"): "-", ord("/"): "_"}))
