"""Bytes as nobody sends them: what a handler gets is what a strict reader of RFC 9112 sees, or less; never else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from proxy.config.model import Limits
from proxy.errors import Fault
from proxy.wire.inbound import own
from proxy.wire.inbound.request import Request
from proxy.wire.inbound.server import Server
from tests.wire.inbound.reference import Parsed, parse

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


class Line(asyncio.Transport):
    """A client's end that exists in memory only; what was not read yet waits, as in a socket."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.paused = self.closed = self.ended = False

    def write(self, data: Any) -> None:
        self.written += data

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def can_write_eof(self) -> bool:
        return True

    def set_write_buffer_limits(self, high: int) -> None:
        pass

    def write_eof(self) -> None:
        self.ended = True

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close

    @property
    def deaf(self) -> bool:
        return self.closed or self.ended


@dataclass
class Heard:
    """What the handler got, and how it ended."""

    requests: list[Parsed] = field(default_factory=list)
    refused: bool = False
    written: bytes = b""
    broken: list[object] = field(default_factory=list)


async def heard(segments: Iterable[bytes]) -> Heard:
    """Let a connection take these, as fast as it reads them."""
    result = Heard()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: result.broken.append(context))

    async def handle(request: Request) -> None:
        fields = [(name, value.strip(b" \t")) for name, value in request.fields]  # no part of a value, RFC 9112 §5
        got = Parsed(request.method.encode(), request.target, request.modern, fields)
        result.requests.append(got)
        try:
            while piece := await request.read():
                got.body += piece
        except Fault as fault:
            result.refused = True
            own.fault(request, fault, None)
            return
        got.complete = True
        own.reply(request, 200, [])

    def unreadable(_: str, __: Fault) -> None:
        result.refused = True

    server = Server(handle, Limits(), unreadable)
    connection, line = server(), Line()
    connection.connection_made(line)
    for segment in segments:
        await _settled(connection)
        if line.deaf:
            break
        assert not line.paused, "it does not read on, though all is served"
        connection.data_received(segment)
    await _settled(connection)
    result.written = line.written
    connection.connection_lost(None)
    await asyncio.sleep(0)
    await server.shutdown(0)
    return result


async def _settled(connection: Any) -> None:
    """Until the connection waits for its client."""
    for _ in range(2000):
        await asyncio.sleep(0)
        request = connection._current
        if request is None or (request._waiter is not None and not request.complete and request.error is None):
            return
    raise AssertionError("it never settles")


def compare(data: bytes, segments: Iterable[bytes]) -> Heard:
    found = asyncio.run(heard(segments))
    expected, _ = parse(data)
    assert found.broken == [], data
    assert len(found.requests) <= len(expected), (data, found.requests, expected)
    for got, meant in zip(found.requests, expected, strict=False):
        assert (got.method, got.target, got.modern, got.fields) == (
            meant.method,
            meant.target,
            meant.modern,
            meant.fields,
        )
        assert meant.body.startswith(got.body), (data, got, meant)
        if got.complete:
            assert (got.body, meant.complete) == (meant.body, True), (data, got, meant)
    if not found.refused:
        assert found.requests == expected, (data, "was not all served, and nothing was said")
    assert found.written.count(b"HTTP/1.1 400") <= 1
    return found


# ------------------------------------------------------------------------------------------- what is sent

METHODS = st.sampled_from([b"GET", b"POST", b"PUT", b"HEAD", b"DELETE", b"OPTIONS", b"PATCH"])
TARGETS = st.sampled_from([b"/", b"/a/b?c=d", b"*", b"http://h/x", b"/" + b"x" * 70])
FIELDS = st.sampled_from(
    [
        *(b"Host: a", b"X:", b"X:y", b"X: y z ", b"Accept: */*", b"Content-Type: a/b", b"Connection: close"),
        *(b"Connection: keep-alive", b"Expect: 100-continue", b"X: \xe9", b"Cookie: a=b; c", b"Trailer: X"),
        *(b"Connection: upgrade", b"Upgrade: h2c", b"Upgrade: websocket", b"Proxy-Connection: x", b"TE: trailers"),
    ]
)
EXTENSIONS = st.sampled_from([b"", b"", b"", b";a", b";a=b", b';a="b;c"', b";a;b=c"])
TRAILERS = st.lists(st.sampled_from([b"X-Sum: y\r\n", b"Host: b\r\n", b"X:\r\n", b"Cookie: z\r\n"]), max_size=2)
BODIES = st.lists(
    st.binary(max_size=30) | st.sampled_from([b"GET /in HTTP/1.1\r\nHost: a\r\n\r\n", b"0\r\n\r\n"]), max_size=3
)
SPLINTERS = st.sampled_from(
    [
        *(
            b"\r",
            b"\n",
            b"\r\n",
            b"\r\n\r\n",
            b"\n\n",
            b" ",
            b"\t",
            b":",
            b";",
            b",",
            b"\x00",
            b"\x0b",
            b"\x7f",
            b"\x85",
        ),
        *(
            b"0",
            b"1",
            b"f",
            b"-",
            b"+",
            b"0x",
            b"_",
            b'"',
            b"0\r\n\r\n",
            b"HTTP/1.1",
            b"HTTP/1.0",
            b"HTTP/2.0",
            b"HTTP/0.9",
        ),
        *(
            b"Content-Length: 5\r\n",
            b"Content-Length: 0\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: x\r\n",
        ),
        *(
            b"Transfer-Encoding: gzip, chunked\r\n",
            b"Content-Length: 5, 5\r\n",
            b"Transfer-Encoding : chunked\r\n",
            b"chunked",
        ),
        *(
            b"Connection: close\r\n",
            b"Connection: upgrade\r\nUpgrade: x\r\n",
            b" folded\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
        ),
    ]
)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    pieces = draw(BODIES)
    framing, body = b"", b""
    form = draw(st.sampled_from(["none", "length", "chunked", "chunked"]))
    if form == "length":
        body = b"".join(pieces)
        framing = b"Content-Length: %d\r\n" % len(body)
    elif form == "chunked":
        framing = b"Transfer-Encoding: chunked\r\n"
        chunks = [b"%x%b\r\n%b\r\n" % (len(piece), draw(EXTENSIONS), piece) for piece in pieces if piece]
        body = b"".join((*chunks, b"0", draw(EXTENSIONS), b"\r\n", *draw(TRAILERS), b"\r\n"))
    fields = [field + b"\r\n" for field in draw(st.lists(FIELDS, max_size=4))]
    fields.insert(draw(st.integers(0, len(fields))), framing)
    version = draw(st.sampled_from([b"1.1"] * 7 + [b"1.0"]))
    return b"%b %b HTTP/%b\r\n%b\r\n%b" % (draw(METHODS), draw(TARGETS), version, b"".join(fields), body)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = b"".join(draw(st.lists(requests(), min_size=1, max_size=3)))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        change = draw(st.sampled_from(["insert", "delete", "twice", "replace", "line", "flip"]))
        if change == "line":  # a line is the unit that smugglers think in
            start = data.rfind(b"\n", 0, start) + 1
            data = data[:start] + draw(SPLINTERS) + data[start:]
        elif change == "flip" and start < len(data):
            data = data[:start] + bytes((draw(st.integers(0, 255)),)) + data[start + 1 :]
        else:
            middle = {"insert": draw(SPLINTERS), "twice": data[start:end] * 2}.get(change, b"")
            middle = draw(SPLINTERS) if change == "replace" else middle
            data = data[:start] + middle + data[start if change == "insert" else end :]
    return data


@st.composite
def split(draw: st.DrawFn, data: bytes) -> list[bytes]:
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=6)))
    return [data[start:end] for start, end in pairwise((0, *cuts, len(data))) if start < end]


@settings(max_examples=1500, deadline=None, derandomize=True, suppress_health_check=SLOW)
@given(st.data())
def test_a_handler_gets_what_a_strict_reader_sees(given: st.DataObject) -> None:
    data = given.draw(mutated())
    compare(data, given.draw(split(data)))


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
@pytest.mark.parametrize("framing", [b"", b"Transfer-Encoding: chunked\r\n"])
@pytest.mark.parametrize("cut", range(-1, 13))
def test_what_stands_in_a_body_says_nothing_of_the_next_requests_version(
    version: bytes, framing: bytes, cut: int
) -> None:
    """Found by the test above: a piece of a chunk that ends as the first line of a request does."""
    first = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r"
    then = b"\n HTTP/1.1\r\n\r\n0\r\n\r\nGET / HTTP/%b\r\n%b\r\n" % (version, framing)
    data = first + then
    at = len(first) + cut
    compare(data, [data[:at], data[at:]])


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=SLOW)
@given(st.lists(requests(), min_size=1, max_size=3).map(b"".join))
def test_what_is_regular_is_taken_byte_by_byte_as_at_once(data: bytes) -> None:
    single = compare(data, [bytes((byte,)) for byte in data])
    whole = compare(data, [data])
    assert single.requests == whole.requests
    assert single.refused == whole.refused


AGAIN = [
    b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /b HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nHTTP/",
    b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe",
    b"GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n",
    *(b"llo", b"\r\n", b"\r\n\r\n", b"GET /a HTTP/1.1\r\n", b"Host: a\r\n\r\n", b"0\r\n\r\n"),
    b"\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /b HTTP/1.1\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /b HTTP/1.0\r\nHost: a\r\n\r\n",
    b"GET  /b HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /b#c HTTP/1.1\r\nHost: a\r\n\r\n",
    b"HEAD /b HTTP/1.1\r\nHost: a\r\n\r\n",
    b"BREW /b HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n",
]
"""Segments of which many begin as one before did; and what would mean something else behind another."""


@given(st.lists(st.sampled_from(AGAIN), min_size=2, max_size=8))
@settings(max_examples=400, suppress_health_check=SLOW, deadline=None)
@example([AGAIN[0], AGAIN[0], b"\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n", AGAIN[-9]])
@example([b"\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /b HTTP/1.1\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n"])
@example([AGAIN[2], AGAIN[4], b"llo", AGAIN[2], AGAIN[0]])
@example([AGAIN[0], b"GET /a HTTP/1.1\r\n", b"Host: a\r\n\r\n", AGAIN[0]])
def test_what_comes_again_means_what_it_says_where_it_stands(segments: list[bytes]) -> None:
    compare(b"".join(segments), segments)
