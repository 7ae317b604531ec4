"""Content codings of a body that is to be changed: all of it is opened, within a bound (RFC 9110 §8.4).

Owns: which codings can be opened here, and what is refused. Must not know: what is changed. zstd needs Python 3.14, or
the package backports.zstd.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

from proxy.errors import Fault
from proxy.http.fields import Fields

LONGEST = 16 * 1024 * 1024
"""Bytes of an opened body, whatever it was compressed to."""
SMALLER = "Send a smaller body: it must be held in memory whole, as a credential or a key stands in it."
_MOST = 3
"""Codings on top of each other; nobody means more, and each costs another `LONGEST`."""


_MEMBERS = 16
"""What is behind one is copied with each: without a bound, empty ones would cost the square of the body's length."""


class _Decompressor(Protocol):
    """As zlib's and zstd's are alike."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def opened(body: bytes, fields: Fields) -> bytes:
    """`body` without the codings that `fields` tell of. Raises Fault coding_refused, body_too_large or bad_request."""
    said = b",".join(value for name, value in fields if name.lower() == b"content-encoding").lower()
    codings = [coding for each in said.split(b",") if (coding := each.strip()) not in (b"", b"identity")]
    for coding in codings:
        if coding not in _OPENERS:
            raise _refused(coding.decode("latin-1"))
    if len(codings) > _MOST:
        raise _refused(", ".join(coding.decode("ascii") for coding in codings[: _MOST + 1]))
    if body:
        for coding in reversed(codings):
            body = _opened(body, coding)
    return body


def _opened(body: bytes, coding: bytes) -> bytes:
    failed: Exception | None = None
    for make in _OPENERS[coding]:
        try:
            return _read(body, make)
        except _BROKEN as error:
            failed = error
    raise Fault("bad_request", f"the body is not whole {coding.decode()}, as its Content-Encoding says") from failed


def _read(body: bytes, make: Callable[[], _Decompressor]) -> bytes:
    """One member after another (RFC 1952 §2.2, RFC 8878 §3)."""
    whole = b""
    for _ in range(_MEMBERS):
        decompressor = make()
        whole += decompressor.decompress(body, LONGEST + 1 - len(whole))
        if len(whole) > LONGEST:
            raise Fault(
                "body_too_large", f"the request's body is larger than {LONGEST} bytes when it is opened", hint=SMALLER
            )
        if not decompressor.eof:
            raise EOFError
        body = decompressor.unused_data
        if not body:
            return whole
    raise EOFError


def _refused(coding: str) -> Fault:
    takes = ", ".join(coding.decode() for coding in _OPENERS if not coding.startswith(b"x-"))
    detail = f"the credential goes into the body, and its Content-Encoding, {coding[:64]}, can't be opened here"
    return Fault("coding_refused", detail, headers=(("Accept-Encoding", takes),))


def _zlib(wbits: int) -> Callable[[], _Decompressor]:
    return lambda: zlib.decompressobj(wbits)


def _zstd() -> Any:
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return import_module(name)
        except ImportError:
            continue
    return None


# zlib wants to be told: 31 is gzip, 15 is zlib (RFC 9110's deflate), -15 raw deflate, which some clients mean.
_OPENERS: dict[bytes, tuple[Callable[[], _Decompressor], ...]] = {
    b"gzip": (_zlib(31),),
    b"x-gzip": (_zlib(31),),
    b"deflate": (_zlib(15), _zlib(-15)),
}
_BROKEN: tuple[type[Exception], ...] = (zlib.error, EOFError)
if (_module := _zstd()) is not None:
    _OPENERS[b"zstd"] = (_module.ZstdDecompressor,)
    _BROKEN += (_module.ZstdError,)
