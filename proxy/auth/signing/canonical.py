"""The pieces that digests are made of: percent-encoded texts, sorted queries, lines of headers.

Owns: RFC 3986's encoding and the orders that vendors sort by. Must not know: any vendor. Pure, over Latin-1 texts.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, unquote_to_bytes

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.~-]*")
_PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9_.~/-]*")


def encoded(text: str, safe: str = "") -> str:
    """Everything but unreserved characters."""
    return (
        text
        if (text.isascii() and text.isalnum()) or _PLAIN.fullmatch(text)
        else quote(text.encode("latin-1"), safe=safe)
    )


def decoded(text: str, *, plus: bool = True) -> str:
    """`plus`: a + is a blank, as in forms."""
    if plus:
        text = text.replace("+", " ")
    return unquote_to_bytes(text).decode("latin-1") if "%" in text else text


def path_encoded_once(path: str) -> str:
    """From its decoded form, so that `*` and `%2a` become the same."""
    return path if _PLAIN_PATH.fullmatch(path) else quote(unquote_to_bytes(path), safe="/~")


def parameters(query: str, *, plus: bool = True) -> list[tuple[str, str]]:
    """Decoded, in order; one without `=` has an empty value."""
    pairs = [piece.partition("=") for piece in query.split("&") if piece]
    if "%" not in query and not (plus and "+" in query):
        return [(name, value) for name, _, value in pairs]
    return [(decoded(name, plus=plus), decoded(value, plus=plus)) for name, _, value in pairs]


def canonical_query(query: str, *, plus: bool = True, bare: bool = False) -> str:
    """Names and values encoded anew, then sorted. `bare`: an empty value goes without its `=`."""
    if not query:
        return ""
    pieces = sorted((encoded(name), encoded(value)) for name, value in parameters(query, plus=plus))
    return "&".join(f"{name}={value}" if value or not bare else name for name, value in pieces)


def lines(headers: Mapping[str, str]) -> str:
    """Each with its end."""
    return "".join(f"{name}:{value.strip()}\n" for name, value in headers.items())


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode("latin-1")).hexdigest()


def hmac_sha256(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode("latin-1"), "sha256")


def hmac_sha1(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode("latin-1"), "sha1")


def derived(secret: str, *steps: str) -> bytes:
    """A key for one day and service: each step is signed with what came of the one before."""
    key = secret.encode()
    for step in steps:
        key = hmac_sha256(key, step)
    return key
