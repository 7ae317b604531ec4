from __future__ import annotations

from typing import Any

import pytest

from proxy.auth.keys.reply import ReplyMap
from proxy.auth.reading.reply import ReplyReader
from proxy.auth.token import IssuerReply, Minted
from proxy.errors import FailureClass, IssuerError

WALL = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT
DATE = {"date": "Tue, 14 Nov 2023 22:13:20 GMT"}


def read(
    body: bytes, status: int = 200, cookies: tuple[str, ...] = (), ttl: float | None = None, **reply: Any
) -> Minted:
    reader = ReplyReader.compile(ReplyMap.model_validate(reply), ttl)
    return reader.read(IssuerReply(status, DATE, body, cookies), WALL)


@pytest.mark.parametrize(
    ("body", "reply", "token"),
    [
        (b'{"a": "abc"}', {"format": "json", "token": "a"}, "abc"),
        (b"a=abc&b=1", {"format": "form", "token": "a"}, "abc"),
        (b"a=abc&b=1\n", {"format": "form", "token": "a", "ok": {"b": 1}}, "abc"),
        (b"abc\r\n", {"format": "text"}, "abc"),
        (b"abc", {"format": "text", "token": "@"}, "abc"),
        (
            '<?xml version="1.0" encoding="GB2312"?><r><m>成功</m><t>abc</t></r>'.encode("gbk"),
            {"format": "xml", "token": "r.t", "ok": {"r.m": "成功"}},
            "abc",
        ),
        (b"<r><code>0</code><t>abc</t></r>", {"format": "xml", "token": "r.t", "ok": {"r.code": 0}}, "abc"),
    ],
)
def test_a_body_in_the_format_that_is_said(body: bytes, reply: dict[str, Any], token: str) -> None:
    assert read(body, **reply).value == token


@pytest.mark.parametrize(
    ("body", "reply", "why"),
    [
        (b"a=abc", {"format": "json", "token": "a"}, "not JSON"),
        (b'{"a": "abc"}', {"format": "form", "token": "a"}, "not a form"),
        (b"\xff\xfe\xfd", {"format": "text"}, "not text in UTF-8"),
        (b"abc", {"format": "xml", "token": "r"}, "not XML"),
        (b"  ", {"format": "xml", "token": "r"}, "an empty body"),
        (b"", {"format": "text"}, "an empty body"),
        (b"<html>maintenance</html>", {"format": "text"}, "not one word"),
        (b'{"code":401}', {"format": "text"}, "not one word"),
        (b"try again later", {"format": "text"}, "not one word"),
        (
            b"<!DOCTYPE r><r>abc</r>",
            {"format": "xml", "token": "r"},
            "XML with a document type (DTD), which is never read",
        ),
        (b"<r><t>abc</t></r>", {"format": "xml", "token": "r.x"}, "no text at `r.x`"),
        (b"<r><t>abc</t></r>", {"format": "xml", "token": "r.t", "ok": {"r.code": 0}}, "`r.code` isn't what"),
        (b"<!DOCTYPE r><r/>", {"format": "xml", "token": "r.t", "ok": {"r.code": 0}}, "document type"),
    ],
)
def test_any_other_body_is_a_failure_that_says_why(body: bytes, reply: dict[str, Any], why: str) -> None:
    with pytest.raises(IssuerError) as caught:
        read(body, **reply)
    assert why in caught.value.message
    assert caught.value.failure is FailureClass.PASSING


def test_an_error_may_come_in_another_format_than_a_token() -> None:
    with pytest.raises(IssuerError, match="invalid_client") as caught:
        read(b'{"error": "invalid_client"}', 401, format="xml", token="r.t")
    assert caught.value.failure is FailureClass.CREDENTIAL


def test_an_error_in_xml_is_told_by_its_own_rules() -> None:
    rules = [{"json": {"error.code": 7}, "class": "credential", "hint": "Check it."}]
    with pytest.raises(IssuerError, match="no such user") as caught:
        read(
            b"<error><code>7</code><words>no such user</words></error>",
            format="xml",
            token="session.id",
            error="error.words",
            errors=rules,
        )
    assert (caught.value.failure, caught.value.hint) == (FailureClass.CREDENTIAL, "Check it.")


@pytest.mark.parametrize(
    ("cookie", "ttl", "life"),
    [
        ("sid=abc; Max-Age=1800; HttpOnly", None, 1800.0),
        ("sid=abc; Expires=Tue, 14 Nov 2023 23:13:20 GMT", 60.0, 3600.0),
        ("sid=abc", 60.0, 60.0),
        ("sid=abc", None, 300.0),
    ],
)
def test_a_cookie_is_the_token_and_says_how_long(cookie: str, ttl: float | None, life: float) -> None:
    minted = read(b"", cookies=("lb=1; Max-Age=5", cookie), ttl=ttl, token="cookie:sid")
    assert (minted.value, minted.lifetime, minted.doubt) == ("abc", life, None)


def test_what_the_reply_says_counts_before_the_cookie() -> None:
    minted = read(b'{"e": 60}', cookies=("sid=abc; Max-Age=1800",), token="cookie:sid", expires_in="e")
    assert minted.lifetime == 60.0


def test_a_refresh_token_in_a_cookie() -> None:
    assert read(b'{"t": "abc"}', cookies=("rt=r1; Path=/",), token="t", refresh_token="cookie:rt").refresh_token == "r1"


@pytest.mark.parametrize("cookies", [(), ("other=1",), ("sid=; Max-Age=0",), ("sid=gone; Max-Age=0",)])
def test_no_cookie_is_no_token(cookies: tuple[str, ...]) -> None:
    with pytest.raises(IssuerError, match="no text at `cookie:sid`"):
        read(b'{"ok": true}', cookies=cookies, token="cookie:sid")


def test_a_cookie_is_dated_by_the_clock_of_who_sent_it() -> None:
    reader = ReplyReader.compile(ReplyMap(token="cookie:sid"), None)
    line = "sid=abc; Expires=Tue, 14 Nov 2023 23:13:20 GMT"
    ahead = reader.read(IssuerReply(200, DATE, b"", (line,)), WALL + 7200)
    assert ahead.lifetime == 3600.0
