"""What is read without llhttp is read as llhttp reads it, to the byte; and nothing that it refuses is."""

from __future__ import annotations

from typing import Any

import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.http.fields import Fields
from proxy.http.plain import LONGEST, UNSAID, Plain, PlainLines, RequestLine, plain_lines, request_line, status_line


class Told:
    """What llhttp tells of one head."""

    def __init__(self) -> None:
        self.target, self.reason = b"", b""
        self.fields: Fields = []
        self.whole = False

    def on_url(self, part: bytes) -> None:
        self.target += part

    def on_status(self, part: bytes) -> None:
        self.reason += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))

    def on_headers_complete(self) -> None:
        self.whole = True


def by_llhttp(kind: Any, data: bytes) -> tuple[Told, Any]:
    told = Told()
    parser = kind(told)
    parser.feed_data(data)
    return told, parser


TOKENS = st.text("!#$%&'*+-.^_`|~abzABZ019", min_size=1, max_size=12).map(str.encode)
NAMES = st.one_of(
    TOKENS,
    st.sampled_from([b"Host", b"Connection", b"content-length", b"Transfer-Encoding", b"Upgrade", b"X_Y", b"Trailer"]),
)
VALUES = st.one_of(
    st.binary(max_size=12), st.sampled_from([b"", b"0", b"5", b"keep-alive", b"Keep-Alive", b"close", b"chunked"])
)
ANY_LINES = st.lists(st.tuples(NAMES, VALUES), max_size=6).map(
    lambda fields: b"\r\n".join(b"%b: %b" % field for field in fields)
)


@given(ANY_LINES | st.binary(max_size=60))
@example(b"A: b\nC: d")
@example(b"A: b\rC: d")
@example(b"A : b")
@example(b" A: b")
@example(b"A:b")
@example(b"A: b\x00")
@example(b"A:  b")
@example(b"A: b\r\n folded")
@example(b"Content-Length: 1\r\nContent-Length: 1")
@example(b"Content-Length: +1")
def test_lines_are_read_as_llhttp_reads_them(text: bytes) -> None:
    lines = plain_lines(text, None)
    if lines is None:
        return
    told, parser = by_llhttp(httptools.HttpRequestParser, b"POST / HTTP/1.1\r\n%b\r\n\r\n" % text)
    assert told.whole
    assert told.fields == lines.fields
    assert parser.should_keep_alive()
    assert not parser.should_upgrade()
    sizes = [int(value) for name, value in lines.fields if name.lower() == b"content-length"]
    assert sizes == ([] if lines.length == UNSAID else [lines.length])


METHODS = st.sampled_from([b"GET", b"POST", b"get", b"PRI", b"CONNECT"])


@given(st.binary(max_size=24) | st.tuples(METHODS, st.binary()).map(lambda parts: b"%b /%b HTTP/1.1" % parts))
@example(b"GET /a#b HTTP/1.1")
@example(b"GET //a HTTP/1.1")
@example(b"GET  /a HTTP/1.1")
@example(b"GET /a HTTP/1.1 ")
@example(b"GET http://a/ HTTP/1.1")
def test_a_first_line_is_read_as_llhttp_reads_it(line: bytes) -> None:
    read = request_line(line)
    if read is not None:
        told, parser = by_llhttp(httptools.HttpRequestParser, line + b"\r\nHost: a\r\n\r\n")
        assert (parser.get_method().decode(), told.target) == (read.method, read.target)
        assert parser.get_http_version() == "1.1"


@given(st.integers(0, 1200), st.binary(max_size=12))
def test_a_status_line_is_read_as_llhttp_reads_it(code: int, reason: bytes) -> None:
    line = b"HTTP/1.1 %d %b" % (code, reason)
    read = status_line(line)
    if read is not None:
        told, parser = by_llhttp(httptools.HttpResponseParser, line + b"\r\nContent-Length: 0\r\n\r\n")
        assert (parser.get_status_code(), told.reason) == (read.code, read.reason) == (code, reason)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        (b"Host: 127.0.0.1:8080\r\nUser-Agent: curl/8.5.0\r\nAccept: */*", UNSAID),
        (b"Host: a\r\nAuthorization: Bearer x\r\nContent-Type: application/json\r\nContent-Length: 12", 12),
        (b"Server: nginx\r\nDate: Fri, 27 Nov 2026 18:53:27 GMT\r\nContent-Length: 0\r\nConnection: keep-alive", 0),
        (b"X-Empty: \r\nhost: a", UNSAID),
    ],
)
def test_what_ordinary_programs_send_is_plain(text: bytes, length: int) -> None:
    lines = plain_lines(text, None)
    assert lines is not None
    assert lines.length == length
    assert b"\r\n".join(b"%b: %b" % field for field in lines.fields) == text


@pytest.mark.parametrize(
    "line",
    [
        *(b"Transfer-Encoding: chunked", b"transfer-encoding: identity", b"Upgrade: websocket", b"Trailer: X"),
        *(b"Connection: close", b"Connection: keep-alive, X", b"HTTP2-Settings: x", b"Proxy-Connection: close"),
        *(b"Content-Length: ", b"Content-Length: 1, 1", b"Content-Length: 0x1", b"Content-Length: 1234567890123456"),
        *(b"X: \xe9", b"X: a\tb", b"X:a", b"X: a ", b"X : a", b"X", b": a", b"", b"X: a\r\n b", b"X: a\n"),
    ],
)
def test_all_else_is_not(line: bytes) -> None:
    assert plain_lines(line, None) is None
    assert plain_lines(b"Host: a\r\n%b" % line, None) is None


def test_the_same_lines_are_the_same() -> None:
    first = plain_lines(b"Host: a", None)
    assert first is not None
    assert plain_lines(b"Host: a", first) is first
    assert plain_lines(b"Host: b", first) is not first


def test_what_is_kept_is_bounded() -> None:
    plain, line = Plain(), RequestLine("GET", b"/")
    plain.keep(b"x" * LONGEST, line, PlainLines(b"", [], UNSAID))
    assert plain.lines is not None
    plain.keep(b"x" * (LONGEST + 1), line, PlainLines(b"", [], UNSAID))
    assert (plain.head, plain.lines) == (b"", None)


def test_of_a_body_no_more_is_taken_than_was_announced() -> None:
    plain = Plain()
    plain.left = 5
    assert (plain.take(b"abc"), plain.left) == (b"abc", 2)
    assert (plain.take(b"defg"), plain.left) == (b"de", 0)
