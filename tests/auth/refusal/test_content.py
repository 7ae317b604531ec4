from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.refusal.content import Kind, decoded, event_data, first_event_end, media_type, readable_codings, shape


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        (None, Kind.DOCUMENT),
        (b"", Kind.DOCUMENT),
        (b"application/json", Kind.DOCUMENT),
        (b"Application/JSON; charset=utf-8", Kind.DOCUMENT),
        (b"application/problem+json", Kind.DOCUMENT),
        (b"text/json", Kind.DOCUMENT),
        (b"text/html", Kind.DOCUMENT),
        (b"text/plain;charset=gbk", Kind.DOCUMENT),
        (b"text/xml", Kind.TEXT),
        (b"application/soap+xml", Kind.TEXT),
        (b"text/event-stream", Kind.EVENTS),
        (b"application/x-ndjson", Kind.OPAQUE),
        (b"application/jsonl", Kind.OPAQUE),
        (b"application/octet-stream", Kind.OPAQUE),
        (b"image/svg+xml", Kind.OPAQUE),
        (b"image/png", Kind.OPAQUE),
        (b"audio/mp3", Kind.OPAQUE),
        (b"xml", Kind.OPAQUE),
        (b"json", Kind.OPAQUE),
        (b"multipart/mixed", Kind.OPAQUE),
    ],
)
def test_kinds(media: bytes | None, expected: Kind) -> None:
    assert shape([] if media is None else [(b"Content-Type", media)]).kind is expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (b"Content-Encoding", b"gzip", Kind.DOCUMENT),
        (b"content-encoding", b"X-GZIP", Kind.DOCUMENT),
        (b"content-encoding", b"deflate", Kind.DOCUMENT),
        (b"content-encoding", b"br", Kind.OPAQUE),
        (b"content-encoding", b"zstd", Kind.OPAQUE),
        (b"content-encoding", b"gzip, gzip", Kind.OPAQUE),
        (b"Content-Disposition", b"Attachment; filename=a.json", Kind.OPAQUE),
        (b"Content-Disposition", b"inline", Kind.DOCUMENT),
    ],
)
def test_trap_34_codings_and_downloads(name: bytes, value: bytes, expected: Kind) -> None:
    assert shape([(b"content-type", b"application/json"), (name, value)]).kind is expected


@pytest.mark.parametrize(
    ("declared", "expected"), [(b"0", 0), (b" 12 ", 12), (b"-1", None), (b"x", None), (b"", None), (b"9" * 30, None)]
)
def test_length(declared: bytes, expected: int | None) -> None:
    assert shape([(b"Content-Length", declared)]).length == expected


def test_media_type() -> None:
    assert media_type([(b"Content-Type", b" Text/HTML ; charset=x")]) == b"text/html"
    assert media_type([]) == b""


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        (b"identity", b"hello"),
        (b"gzip", gzip.compress(b"hello", mtime=0)),
        (b"deflate", zlib.compress(b"hello")),
        (b"deflate", raw_deflate(b"hello")),
    ],
)
def test_decoded(coding: bytes, packed: bytes) -> None:
    assert decoded(coding, packed, 100) == b"hello"


def test_trap_34_a_bomb_is_opened_no_further_than_the_limit() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    assert decoded(b"gzip", bomb, 8192) == b"0" * 8193


@pytest.mark.parametrize("coding", [b"gzip", b"deflate"])
@pytest.mark.parametrize("packed", [b"hello", b"\x1f\x8b", b"\x1f\x8b\x08\x00\xff", b""])
def test_trap_34_bad_gzip_is_no_content(coding: bytes, packed: bytes) -> None:
    assert not decoded(coding, packed, 100)


@given(st.sampled_from([b"gzip", b"deflate", b"identity", b"br"]), st.binary())
def test_any_bytes_can_be_tried(coding: bytes, packed: bytes) -> None:
    read = decoded(coding, packed, 10)
    assert read is None or len(read) <= 11


@pytest.mark.parametrize(
    ("prefix", "end"),
    [
        (b"data: 1\n\ndata: 2\n\n", 9),
        (b"data: 1\r\n\r\nx", 11),
        (b"data: 1\r\rx", 9),
        (b"data: 1\n", -1),
        (b"data: 1\r\n", -1),
        (b"", -1),
        (b": ping\n\n", -1),
        (b": ping\n\ndata\n\ndata: 1\n\nx", 23),
    ],
)
def test_first_event_end(prefix: bytes, end: int) -> None:
    assert first_event_end(prefix) == end


@pytest.mark.parametrize(
    ("event", "data"),
    [
        (b"event: error\ndata: {\ndata:}\nid: 1\n\n", b"{\n}"),
        (b"data: a\r\ndata:  b\r\n\r\n", b"a\n b"),
        (b"\xef\xbb\xbfdata: a\n\n", b"a"),
        (b"data\n\n", b""),
        (b": comment\n\n", b""),
        (b"database: x\n\n", b""),
    ],
)
def test_event_data(event: bytes, data: bytes) -> None:
    assert event_data(event) == data


@pytest.mark.parametrize(
    ("offered", "kept"),
    [
        (b"gzip, deflate, br, zstd", b"gzip, deflate"),
        (b"gzip;q=0.8,br;q=1", b"gzip;q=0.8"),
        (b"br", b"identity"),
        (b"*", b"identity"),
        (b"", b"identity"),
        (b"br, *;q=0", b"identity"),
        (b"identity;q=0, br", b"identity"),
        (b"gzip;q=0", b"identity"),
        (b"gzip; q=0.001", b"gzip; q=0.001"),
        (b"GZIP", b"GZIP"),
        (b"identity", b"identity"),
    ],
)
def test_readable_codings(offered: bytes, kept: bytes) -> None:
    assert readable_codings(offered) == kept
