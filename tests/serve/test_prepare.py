"""What an API gets, as a function of the route, the client's head and a token."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.auth.token import Token
from proxy.errors import Fault
from proxy.http.fields import Fields
from proxy.plan.replies.scrub import NOTHING
from proxy.serve.prepare import draft, may_upgrade, needles, place, prepare
from tests.serve.requests import NOW, SECRET, exchange, route

TOKEN = Token.eternal(SECRET, NOW)
HOST = (b"Host", b"127.0.0.1")


def lines(plan: Any, fields: Fields) -> list[bytes]:
    made = exchange(plan, fields=[HOST, *fields])
    return b"".join(draft(plan, "GET", made.way, made.head).lines).splitlines(keepends=True)


@pytest.mark.parametrize(
    ("written", "fields", "sent"),
    [
        ({}, [(b"Accept", b"a")], [b"Accept: a\r\n"]),
        ({}, [(b"authorization", b"theirs"), (b"X-Forwarded-For", b"1"), (b"Te", b"x")], []),
        ({}, [(b"Accept-Encoding", b"br")], [b"Accept-Encoding: br\r\n"]),
        ({}, [(b"Connection", b"X-Own"), (b"X-Own", b"1"), (b"X-Else", b"2")], [b"X-Else: 2\r\n"]),
        ({}, [(b"Sec-WebSocket-Protocol", b"keyless, chat")], [b"Sec-WebSocket-Protocol: chat\r\n"]),
        ({"headers": {"set": {"X-V": "2"}}}, [(b"X-V", b"1"), (b"B", b"c")], [b"B: c\r\n", b"X-V: 2\r\n"]),
        ({"headers": {"remove": ["X-V"]}}, [(b"X-V", b"1")], []),
    ],
)
def test_what_passes_of_a_head_and_what_the_route_adds(
    written: dict[str, Any], fields: Fields, sent: list[bytes]
) -> None:
    assert lines(route(**written), fields) == sent


def test_a_head_is_read_once_and_drafted_as_often_as_it_takes() -> None:
    plan = route(headers={"set": {"X-V": "2"}})
    made = exchange(plan, fields=[HOST, (b"Accept-Encoding", b"br")])
    tries = [draft(plan, "GET", made.way, made.head) for _ in range(2)]
    for each in tries:
        place(each, plan.placing, plan.provider, TOKEN)
    assert tries[0].lines == tries[1].lines
    assert made.head.lines == []


@pytest.mark.parametrize(
    ("upstream", "written", "target"),
    [
        ("https://api.test", {}, b"/x?a=1"),
        ("https://api.test/v1/", {}, b"/v1/x?a=1"),
        ("https://api.test/v1", {"keep_prefix": True}, b"/v1/api/x?a=1"),
        ("https://api.test/v1?key=own", {}, b"/v1/x?key=own&a=1"),
        ("https://api.test/bot{token}", {}, b"/bota-very-secret-text/x?a=1"),
    ],
)
def test_where_it_goes(upstream: str, written: dict[str, Any], target: bytes) -> None:
    plan = route(upstream, **written)
    made = draft(plan, "GET", exchange(plan).way, exchange(plan).head)
    place(made, plan.placing, plan.provider, TOKEN)
    assert made.target == target


@pytest.mark.parametrize(("cookies", "sent"), [("drop", None), ("pass", b"a=1; b=2")])
def test_cookies_pass_where_the_route_says_so(cookies: str, sent: bytes | None) -> None:
    plan = route(cookies=cookies)
    made = exchange(plan, fields=[HOST, (b"Cookie", b"a=1"), (b"cookie", b"b=2")])
    assert draft(plan, "GET", made.way, made.head).cookie == sent


def test_a_token_that_can_not_be_sent_names_its_provider_and_not_itself() -> None:
    plan = route()
    with pytest.raises(Fault) as refused:
        prepare(exchange(plan), Token.eternal("a\r\nb", NOW), lambda: NOW)
    assert (refused.value.code, refused.value.provider) == ("credential_refused", "p")
    assert "a\r\n" not in refused.value.detail


@pytest.mark.parametrize(
    ("method", "fields", "upgrades"),
    [
        ("GET", [(b"Upgrade", b"websocket"), (b"Connection", b"keep-alive, Upgrade")], True),
        ("GET", [(b"Upgrade", b" WebSocket "), (b"Connection", b"upgrade")], True),
        ("POST", [(b"Upgrade", b"websocket"), (b"Connection", b"upgrade")], False),
        ("GET", [(b"Upgrade", b"websocket")], False),
        ("GET", [(b"Upgrade", b"h2c"), (b"Connection", b"upgrade")], False),
        ("GET", [(b"Upgrade", b"websocket"), (b"Connection", b"upgrade"), (b"Content-Length", b"0")], False),
    ],
)
def test_what_asks_for_a_websocket(method: str, fields: Fields, upgrades: bool) -> None:
    assert may_upgrade(method, exchange(route(), method, [HOST, *fields]).head) is upgrades


def test_after_a_replay_nothing_of_either_token_goes_back() -> None:
    plan = route()
    newer = Token.eternal("another-secret-text", NOW)
    first = exchange(plan)
    assert needles(first, None) is NOTHING
    told = needles(first, TOKEN)
    assert told.scrub(b"a-very-secret-text another-secret-text") == b"****************** another-secret-text"
    both = needles(exchange(plan, needles=told, attempts=2), newer)
    assert both.scrub(b"a-very-secret-text another-secret-text") == b"****************** *******************"
