"""What a client gets of a reply's head, as a function of the route and of what the API said."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.http.fields import Fields
from proxy.serve.answer import Framing, added, passed
from tests.serve.requests import exchange, route


@pytest.mark.parametrize(
    ("headers", "lines", "links", "sized", "readable"),
    [
        ([], [], [], False, True),
        ([(b"Content-Length", b"3")], [b"Content-Length: 3\r\n"], [], True, True),
        ([(b"Transfer-Encoding", b"chunked"), (b"Connection", b"close")], [], [], False, True),
        ([(b"Content-Type", b"image/png")], [b"Content-Type: image/png\r\n"], [], False, False),
        ([(b"Content-Type", b"text/html")], [b"Content-Type: text/html\r\n"], [], False, True),
        ([(b"Content-Encoding", b"GZIP")], [b"Content-Encoding: GZIP\r\n"], [], False, False),
        ([(b"Content-Encoding", b"utf-8")], [b"Content-Encoding: utf-8\r\n"], [], False, True),
        ([(b"Set-Cookie", b"a=1"), (b"Alt-Svc", b"h2")], [], [], False, True),
        ([(b"Connection", b"X-Hop, close"), (b"x-hop", b"1"), (b"X-B", b"2")], [b"X-B: 2\r\n"], [], False, True),
        ([(b"X-Hop", b"1"), (b"Connection", b"close"), (b"CONNECTION", b"x-hop")], [], [], False, True),
        ([(b"Connection", b"content-length"), (b"Content-Length", b"3")], [b"Content-Length: 3\r\n"], [], True, True),
        ([(b"Connection", b"location"), (b"Location", b"/v1/x")], [], [], False, True),
        ([(b"Location", b"/v1/x")], [], [(b"location", b"/v1/x")], False, True),
    ],
)
def test_what_passes_of_a_reply(
    headers: Fields, lines: list[bytes], links: Fields, sized: bool, readable: bool
) -> None:
    through = passed(route(), headers)
    assert (through.lines, through.links, through.sized, through.readable) == (b"".join(lines), links, sized, readable)


def test_what_the_route_sets_is_no_link() -> None:
    plan = route(reply_headers={"set": {"Location": "https://elsewhere.test"}})
    through = passed(plan, [(b"Location", b"/v1/x")])
    assert (through.lines, through.links) == (b"", [])


@pytest.mark.parametrize(
    ("scrub", "kind", "readable"), [("headers", b"text/html", False), ("strict", b"image/png", True)]
)
def test_how_far_bodies_are_searched(scrub: str, kind: bytes, readable: bool) -> None:
    assert passed(route(scrub=scrub), [(b"Content-Type", kind)]).readable is readable


@pytest.mark.parametrize(
    ("empty", "sized", "modern", "alive", "said"),
    [
        (False, True, True, True, b""),
        (False, True, True, False, b"Connection: close\r\n"),
        (False, False, True, True, b"Transfer-Encoding: chunked\r\n"),
        (False, False, True, False, b"Transfer-Encoding: chunked\r\nConnection: close\r\n"),
        (False, False, False, True, b"Connection: close\r\n"),  # HTTP/1.0: the end is the end
        (True, False, True, True, b""),
        (True, True, True, True, b""),
    ],
)
def test_how_a_body_is_delimited(empty: bool, sized: bool, modern: bool, alive: bool, said: bytes) -> None:
    framing = Framing(empty, sized, modern, alive)
    assert framing.lines == said
    assert framing.keep_alive == (b"close" not in said)
    assert framing.by_close == (not modern and not sized)
    assert framing.wrap(b"abc") == (b"3\r\nabc\r\n" if b"chunked" in said else b"abc")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, b""),
        ({"quota": b"RateLimit: x\r\n"}, b"RateLimit: x\r\n"),
        ({"attempts": 2}, b"X-Keyless-Attempts: 2\r\n"),
        ({"skipped": "body_too_large"}, b"X-Keyless-Replay: skipped; reason=body_too_large\r\n"),
        ({"skipped": "paused"}, b"X-Keyless-Replay: skipped; reason=paused\r\nX-Should-Retry: false\r\n"),
    ],
)
def test_what_the_proxy_says_for_itself(facts: dict[str, Any], said: bytes) -> None:
    assert added(exchange(route(), **facts)) == said


def test_a_page_that_may_read_is_told_so() -> None:
    said = added(exchange(route(), cors_origin="http://localhost:3000"))
    assert b"Access-Control-Allow-Origin: http://localhost:3000\r\n" in said
    assert added(exchange(route(cors="pass"), cors_origin="http://localhost:3000")) == b""
