"""What RFC 9112 tells a proxy to mend in a reply's head, and what it leaves for a strict parser to refuse."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.http.mending import may_be_mended, mended

OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"A : b\r\n\r\nrest\n\n", b"A: b\r\n\r\nrest\n\n"),
        (b"A \t:b\r\n\r\n", b"A:b\r\n\r\n"),
        (b"A: b : c\r\n\r\n", b"A: b : c\r\n\r\n"),
        (b"A B : c\r\n\r\n", b"A B : c\r\n\r\n"),
        (b"A: b\nC: d\r\n\n", b"A: b\r\nC: d\r\n\r\n"),
        (b"A: b\r\r\n\r\n", b"A: b\r\r\n\r\n"),
        (b"A: b \r\n\t c\r\n d\r\n\r\n", b"A: b c d\r\n\r\n"),
        (b"A:\r\n b\r\n\r\n", b"A: b\r\n\r\n"),
        (b" A: b\r\n\r\n", b" A: b\r\n\r\n"),
        (b"A: b\r\n \r\nC: d\r\n\r\n", b"A: b\r\n \r\nC: d\r\n\r\n"),
        (b"Content-Length: 5\r\nA: b\r\ncontent-length:5\r\n\r\n", b"Content-Length: 5\r\nA: b\r\n\r\n"),
        (b"Content-Length: 5 , 5\r\n\r\n", b"Content-Length: 5\r\n\r\n"),
        (b"Content-Length:\r\n 5,\r\n 5\r\n\r\n", b"Content-Length: 5\r\n\r\n"),
        (b"Content-Length: 5, 6\r\n\r\n", b"Content-Length: 5, 6\r\n\r\n"),
        (b"Content-Length: 5\r\nContent-Length: 05\r\n\r\n", b"Content-Length: 5\r\nContent-Length: 05\r\n\r\n"),
        (b"Content-Length: 5\r\n 5\r\n\r\n", b"Content-Length: 5 5\r\n\r\n"),
        (b"Content-Length: +5, +5\r\n\r\n", b"Content-Length: +5, +5\r\n\r\n"),
        (b"\r\n", b"\r\n"),
    ],
)
def test_heads(head: bytes, expected: bytes) -> None:
    assert mended(OK + head) == OK + expected


@pytest.mark.parametrize(
    ("beginning", "expected"),
    [
        (b"", None),
        (OK, None),
        (OK + b"A : b\r\n", None),
        (OK + b"A : b\r\n\r", None),
        (b"\r\n\r\n" + OK, None),
        (b"\r\n\n" + OK + b"\r\n", OK + b"\r\n"),
        (b"HTTP/1.1 103 Hints\nA: b\n\n", None),
        (b"HTTP/1.1 103 Hints\nA: b\n\nHTTP/1.1 102 W\r\n\r\n" + OK + b"\n", OK + b"\r\n"),
        (b"HTTP/1.1 101 Go\n\n\x81", b"HTTP/1.1 101 Go\r\n\r\n\x81"),
        (b"HTTP/1.1 1000 No\n\n", b"HTTP/1.1 1000 No\r\n\r\n"),
    ],
)
def test_the_final_head_is_mended_when_it_is_whole(beginning: bytes, expected: bytes | None) -> None:
    assert mended(beginning) == expected


@pytest.mark.parametrize(
    ("beginning", "may"),
    [
        (b"", True),
        (b"\r\nHT", True),
        (b"HTTP/1.1 2", True),
        (b"HTTP/2", False),
        (b"<html>", False),
        (b"\x16\x03\x01", False),
    ],
)
def test_what_is_no_reply_is_not_waited_for(beginning: bytes, may: bool) -> None:
    assert may_be_mended(beginning) is may


NAMES = st.text("abcABC-_09", min_size=1, max_size=6).filter(lambda name: name.lower() != "content-length")
VALUES = st.text("abc:, \t'\"\x80\xff", max_size=8).map(lambda text: text.strip(" \t"))
FIELDS = st.lists(st.tuples(NAMES, VALUES).map(lambda field: f"{field[0]}: {field[1]}".encode("latin-1")))


@given(FIELDS, st.binary(max_size=20))
def test_a_good_head_stays_as_it_is(fields: list[bytes], body: bytes) -> None:
    whole = b"\r\n".join((b"HTTP/1.1 200 OK", *fields, b"", b"")) + body
    assert mended(whole) == whole


@example([b"a", b"\n", b" ", b"\n", b" ", b"a"])
@given(st.lists(st.sampled_from([b"a", b":", b" ", b"\t", b"\r", b"\n", b"\r\n", b"Content-Length: 5", b",", b"5"])))
def test_what_is_mended_needs_no_more_of_it(pieces: list[bytes]) -> None:
    once = mended(OK + b"".join(pieces) + b"\r\n\r\n")
    assert once is not None
    assert mended(once) == once
