"""The beginning of a reply's body, made readable without touching the bytes that go to the client.

Owns: content types, content codings and the first event of a stream, all bounded. Must not know what is looked for.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from enum import Enum, auto
from functools import lru_cache
from typing import NamedTuple

Headers = Iterable[tuple[bytes, bytes]]


class Kind(Enum):
    """How a reply is inspected: as a document, as text only, by its first event, or not at all."""

    DOCUMENT = auto()
    TEXT = auto()
    EVENTS = auto()
    OPAQUE = auto()


_KINDS = {
    b"": Kind.DOCUMENT,  # no type given
    b"application/json": Kind.DOCUMENT,
    b"text/json": Kind.DOCUMENT,
    b"text/plain": Kind.DOCUMENT,  # vendors mislabel their JSON
    b"text/html": Kind.DOCUMENT,
    b"text/javascript": Kind.DOCUMENT,
    b"application/javascript": Kind.DOCUMENT,
    b"application/xml": Kind.TEXT,
    b"text/xml": Kind.TEXT,
    b"text/event-stream": Kind.EVENTS,
}
_SUFFIXES = {b"json": Kind.DOCUMENT, b"xml": Kind.TEXT}
_EVENT_END = re.compile(rb"\r\n\r\n|\n\n|\r\r|\n\r\n")
_LINE_END = re.compile(rb"\r\n|\n|\r")
_TELLING = frozenset({b"content-type", b"content-encoding", b"content-disposition", b"content-length"})
_READABLE = frozenset({b"gzip", b"x-gzip", b"deflate", b"identity"})


class Shape(NamedTuple):
    """What a reply's head says of its body. `length` is None if none is declared that could be relied on."""

    kind: Kind
    coding: bytes
    length: int | None


def shape(headers: Headers) -> Shape:
    """One pass over the head; names may be in any case, the last value of a name counts."""
    said = {name: value for key, value in headers if (name := key.lower()) in _TELLING}
    coding = said.get(b"content-encoding", b"identity").strip().lower()
    declared = said.get(b"content-length", b"").strip()
    return Shape(
        _kind(said.get(b"content-type", b""), coding, said.get(b"content-disposition", b"")),
        coding,
        int(declared) if declared.isdigit() and len(declared) < 19 else None,
    )


@lru_cache(maxsize=256)
def _kind(content_type: bytes, coding: bytes, disposition: bytes) -> Kind:
    """A download, or a coding that we can't undo, is opaque whatever its type says (docs/traps.md 34)."""
    if coding not in _READABLE or disposition.strip().lower().startswith(b"attachment"):
        return Kind.OPAQUE
    media = content_type.partition(b";")[0].strip().lower()
    group, _, subtype = media.partition(b"/")
    structured = group in (b"application", b"text") and _SUFFIXES.get(subtype.rpartition(b"+")[2])
    return _KINDS.get(media) or structured or Kind.OPAQUE


def media_type(headers: Headers) -> bytes:
    written = next((value for key, value in headers if key.lower() == b"content-type"), b"")
    return written.partition(b";")[0].strip().lower()


def decoded(coding: bytes, prefix: bytes, limit: int) -> bytes | None:
    """At most `limit` + 1 bytes of the content that `prefix` begins; None if they are no good gzip or deflate."""
    if coding == b"identity":
        return prefix[: limit + 1]
    # zlib wants to be told: 31 is gzip, 15 is zlib (RFC 9110's deflate), -15 raw deflate, which some servers mean.
    for wbits in (31,) if coding in (b"gzip", b"x-gzip") else (15, -15) if coding == b"deflate" else ():
        try:
            return zlib.decompressobj(wbits).decompress(prefix, limit + 1)
        except zlib.error:
            continue
    return None


def first_event_end(prefix: bytes) -> int:
    """Where the first server-sent event ends, its blank line included; -1 if it hasn't yet. What has no data is none
    (WHATWG HTML §9.2.6), a comment that says that somebody is there.
    """
    start = 0
    for match in _EVENT_END.finditer(prefix):
        if event_data(prefix[start : match.end()]):
            return match.end()
        start = match.end()
    return -1


def event_data(event: bytes) -> bytes:
    """The joined `data` lines of one event (WHATWG HTML §9.2.6)."""
    found = []
    for line in _LINE_END.split(event.removeprefix(b"\xef\xbb\xbf")):
        name, _, value = line.partition(b":")
        if name == b"data":
            found.append(value.removeprefix(b" "))
    return b"\n".join(found)


def readable_codings(accept_encoding: bytes) -> bytes:
    """An Accept-Encoding value without the codings that we can't undo, `*` included; never empty."""
    offered = [item.strip() for item in accept_encoding.split(b",")]
    kept = [item for item in offered if item.partition(b";")[0].strip().lower() in _READABLE]
    return b", ".join(kept) if any(map(_wanted, kept)) else b"identity"


def _wanted(item: bytes) -> bool:
    return not re.search(rb";\s*q\s*=\s*0(\.0*)?\s*$", item, re.IGNORECASE)
