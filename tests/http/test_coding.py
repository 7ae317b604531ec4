"""Compressed bodies that a credential goes into."""

from __future__ import annotations

import gzip
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import Fault
from proxy.http import coding
from proxy.http.coding import LONGEST, opened

BODY = b'{"a": 1}' * 9


def raw(body: bytes) -> bytes:
    made = zlib.compressobj(wbits=-15)
    return made.compress(body) + made.flush()


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ([], BODY),
        ([(b"Content-Encoding", b"identity")], BODY),
        ([(b"content-ENCODING", b" GZIP ")], gzip.compress(BODY, mtime=0)),
        ([(b"Content-Encoding", b"x-gzip")], gzip.compress(BODY, mtime=0)),
        ([(b"Content-Encoding", b"gzip")], gzip.compress(BODY[:7], mtime=0) + gzip.compress(BODY[7:], mtime=0)),
        ([(b"Content-Encoding", b"deflate")], zlib.compress(BODY)),
        ([(b"Content-Encoding", b"deflate")], raw(BODY)),
        ([(b"Content-Encoding", b"deflate, identity, gzip")], gzip.compress(zlib.compress(BODY), mtime=0)),
        (
            [(b"Content-Encoding", b"deflate"), (b"Content-Encoding", b"gzip")],
            gzip.compress(zlib.compress(BODY), mtime=0),
        ),
    ],
)
def test_what_can_be_opened(fields: list[tuple[bytes, bytes]], body: bytes) -> None:
    assert opened(body, fields) == BODY


@pytest.mark.parametrize("name", list(coding._OPENERS))
def test_nothing_is_nothing_in_any_coding(name: bytes) -> None:
    assert opened(b"", [(b"Content-Encoding", name)]) == b""


@pytest.mark.skipif(b"zstd" not in coding._OPENERS, reason="needs Python 3.14 or backports.zstd")
def test_zstd_can_be_opened_where_the_codec_is_there() -> None:
    assert opened(coding._zstd().compress(BODY), [(b"Content-Encoding", b"zstd")]) == BODY


@pytest.mark.parametrize("said", ["br", "gzip, BR", "aws-chunked", "compress", "gzip, gzip, gzip, gzip"])
def test_what_can_not_is_named_and_what_can_is_told(said: str) -> None:
    with pytest.raises(Fault, match=said.lower().removeprefix("gzip, ").partition(",")[0]) as refused:
        opened(b"x", [(b"Content-Encoding", said.encode())])
    assert (refused.value.code, refused.value.status) == ("coding_refused", 415)
    ((name, takes),) = refused.value.headers
    assert (name, takes.split(", ")[:2]) == ("Accept-Encoding", ["gzip", "deflate"])


@pytest.mark.parametrize(
    "body", [b"no gzip", gzip.compress(BODY, mtime=0)[:-1], gzip.compress(BODY, mtime=0) + b"more", b"\x1f\x8b"]
)
@pytest.mark.parametrize("said", [b"gzip", b"deflate"])
def test_what_is_not_what_it_says_is_a_bad_request(body: bytes, said: bytes) -> None:
    with pytest.raises(Fault, match="not whole") as refused:
        opened(body, [(b"Content-Encoding", said)])
    assert refused.value.code == "bad_request"


def bomb(layers: int) -> bytes:
    body = bytes(LONGEST + 1)
    for _ in range(layers):
        body = gzip.compress(body, 1, mtime=0)
    return body


@pytest.mark.parametrize("layers", [1, 2])
def test_a_bomb_is_too_large_however_small_it_comes(layers: int) -> None:
    with pytest.raises(Fault, match="when it is opened") as refused:
        opened(bomb(layers), [(b"Content-Encoding", b", ".join([b"gzip"] * layers))])
    assert refused.value.code == "body_too_large"


def test_the_longest_passes() -> None:
    assert len(opened(gzip.compress(bytes(LONGEST), 1, mtime=0), [(b"Content-Encoding", b"gzip")])) == LONGEST


def test_pieces_without_end_are_refused() -> None:
    with pytest.raises(Fault, match="not whole"):
        opened(gzip.compress(b"", mtime=0) * 1000, [(b"Content-Encoding", b"gzip")])


@given(st.binary(max_size=200), st.sampled_from([b"gzip", b"deflate", b"zstd", b"br", b"gzip,deflate", b","]))
def test_nothing_but_faults_is_raised(body: bytes, said: bytes) -> None:
    with suppress(Fault):
        assert len(opened(body, [(b"Content-Encoding", said)])) <= LONGEST
