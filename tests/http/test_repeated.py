"""What llhttp need not say again: which heads these are, and a first line of our own reading, judged by llhttp's."""

from __future__ import annotations

import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.http.fields import Fields
from proxy.http.repeated import LONGEST, UNSAID, Repeated, RequestLine, length_of, request_line

LINE = RequestLine("GET", b"/")
METHODS = st.sampled_from([b"GET", b"POST", b"get", b"PRI", b"CONNECT"])


class Target:
    """What llhttp tells of one."""

    def __init__(self) -> None:
        self.told = b""

    def on_url(self, part: bytes) -> None:
        self.told += part


@given(st.binary(max_size=24) | st.tuples(METHODS, st.binary()).map(lambda parts: b"%b /%b HTTP/1.1" % parts))
@example(b"GET /a#b HTTP/1.1")
@example(b"GET //a HTTP/1.1")
@example(b"GET  /a HTTP/1.1")
@example(b"GET /a HTTP/1.1 ")
@example(b"GET http://a/ HTTP/1.1")
def test_a_first_line_is_read_as_llhttp_reads_it(line: bytes) -> None:
    read = request_line(line)
    if read is not None:
        target = Target()
        parser = httptools.HttpRequestParser(target)
        parser.feed_data(line + b"\r\nHost: a\r\n\r\n")
        assert (parser.get_method().decode(), target.told) == (read.method, read.target)
        assert parser.get_http_version() == "1.1"


@pytest.mark.parametrize("target", [b"/", b"/v1/chat/completions?a=%7B1%7D&b=c+d", b"/a/b;c=1/(x)!*'$@:~_-"])
def test_what_ordinary_programs_ask_for_is_read(target: bytes) -> None:
    read = request_line(b"POST %b HTTP/1.1" % target)
    assert read is not None
    assert (read.method, read.target) == ("POST", target)


@pytest.mark.parametrize(
    ("fields", "length"),
    [
        ([(b"Host", b"a")], UNSAID),
        ([(b"content-length", b"12"), (b"Connection", b"Keep-Alive")], 12),
        ([(b"Content-Length", b"0")], 0),
        ([(b"Content-Length", b"1"), (b"Content-Length", b"1")], None),
        ([(b"Content-Length", b"+1")], None),
        ([(b"Content-Length", b"")], None),
        ([(b"Content-Length", b"1" * 16)], None),
        ([(b"Transfer-Encoding", b"chunked")], None),
        ([(b"Upgrade", b"h2c")], None),
        ([(b"TRAILER", b"X")], None),
        ([(b"Connection", b"close")], None),
        ([(b"Connection", b"keep-alive, x")], None),
        ([(b"Proxy-Connection", b"keep-alive")], None),
    ],
)
def test_what_may_follow_a_head(fields: Fields, length: int | None) -> None:
    assert length_of(fields) == length


def kept(repeated: Repeated[RequestLine], head: bytes, fields: Fields | None = None) -> bool:
    """Is it, once llhttp has told of it?"""
    repeated.comes(head, head.partition(b"\r\n")[2])
    came = repeated.came()
    if came:
        repeated.keep(came, LINE, fields or [(b"A", b"b")], sized=False)
    return repeated.head == head


@pytest.mark.parametrize(("size", "is_kept"), [(20, True), (LONGEST, True), (LONGEST + 1, False)])
def test_what_has_come_twice_is_kept_unless_it_is_long(size: int, is_kept: bool) -> None:
    repeated, head = Repeated[RequestLine](), b"GET / HTTP/1.1\r\n".ljust(size, b"x")
    assert [kept(repeated, head) for _ in range(2)] == [False, is_kept]


@pytest.mark.parametrize("before", [b"\r\n", b"\n\r\n", b"\n"])
def test_what_stands_behind_an_empty_line_is_not(before: bytes) -> None:
    repeated: Repeated[RequestLine] = Repeated()
    for _ in range(3):
        kept(repeated, before + b"GET / HTTP/1.1\r\nA: b")
    assert repeated.lines is None


def test_of_what_differs_nothing_is_kept_but_what_came_last() -> None:
    repeated: Repeated[RequestLine] = Repeated()
    for number in range(100):
        assert not kept(repeated, b"GET / HTTP/1.1\r\nX: %d" % number)
    assert (repeated.head, repeated.lines) == (b"", None)


def test_one_that_says_more_of_what_follows_is_not_kept_and_hides_none() -> None:
    repeated, head = Repeated[RequestLine](), b"GET / HTTP/1.1\r\nA: b"
    assert [kept(repeated, head) for _ in range(2)] == [False, True]
    for _ in range(3):
        assert not kept(repeated, b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked", [(b"Transfer-Encoding", b"chunked")])
    assert repeated.head == head


def test_lines_are_those_of_their_own_fields() -> None:
    repeated, fields = Repeated[RequestLine](), [(b"A", b"b")]
    for _ in range(2):
        kept(repeated, b"GET / HTTP/1.1\r\nA: b", fields)
    assert repeated.of(fields) is repeated.lines is not None
    assert repeated.of([(b"A", b"b")]) is None


def test_of_a_body_no_more_is_taken_than_was_announced() -> None:
    repeated: Repeated[RequestLine] = Repeated()
    repeated.left = 5
    assert (repeated.take(b"abc"), repeated.left) == (b"abc", 2)
    assert (repeated.take(b"defg"), repeated.left) == (b"de", 0)
