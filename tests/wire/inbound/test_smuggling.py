"""Request smuggling in every known shape: refused with the connection's end, or passed on so that all read it alike."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import pytest

from tests.conftest import Stage
from tests.raw import Message, RawApi, Wire

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NEXT = b"GET /api/next HTTP/1.1\r\nHost: localhost\r\n\r\n"
END = b"0\r\n\r\n"
HELLO = b"5\r\nhello\r\n" + END
R = TypeVar("R")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*\Z")
NEVER = frozenset(("connection", "upgrade", "expect", "te", "trailer", "keep-alive", "http2-settings"))


@dataclass
class Front:
    """A proxy with one API behind it, which tells what it got."""

    stage: Stage
    api: RawApi

    async def say(self, *data: bytes) -> Wire:
        wire = await self.stage.wire()
        await wire.send(*data)
        return wire

    async def refuses(self, raw: bytes, status: int = 400) -> None:
        """A problem document, the end, and neither this request nor what follows it has reached the API."""
        wire = await self.say(raw, NEXT)
        answer = await wire.message()
        problem(answer, status)
        assert not self.stage.log.getvalue().count("request failed")
        assert answer.get("Connection") == "close", answer
        assert await wire.rest() == b"", "something was answered behind the refusal"
        assert self.api.requests == []

    async def turns_down(self, raw: bytes, *codes: str) -> None:
        """Where the request ends is beyond doubt, so what follows is served; but the API never sees this one."""
        wire = await self.say(raw, NEXT)
        answer = await wire.message()
        assert answer.code in codes, answer
        problem(answer, answer.status)
        if answer.get("Connection") != "close":
            assert (await wire.message()).body == b"ok"
        assert [request.target for request in self.api.requests] in ([], ["/next"])
        self.api.requests.clear()

    async def passes_on(self, raw: bytes, body: bytes = b"") -> Message:
        """This request, then the next; each framed in the one way that all servers read alike."""
        self.api.requests.clear()
        wire = await self.say(raw, NEXT)
        assert [(await wire.message()).status for _ in range(2)] == [200, 200]
        first, second = self.api.requests
        assert (second.target, second.body) == ("/next", b"")
        assert first.body == body
        for request in (first, second):
            self.canonical(request)
        return first

    def canonical(self, request: Message) -> None:
        _, target, version = request.start.split(" ")
        assert (target[0], version) == ("/", "HTTP/1.1")
        names = [name.lower().replace("_", "-") for name, _ in request.headers]
        assert request.all("Host") == [self.api.authority]
        assert names.count("host") == 1
        framing = [name for name in names if name in ("content-length", "transfer-encoding")]
        assert len(framing) <= 1, request
        assert all(re.fullmatch("0|[1-9][0-9]*", value) for value in request.all("Content-Length"))
        assert request.all("Transfer-Encoding") in ([], ["chunked"])
        assert not NEVER.intersection(names)
        assert request.trailers == []
        assert all(_NAME.match(name) and _VALUE.match(value) for name, value in request.headers)


async def each(rows: Iterable[R], check: Callable[[R], Awaitable[object]]) -> None:
    """A table in one test: a proxy per row would take longer than all the rest."""
    for row in rows:
        try:
            await check(row)
        except BaseException as error:
            error.add_note(f"with {row!r:.500}")
            raise


def problem(answer: Message, status: int) -> None:
    assert answer.status == status
    assert 400 <= answer.status < 500
    assert answer.get("Content-Type") == "application/problem+json"
    assert answer.json()["code"] == answer.code


@pytest.fixture
async def front(stage: Stage) -> Front:
    api = await stage.api(OK)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    return Front(stage, api)


def post(*lines: bytes, body: bytes = b"", version: bytes = b"1.1", method: bytes = b"POST") -> bytes:
    head = (b"%b /api/first HTTP/%b" % (method, version), b"Host: localhost", *lines)
    return b"\r\n".join((*head, b"", b"")) + body


CHUNKED = b"Transfer-Encoding: chunked"

# ------------------------------------------------------------------------------------------- how long is the body?

TWO_LENGTHS = [
    post(b"Content-Length: 5", CHUNKED, body=END + b"G"),
    post(CHUNKED, b"Content-Length: 5", body=END + b"G"),
    post(b"Content-Length: 3", CHUNKED, body=b"8\r\nsmuggled\r\n" + END),
    post(b"content-length: 0", b"transfer-encoding: CHUNKED", body=END),
    post(b"Content-Length: 0", b"Transfer-Encoding: identity"),
    post(b"Content-Length: 5", b"Transfer-Encoding:", body=b"hello"),
    post(b"Content-Length: 3", b"Content-Length: 4", body=b"abcd"),
    post(b"Content-Length: 3", b"Content-Length: 3", body=b"abc"),
    post(b"Content-Length: 3", b"content-length: 0", body=b"abc"),
    post(b"Content-Length: 3", b"Content-Length:", body=b"abc"),
    post(b"Content-Length:", b"Content-Length: 3", body=b"abc"),
]
ODD_LENGTHS = [
    *(b"1, 1", b"1,1", b"1 1", b"+1", b"-1", b"-0", b"0x1", b"1e1", b"1_0", b"1.0", b"1;", b'"1"', b"", b" ", b"x"),
    *(b"18446744073709551616", b"18446744073709551617", b"9" * 400),
    *(b"\xb9", b"\xd9\xa1", b"1\x0b", b"\x0b1", b"1\x00", b"1\x0c", b"1\xa0", b"1\r", b"1\n"),
]
ODD_CODINGS = [
    *(b"xchunked", b"chunkedx", b"chunked, identity", b"identity, chunked", b"identity", b"gzip, chunked", b"gzip"),
    *(b"chunked, chunked", b"chunked,", b",chunked", b", chunked", b"chunked, ,", b"", b" ", b"chunked;q=1"),
    *(b'"chunked"', b"'chunked'", b"\x0bchunked", b"chunked\x0b", b"\x00chunked", b"chunked\x00", b"\x0cchunked"),
    *(b"chunked\xa0", b"chun\x00ked", b"chunked\r", b"\rchunked", b"chunked\n", b"\nchunked", b"\r\n chunked"),
    *(b"chunked\r\n ", b"chunked\r\n\t, identity", b"c\xe9hunked", b"chunked chunked", b"(x) chunked", b"cow"),
]
TWO_CODINGS = [
    (CHUNKED, b"Transfer-Encoding: identity"),
    (b"Transfer-Encoding: identity", CHUNKED),
    (CHUNKED, CHUNKED),
    (CHUNKED, b"Transfer-encoding: x"),
    (CHUNKED, b"Transfer-Encoding:"),
    (b"Transfer-Encoding:", CHUNKED),
    (b"Transfer-Encoding: gzip", CHUNKED),
]


async def test_two_lengths(front: Front) -> None:
    await each(TWO_LENGTHS, front.refuses)


async def test_a_length_that_is_no_number(front: Front) -> None:
    await each(ODD_LENGTHS, lambda said: front.refuses(post(b"Content-Length: " + said, body=b"x")))


async def test_a_length_beyond_all_bounds(stage: Stage) -> None:
    api = await stage.api(OK)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}}, limits={"max_body": "1MiB"})
    await Front(stage, api).refuses(post(b"Content-Length: 18446744073709551615", body=b"x"), 413)


@pytest.mark.parametrize("said", [b"3", b" 3", b"\t3", b"3 ", b"3 \t ", b"003"])
async def test_a_length_however_written(front: Front, said: bytes) -> None:
    first = await front.passes_on(post(b"Content-Length:" + said, body=b"abc"), b"abc")
    assert first.get("Content-Length") == "3"


async def test_a_coding_that_is_not_chunked(front: Front) -> None:
    await each(ODD_CODINGS, lambda said: front.refuses(post(b"Transfer-Encoding: " + said, body=HELLO)))


async def test_two_codings(front: Front) -> None:
    await each(TWO_CODINGS, lambda lines: front.refuses(post(*lines, body=HELLO)))


@pytest.mark.parametrize("said", [b"chunked", b"\tchunked", b"   chunked", b"CHUNKED", b"cHuNkEd"])
async def test_chunked_however_written(front: Front, said: bytes) -> None:
    await front.passes_on(post(b"transfer-ENCODING:" + said, body=HELLO), b"hello")


@pytest.mark.parametrize("line", [b"Transfer-Encoding: chunked ", b"Transfer-Encoding: chunked\t"])
async def test_space_behind_chunked(front: Front, line: bytes) -> None:
    """Good or bad, as the parser likes it: but not something in between."""
    wire = await front.say(post(line, body=HELLO), NEXT)
    if (await wire.message()).status == 400:
        assert await wire.rest() == b""
        assert front.api.requests == []
    else:
        assert (await wire.message()).status == 200
        assert [request.body for request in front.api.requests] == [b"hello", b""]


@pytest.mark.parametrize(
    "line",
    [
        *(b"Transfer_Encoding: chunked", b"Transfer-Encoding-X: chunked", b"X-Transfer-Encoding: chunked"),
        *(b"Content_Length: 5", b"Content-Length-: 5", b"Content.Length: 5", b"TE: chunked", b"TE: trailers"),
    ],
)
async def test_what_only_looks_like_framing(front: Front, line: bytes) -> None:
    """Frames nothing; what a server behind CGI would take for framing does not get there."""
    first = await front.passes_on(post(line))
    names = [name.lower().replace("_", "-") for name, _ in first.headers]
    assert not {"transfer-encoding", "content-length"}.intersection(names)


@pytest.mark.parametrize("connection", [b"close", b"keep-alive"])
@pytest.mark.parametrize("said", [b"chunked", b"identity", b"gzip, chunked", b""])
async def test_a_coding_on_http_1_0(front: Front, said: bytes, connection: bytes) -> None:
    lines = (b"Transfer-Encoding: " + said, b"Connection: " + connection)
    await front.refuses(post(*lines, body=HELLO, version=b"1.0"))


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"DELETE", b"OPTIONS"])
@pytest.mark.parametrize(
    "framing", [(b"Content-Length: 44", b"x" * 44), (CHUNKED, b"2c\r\n" + b"x" * 44 + b"\r\n" + END)]
)
async def test_a_body_where_none_is_usual(front: Front, method: bytes, framing: tuple[bytes, bytes]) -> None:
    wire = await front.say(post(framing[0], body=framing[1], method=method), NEXT)
    assert (await wire.message(bodiless=method == b"HEAD")).status == 200
    assert (await wire.message()).status == 200
    assert [request.body for request in front.api.requests] == [b"x" * 44, b""]


@pytest.mark.parametrize(
    "framing", ["Content-Length", "Transfer-Encoding", "Host", "content-length, transfer-encoding"]
)
async def test_framing_named_by_connection_is_not_lost(front: Front, framing: str) -> None:
    line = b"Connection: " + framing.encode()
    for body in ((b"Content-Length: 5", b"hello"), (CHUNKED, HELLO)):
        wire = await front.say(post(line, body[0], body=body[1]), NEXT)
        answers = [(await wire.message()).status for _ in range(2)]
        assert answers == [200, 200]
    assert [request.body for request in front.api.requests] == [b"hello", b""] * 2
    for request in front.api.requests:
        front.canonical(request)


# ------------------------------------------------------------------------------------------- lines

BAD_LINES = [
    post(b"X: y\r\n folded"),
    post(b"X: y\r\n\tTransfer-Encoding: chunked"),
    post(b"X:\r\n y"),
    post(b"X: y\nContent-Length: 5"),
    post(b"X: y\rContent-Length: 5"),
    post(b"X: y\r"),
    post(b"X: y\r\r"),
    post(b"X: a\x00b"),
    post(b"X\x00: y"),
    post(b"X: \x7f"),
    post(b"X: \x01"),
    post(b"X: \x0b"),
    post(b"X : y"),
    post(b"X\t: y"),
    post(b"Transfer-Encoding : chunked", body=HELLO),
    post(b"Content-Length : 5", body=b"hello"),
    post(b"Transfer-Encoding\x0b: chunked", body=HELLO),
    post(b"Transfer-Encoding\x00: chunked", body=HELLO),
    post(b"Transfer-Encoding\r: chunked", body=HELLO),
    post(b"\x00Transfer-Encoding: chunked", body=HELLO),
    post(b"\xefTransfer-Encoding: chunked", body=HELLO),
    post(b"Transfer\xadEncoding: chunked", body=HELLO),
    post(b"Transfer Encoding: chunked", body=HELLO),
    post(b": y"),
    post(b":"),
    post(b" : y"),
    post(b"X"),
    post(b"X y"),
    post(b"(X): y"),
    post(b'"X": y'),
    post(b"X[]: y"),
    b"POST /api/first HTTP/1.1\r\n Host: localhost\r\n\r\n",
    b"POST /api/first HTTP/1.1\r\n\tHost: localhost\r\n\r\n",
    b"POST /api/first HTTP/1.1\r\n X: y\r\nHost: localhost\r\n\r\n",
    b"POST /api/first HTTP/1.1\nHost: localhost\r\n\r\n",
    b"POST /api/first HTTP/1.1\rHost: localhost\r\n\r\n",
    b"POST /api/first HTTP/1.1\r\nHost: localhost\n\r\n",
    b"POST /api/first HTTP/1.1\r\nHost: localhost\r\n\n",
    b"POST /api/first HTTP/1.1\nHost: localhost\n\n",
    b"POST /api/first HTTP/1.1\r\nHost: localhost\r\n\rX",
    b"POST /api/first\tHTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST\t/api/first HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST\x0b/api/first HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /api/first HTTP/1.1 \r\nHost: localhost\r\n\r\n",
    b"POST /api/first HTTP/1.1 x\r\nHost: localhost\r\n\r\n",
    b"POST /api/first  x HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /api/fi\rst HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /api/fi\nst HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /api/fi\x00st HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /api/fi\xe4st HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b" POST /api/first HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"\x00POST /api/first HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"\xef\xbb\xbfPOST /api/first HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"\r\n POST /api/first HTTP/1.1\r\nHost: localhost\r\n\r\n",
]
VERSIONS = [
    *(b"HTTP/0.9", b"HTTP/2.0", b"HTTP/2", b"HTTP/3.0", b"HTTP/1.9", b"HTTP/1.2", b"HTTP/1", b"HTTP/1.", b"HTTP/.1"),
    *(b"HTTP/1.11", b"HTTP/01.1", b"HTTP/1.1.1", b"http/1.1", b"HTTP/ 1.1", b"HTTP /1.1", b"HTTP/-1.1", b"HTTPS/1.1"),
    *(b"HTTP/1,1", b"ICE/1.0", b"XTTP/1.1", b"HTTP/\xb9.1"),
]
METHODS = [
    b"get",
    b"Get",
    b"post",
    b"G",
    b"GETT",
    b"G ET",
    b"G@T",
    b"G\x00T",
    b"FROBNICATE",
    b"",
    b"X" * 10_000,
    b"PRI",
]


async def test_lines_that_two_servers_could_split_differently(front: Front) -> None:
    await each(BAD_LINES, front.refuses)


async def test_other_versions(front: Front) -> None:
    line = b"GET /api/first %b\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n"
    await each(VERSIONS, lambda version: front.refuses(line % version))


async def test_http_0_9(front: Front) -> None:
    await front.refuses(b"GET /api/first\r\n")
    await front.refuses(b"GET /api/first\r\n\r\n")


async def test_the_preface_of_http_2_behind_a_request(front: Front) -> None:
    """Alone it is answered in frames (test_http2.py); here they would stand behind an answer of HTTP/1.1."""
    wire = await front.say(NEXT, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", NEXT)
    assert (await wire.message()).body == b"ok"
    problem(await wire.message(), 400)
    assert await wire.rest() == b""
    assert [request.target for request in front.api.requests] == ["/next"]


async def test_what_only_begins_like_the_preface_of_http_2(front: Front) -> None:
    await front.refuses(b"PRI * HTTP/2.0\r\nHost: localhost\r\n\r\n")


async def test_methods_that_are_none(front: Front) -> None:
    line = b"%b /api/first HTTP/1.1\r\nHost: localhost\r\n\r\n"
    await each(METHODS, lambda method: front.refuses(line % method))


@pytest.mark.parametrize("lines", [(), (b"\r\n",), (b"\r\n\r\n",)])
async def test_empty_lines_between_requests(front: Front, lines: tuple[bytes, ...]) -> None:
    """RFC 9112 §2.2."""
    await front.passes_on(b"".join(lines) + post(b"Content-Length: 1", body=b"x") + b"".join(lines), b"x")


@pytest.mark.parametrize(
    ("value", "seen"),
    [(b"", ""), (b"  ", ""), (b"\ta\t", "a"), (b"a  b", "a  b"), (b"\xe9\xff", "\xe9\xff"), (b":", ":")],
)
async def test_values_that_are_odd_but_good(front: Front, value: bytes, seen: str) -> None:
    first = await front.passes_on(post(b"X:" + value, b"X-After: b"))
    assert (first.all("X"), first.all("X-After")) == ([seen], ["b"])


# ------------------------------------------------------------------------------------------- whose host? which path?


HOSTS: list[tuple[bytes, ...]] = [
    (),
    (b"Host: localhost", b"Host: localhost"),
    (b"Host: localhost", b"Host: evil.test"),
    (b"Host: localhost", b"host: evil.test"),
    (b"Host:", b"Host: localhost"),
    (b"Host:",),
    (b"Host: user@localhost",),
    (b"Host: localhost@evil.test",),
    (b"Host: evil.test#localhost",),
    (b"Host: localhost/",),
    (b"Host: localhost, evil.test",),
    (b"Host: localhost evil.test",),
    (b"Host: localhost:99999999",),
    (b"Host: localhost:80:80",),
    (b"Host: localhost:x",),
    (b"Host: evil.test",),
    (b"Host: localhost\xe9",),
    (b"X-Host: localhost",),
    (b"H\x6fst_: localhost",),
]


async def test_a_host_that_is_missing_double_or_odd(front: Front) -> None:
    async def check(hosts: tuple[bytes, ...]) -> None:
        raw = b"\r\n".join((b"GET /api/first HTTP/1.1", *hosts, b"", b""))
        await front.turns_down(raw, "host_refused", "bad_request")

    await each(HOSTS, check)


TARGETS = [
    *(b"http://localhost/api/first", b"http://evil.test/api/first", b"https://localhost/api", b"//evil.test/api/x"),
    *(b"HTTP://localhost/api/first", b"ws://localhost/api/first", b"http://user@localhost/api", b"*"),
    *(b"/api/../api/first", b"/api/%2e%2e/first", b"/api/first#x", b"/api\\first"),
]


async def test_targets_of_other_forms(front: Front) -> None:
    line = b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n"
    codes = ("path_refused", "no_route", "bad_request")
    await each(TARGETS, lambda target: front.turns_down(line % target, *codes))


@pytest.mark.parametrize(
    "line", [b"CONNECT localhost:443 HTTP/1.1", b"CONNECT /api/first HTTP/1.1", b"GET localhost:80 HTTP/1.1"]
)
async def test_authorities_as_targets(front: Front, line: bytes) -> None:
    await front.turns_down(
        line + b"\r\nHost: localhost\r\n\r\n", "path_refused", "no_route", "bad_request", "method_refused"
    )


# ------------------------------------------------------------------------------------------- chunks

BAD_CHUNKS = [
    *(
        b"0x5\r\nhello\r\n",
        b"-5\r\nhello\r\n",
        b"+5\r\nhello\r\n",
        b" 5\r\nhello\r\n",
        b"5 \r\nhello\r\n",
        b"\r\nhello\r\n",
    ),
    *(
        b"5\t\r\nhello\r\n",
        b"5\nhello\r\n",
        b"5\rhello\r\n",
        b"5\r\nhello\n",
        b"5\r\nhello\r",
        b"5\r\nhello",
        b"5\r\nhelloXX",
    ),
    *(
        b"5\n\nhello\r\n",
        b"5\r\nhello\n\n",
        b"g\r\nhello\r\n",
        b"5h\r\nhello\r\n",
        b"5_0\r\nhello\r\n",
        b"5\x00\r\nhello\r\n",
    ),
    *(b"10000000000000005\r\nhello\r\n", b"fffffffffffffffff\r\nhello\r\n", b"\xb5\r\nhello\r\n", b"5,5\r\nhello\r\n"),
    *(
        b"4\r\nhello\r\n",
        b"5;\r\nhello\r\n",
        b"5;a b\r\nhello\r\n",
        b"5;a\nhello\r\n",
        b"5;a=b\nhello\r\n",
        b"5;a\rb\r\nhello\r\n",
    ),
    *(
        b'5;a="\r\nhello\r\n',
        b'5;a="b"c\r\nhello\r\n',
        b'5;a="\n"\r\nhello\r\n',
        b"5;a=\x00\r\nhello\r\n",
        b"5 ;a=b\r\nhello\r\n",
    ),
    *(b'5;a="\r\n\r\n"\r\nhello\r\n', b"5;\xe9\r\nhello\r\n", b";5\r\nhello\r\n", b"5\r\n\r\nhello\r\n"),
]
BAD_ENDS = [
    *(b"0\r\nX\r\n\r\n", b"0\r\nX : y\r\n\r\n", b"0\r\n X: y\r\n\r\n", b"0\r\nX: y\r\n z\r\n\r\n", b"0\r\nX: y\n\r\n"),
    *(b"0\n\r\n", b"0\r\n\n", b"0\r\n\rX", b"0\r\nX: \x00\r\n\r\n", b"0\r\n: y\r\n\r\n", b"0 \r\n\r\n", b"00x\r\n\r\n"),
    *(
        b"0\r\nContent-Length: 44\r\n\r\n",
        b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"0\r\nContent-Length: 0\r\n\r\n",
    ),
]
GOOD_ENDS = [
    *(b"0\r\n\r\n", b"00000\r\n\r\n", b"0;a=b\r\n\r\n", b'0;a="b;\\"c"\r\n\r\n', b"0\r\nX-Checksum: y\r\n\r\n"),
    *(b"0\r\nAuthorization: Bearer mine\r\n\r\n", b"0\r\nHost: evil.test\r\nX-Api-Key: mine\r\nCookie: a=b\r\n\r\n"),
    *(b"0\r\nTransfer_Encoding: chunked\r\nUpgrade: websocket\r\nExpect: 100-continue\r\n\r\n",),
    *(b"0\r\nX-Original-URL: /admin\r\nTrailer: X\r\nX-Http-Method-Override: DELETE\r\n\r\n",),
]


async def test_chunks_that_are_not(front: Front) -> None:
    await each(BAD_CHUNKS, lambda chunk: front.refuses(post(CHUNKED, body=chunk + END)))
    await each(BAD_CHUNKS, lambda chunk: front.refuses(post(CHUNKED, body=b"3\r\nabc\r\n" + chunk + END)))


async def test_ends_that_are_none(front: Front) -> None:
    await each(BAD_ENDS, lambda end: front.refuses(post(CHUNKED, body=b"5\r\nhello\r\n" + end)))


async def test_trailers_and_extensions_end_here(front: Front) -> None:
    """They are neither this request's headers nor the next one's."""

    async def check(end: bytes) -> None:
        first = await front.passes_on(post(CHUNKED, body=b"2;a=b\r\nhe\r\n03;c\r\nllo\r\n" + end), b"hello")
        for request in (first, front.api.requests[1]):
            assert not re.search("mine|evil|checksum|admin|override|a=b", str(request.headers), re.IGNORECASE)

    await each(GOOD_ENDS, check)


# ------------------------------------------------------------------------------------------- one behind the other


def numbered(number: int) -> bytes:
    body = b"body %d" % number
    forms = (
        b"GET /api/%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % number,
        b"POST /api/%d HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%b" % (number, len(body), body),
        b"PUT /api/%d HTTP/1.1\r\nHost: localhost\r\n%b\r\n\r\n%x\r\n%b\r\n0\r\nX-Trailer: %d\r\n\r\n"
        % (number, CHUNKED, len(body), body, number),
    )
    return forms[number % 3]


async def echoing(stage: Stage) -> Front:
    async def play(wire: Wire) -> None:
        while True:
            message = await wire.message()
            api.record(message)
            said = message.target.encode() + b" " + message.body
            await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said))

    api = await stage.playing(play)
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    return Front(stage, api)


async def test_many_requests_at_once_are_answered_in_order(stage: Stage) -> None:
    front = await echoing(stage)
    wire = await front.say(*(numbered(number) for number in range(60)))
    for number in range(60):
        body = b"body %d" % number if number % 3 else b""
        assert (await wire.message()).body == b"/%d %b" % (number, body)
    assert [request.target for request in front.api.requests] == [f"/{number}" for number in range(60)]
    assert not any("Trailer" in str(request.headers) for request in front.api.requests)


@pytest.mark.parametrize("bad", [b"GARBAGE\r\n\r\n", BAD_LINES[0], TWO_LENGTHS[0], b"\x16\x03\x01"])
async def test_a_bad_one_in_the_middle(stage: Stage, bad: bytes) -> None:
    front = await echoing(stage)
    wire = await front.say(numbered(1), numbered(2), bad, numbered(3), numbered(4))
    assert [(await wire.message()).status for _ in range(2)] == [200, 200]
    problem(await wire.message(), 400)
    assert await wire.rest() == b""
    assert [request.target for request in front.api.requests] == ["/1", "/2"]


async def test_a_body_that_comes_after_its_turn_has(stage: Stage) -> None:
    """The head came while another request was served."""
    await stage.open()
    wire = await stage.wire()
    host = f"Host: {stage.authority}\r\n".encode()
    await wire.send(b"GET /oauth2/hold HTTP/1.1\r\n%b\r\n" % host)
    await stage.sandbox.until(lambda: stage.sandbox.api_requests == 1)
    await wire.send(b"POST /oauth2/echo HTTP/1.1\r\n%bContent-Length: 5\r\n\r\n" % host)
    await stage.until(lambda: bool(next(iter(stage.server.connections))._waiting))
    stage.sandbox.release.set()
    assert (await wire.message()).json() == {"held": True}
    await wire.send(b"hello")
    assert (await wire.message()).json()["body"]["text"] == "hello"


@pytest.mark.parametrize("size", [3, 2_000_000])
async def test_nothing_is_served_behind_the_last_answer(stage: Stage, size: int) -> None:
    """To HTTP/1.0 every answer is the last."""
    api = await stage.api(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (size, b"x" * size))
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    old = b"GET /api/first HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n"
    wire = await Front(stage, api).say(old, NEXT, NEXT)
    await stage.until(lambda: len(api.requests) > 0)
    assert (await wire.message()).body == b"x" * size
    assert await wire.rest() == b""
    assert [request.target for request in api.requests] == ["/first"]


async def test_nothing_is_served_behind_connection_close(front: Front) -> None:
    wire = await front.say(post(b"Connection: close", method=b"GET"), NEXT)
    assert (await wire.message()).get("Connection") == "close"
    assert await wire.rest() == b""
    assert [request.target for request in front.api.requests] == ["/first"]


# ------------------------------------------------------------------------------------------- upgrades

H2C = (
    b"Connection: Upgrade, HTTP2-Settings",
    b"Upgrade: h2c",
    b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
)
WEBSOCKET = (b"Connection: Upgrade", b"Upgrade: websocket")


@pytest.mark.parametrize("lines", [H2C, WEBSOCKET, (b"Connection: upgrade", b"Upgrade: TLS/1.0")])
@pytest.mark.parametrize(
    ("framing", "sent"),
    [
        (b"Content-Length: 5", b"hello"),
        (b"Content-Length: 0", b""),
        (CHUNKED, HELLO),
        (CHUNKED, b"5;a=b\r\nhello\r\n0\r\nX-Trailer: y\r\n\r\n"),
    ],
)
async def test_a_body_behind_an_upgrade_that_is_ignored(
    front: Front, lines: tuple[bytes, ...], framing: bytes, sent: bytes
) -> None:
    """As Java's HTTP client sends it first of all."""
    body = b"hello" if sent else b""
    await front.passes_on(post(*lines, framing, body=sent), body)


@pytest.mark.parametrize("lines", [H2C, (b"Connection: upgrade", b"Upgrade: TLS/1.0"), (b"Connection: upgrade",)])
async def test_what_follows_an_upgrade_that_is_ignored_is_the_next_request(
    front: Front, lines: tuple[bytes, ...]
) -> None:
    await front.passes_on(post(*lines, method=b"GET"))


@pytest.mark.parametrize("guarded", [b"Host: evil.test", b"Host: localhost\r\nOrigin: http://evil.test"])
async def test_what_follows_a_refused_upgrade_passes_the_guard(stage: Stage, guarded: bytes) -> None:
    api = await stage.api(b"HTTP/1.1 426 No\r\nContent-Length: 2\r\n\r\nno")
    await stage.open({"/api": {"upstream": api.url, "provider": "oauth2"}})
    inside = b"GET /api/inside HTTP/1.1\r\n%b\r\n\r\n" % guarded
    wire = await Front(stage, api).say(post(*WEBSOCKET, method=b"GET"), inside, NEXT)
    answers = [await wire.message() for _ in range(3)]
    assert [answer.status for answer in answers] == [426, 403, 426]
    assert [request.target for request in api.requests] == ["/first", "/next"]


@pytest.mark.parametrize("rest", [b"GARBAGE\r\n\r\n", b"\x81\x05hello", BAD_LINES[0]])
async def test_what_follows_a_refused_upgrade_and_is_no_request(front: Front, rest: bytes) -> None:
    wire = await front.say(post(*H2C, method=b"GET"), rest, NEXT)
    assert (await wire.message()).status == 200
    problem(await wire.message(), 400)
    assert await wire.rest() == b""
    assert [request.target for request in front.api.requests] == ["/first"]


@pytest.mark.parametrize("bad", [TWO_LENGTHS[0], TWO_LENGTHS[6], post(b"Transfer-Encoding: xchunked", body=HELLO)])
async def test_an_upgrade_does_not_excuse_its_framing(front: Front, bad: bytes) -> None:
    await front.refuses(
        bad.replace(b"Host: localhost\r\n", b"Host: localhost\r\nConnection: upgrade\r\nUpgrade: h2c\r\n")
    )


@pytest.mark.parametrize("chunk", [b"5\nhello\r\n", b"5\r\nhelloXX", b"-1\r\n"])
async def test_nor_its_chunks(front: Front, chunk: bytes) -> None:
    await front.refuses(post(*H2C, CHUNKED, body=chunk + END))


async def test_hundreds_of_upgrades_in_one_segment(stage: Stage) -> None:
    front = await echoing(stage)
    one = post(*H2C, b"Content-Length: 2", body=b"hi")
    wire = await front.say(one * 600, NEXT)
    for _ in range(600):
        assert (await wire.message()).body == b"/first hi"
    assert (await wire.message()).body == b"/next "


# ------------------------------------------------------------------------------------------- expectations


@pytest.mark.parametrize("said", [b"100-continue", b"100-Continue", b"100-continue ", b"\t100-continue"])
async def test_a_continue_however_asked_for(front: Front, said: bytes) -> None:
    wire = await front.say(post(b"Expect: " + said, b"Content-Length: 5"))
    assert (await wire.head()).status == 100
    await wire.send(b"hello", NEXT)
    assert [(await wire.message()).status for _ in range(2)] == [200, 200]
    assert [request.body for request in front.api.requests] == [b"hello", b""]
    front.canonical(front.api.requests[0])


@pytest.mark.parametrize("said", [b"the-unexpected", b"", b"200-ok", b"100-continue=1", b'"100-continue"'])
async def test_other_expectations_are_nobodys(front: Front, said: bytes) -> None:
    await front.passes_on(post(b"Expect: " + said, b"Content-Length: 5", body=b"hello"), b"hello")


async def test_a_continue_without_a_body(front: Front) -> None:
    await front.passes_on(post(b"Expect: 100-continue", method=b"GET"))


async def test_http_1_0_gets_no_continue(front: Front) -> None:
    wire = await front.say(post(b"Expect: 100-continue", b"Content-Length: 5", body=b"hello", version=b"1.0"))
    assert (await wire.head()).status == 200
