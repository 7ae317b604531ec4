"""What texts may be a client's key, by the many ways in which SDKs write one into a value.

    Bearer KEY, Token KEY, KEY, Basic base64(KEY:x), Sentry sentry_key=KEY, AWS4-HMAC-SHA256 Credential=KEY/...

Owns: the ways. Pure. Must not know: where the value stands, whether the text is a key of anybody's.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote_plus

from proxy.auth.signing.presented import access_key

_NAMED: Final = re.compile(rb"[\w-]+=\"?([^\",;\s]+)")
_BARE_SCHEMES: Final = (b"bearer", b"basic")


def of_header(value: bytes) -> Iterator[bytes]:
    """A value behind a scheme, whichever it is, or without one; of `Basic` both halves."""
    scheme, _, rest = value.strip().partition(b" ")
    rest = rest.strip()
    scheme = scheme.lower()
    if scheme == b"bearer":
        if rest:
            yield rest
    elif scheme == b"basic":
        yield from _halves(rest)
    elif not rest:
        yield from _alone(value.strip())
    else:
        yield from _behind_scheme(value, rest)


def bearer(value: bytes) -> bytes | None:
    """The text behind `Bearer`."""
    scheme, _, rest = value.partition(b" ")
    return rest.strip() or None if scheme.lower() == b"bearer" else None


def of_parameter(value: bytes) -> Iterator[bytes]:
    """A value of a query or form, as it is encoded there."""
    text = unquote_plus(value.decode("latin-1")).encode("utf-8", "surrogateescape")
    if b" " in text:
        yield from of_header(text)
    else:
        yield from _alone(text)
    if b"/" in text:  # X-Amz-Credential=KEY/DATE/...
        yield text.partition(b"/")[0]


def _alone(text: bytes) -> Iterator[bytes]:
    signed = access_key(text)
    if signed is not None:
        yield signed
    elif text and text.lower() not in _BARE_SCHEMES:
        yield text


def _behind_scheme(value: bytes, rest: bytes) -> Iterator[bytes]:
    signed = access_key(value)
    if signed is not None:
        yield signed
        return
    yield rest
    named = _NAMED.match(rest)
    if named is not None:
        yield named[1]
    elif b":" in rest:  # Qiniu KEY:SIGNATURE
        yield rest.partition(b":")[0]


def _halves(pair: bytes) -> Iterator[bytes]:
    """Of user and password (RFC 7617 §2); what is no pair may be a key all the same."""
    try:
        decoded = b64decode(pair + b"=" * (-len(pair) % 4))
    except Error:
        return
    yield from filter(None, decoded.partition(b":")[::2])
