"""How a secret can stand in someone else's text: as it is, in a URL, a form, JSON, HTML, inside base64.

Owns: the list of encoders that vendors and frameworks use, and what each makes of a secret. Must not know: who looks
for the spellings, or what is done where one is found.
"""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, quote_plus

SHORTEST = 8
"""Shorter strings are no secrets, and would hit innocent text."""

_RUN = re.compile(rb"[A-Za-z0-9._-]+")  # what no encoder touches
_MARK = 4  # bytes that a search can start from
_TOUCHED = re.compile("[^A-Za-z0-9._-]")
_ESCAPE = re.compile(r"(%|\\\\?u|&#x)([0-9A-Fa-f]+)")

Encode = Callable[[str], str]


class Family(NamedTuple):
    """The spellings of one text. `mark` is a piece that is in all of them: most characters no encoder touches."""

    mark: bytes | None
    spellings: tuple[bytes, ...]


def spellings(secret: str) -> tuple[bytes, ...]:
    """All of them, the plain one first; none for what is too short to be looked for."""
    found = (spelling for family in families(secret) for spelling in family.spellings)
    return tuple(dict.fromkeys(found))


def families(secret: str) -> Iterator[Family]:
    if len(secret) < SHORTEST:
        return
    secret = secret.encode("utf-8", "replace").decode("utf-8")
    yield _family(secret, _encoded(secret))
    for text in dict.fromkeys((secret, quote_plus(secret))):  # RFC 6749 §2.3.1 encodes twice
        for inner in _inside_base64(text.encode()):
            # Both alphabets are one family: their letters and digits are the same.
            yield _family(inner, (*_encoded(inner), inner.translate(_URLSAFE)))


def _family(text: str, found: Iterable[str]) -> Family:
    spelled = tuple(dict.fromkeys(spelling.encode() for spelling in found))
    mark = max(_RUN.findall(text.encode()), key=len, default=b"")
    return Family(mark if len(mark) >= _MARK and all(mark in each for each in spelled) else None, spelled)


def _encoded(text: str) -> tuple[str, ...]:
    touched = "".join(sorted(set(_TOUCHED.findall(text))))
    if not touched:
        return (text,)
    return tuple(_written(text, table) for table in _tables(touched))


def _written(text: str, table: dict[str, str]) -> str:
    return _TOUCHED.sub(lambda found: table[found[0]], text)


@lru_cache(maxsize=64)
def _tables(touched: str) -> tuple[dict[str, str], ...]:
    """What the encoders make of these characters. All work character by character, and most agree about most."""
    rows: list[tuple[str, ...]] = [(*touched,)]
    for encode in _ENCODERS:
        row = [encode(character) for character in touched]
        rows += [tuple(row), tuple(map(_other_case, row))]
    return tuple(dict(zip(touched, row, strict=True)) for row in dict.fromkeys(rows))


def _other_case(text: str) -> str:
    return _ESCAPE.sub(lambda escape: escape[1] + escape[2].swapcase(), text)


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


_URLSAFE = str.maketrans("+/", "-_")
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


def _inside_base64(text: bytes) -> Iterator[str]:
    """What of the text's base64 does not depend on its neighbours, for each place that it can have within a triple."""
    for before in range(3):
        encoded = b64encode(b"\0" * before + text).decode("ascii")
        yield encoded[(before * 8 + 5) // 6 : (before + len(text)) * 8 // 6]
