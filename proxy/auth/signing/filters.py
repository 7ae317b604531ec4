"""What may be done to a value on its way into a text that is signed: `{body|sha256|hex}`.

Must not know: which values there are. Pure, over Latin-1 texts; a hash gives its bytes, one character each.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote_plus

from proxy.auth.signing.canonical import encoded

_HASHES: Final = ("md5", "sha1", "sha256", "sha512")


def _hash(name: str) -> Callable[[str], str]:
    return lambda text: hashlib.new(name, text.encode("latin-1"), usedforsecurity=False).digest().decode("latin-1")


OUTPUTS: Final[Mapping[str, Callable[[bytes], str]]] = {
    "hex": bytes.hex,
    "HEX": lambda made: made.hex().upper(),
    "base64": lambda made: b64encode(made).decode("ascii"),
    "base64url": lambda made: urlsafe_b64encode(made).decode("ascii"),
}
"""How bytes become text."""


def _output(name: str) -> Callable[[str], str]:
    return lambda text: OUTPUTS[name](text.encode("latin-1"))


FILTERS: Final[Mapping[str, Callable[[str], str]]] = {
    **{name: _hash(name) for name in _HASHES},
    **{name: _output(name) for name in OUTPUTS},
    "lower": str.lower,
    "upper": str.upper,
    "quote": encoded,
    "form": lambda text: quote_plus(text.encode("latin-1"), safe="*").replace("~", "%7E"),
    "and": lambda text: f"&{text}" if text else "",
}
"""`form` encodes as HTML forms do (WHATWG URL §5.2); `and` is for what may be absent."""


def filtered(name: str, lookup: Callable[[str], str]) -> str:
    """`name` as a template has it, with its filters behind it."""
    if "|" not in name:
        return lookup(name)
    name, *piped = name.split("|")
    text = lookup(name)
    for each in piped:
        text = FILTERS[each](text)
    return text


def unfinished(name: str) -> str | None:
    """The hash at the end of a name's filters, whose bytes no text can hold."""
    last = name.rpartition("|")[2] if "|" in name else ""
    return last if last in _HASHES else None
