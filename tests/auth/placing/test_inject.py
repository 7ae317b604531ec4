from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.keys.provider import Inject
from proxy.auth.placing.inject import Injection, Rendered
from proxy.auth.token import Token
from proxy.values.now import Now
from proxy.values.template import Template

NOW = Now(0.0, 0.0)


def token(value: str = "abc", reply: Any = None) -> Token:
    made = Token.eternal(value, NOW)
    made.reply = reply
    return made


def compiled(basic: str | None = None, path: tuple[str, ...] = (), **places: dict[str, str]) -> Injection:
    return Injection.compile(Inject.model_validate(places), basic, tuple(map(Template.parse, path)))


def rendered(value: str = "abc", reply: Any = None, **places: Any) -> Rendered:
    return compiled(**places).render(token(value, reply))


def test_headers_are_finished_lines() -> None:
    made = rendered(header={"Authorization": "Bearer {token}", "X-Two": "{reply.user.id}"}, reply={"user": {"id": 7}})
    assert made.headers == b"Authorization: Bearer abc\r\nX-Two: 7\r\n"


def test_queries_and_forms_are_encoded() -> None:
    made = rendered("a b+/&=%:é", query={"access token": "{token}", "v": "1"}, form={"tok": "{token}"})
    assert made.query == b"access%20token=a%20b%2B%2F%26%3D%25%3A%C3%A9&v=1"
    assert made.form == b"tok=a+b%2B%2F%26%3D%25%3A%C3%A9"


def test_cookies_and_json_fields() -> None:
    made = rendered(cookie={"sid": "{token}", "u": "1"}, json={"a.b": "{token}", "c": "x{token}"})
    assert made.cookie == b"sid=abc; u=1"
    assert made.json == ((("a", "b"), "abc"), (("c",), "xabc"))


def test_a_path_keeps_the_colon_that_telegram_has() -> None:
    made = rendered("123:AA/b c", path=("/bot{token}/", "/plain"))
    assert made.path == ("/bot123:AA%2Fb%20c/", "/plain")


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_trap_23_a_token_is_no_dot_segment(value: str) -> None:
    with pytest.raises(ValueError, match="can't stand in a path"):
        rendered(value, path=("/{token}/x",))


def test_the_names_to_drop_are_lower_case() -> None:
    made = compiled(
        header={"X-Key": "1"}, query={"Key": "1"}, cookie={"Sid": "1"}, json={"a.B": "1"}, form={"Tok": "1"}
    )
    assert made.header_names == {b"x-key"}
    assert made.query_names == {"key"}
    assert made.cookie_names == {"sid"}
    assert made.form_fields == {"tok"}
    assert made.needs_body
    assert not compiled(header={"a": "b"}).needs_body


def test_a_token_is_rendered_once_per_injection() -> None:
    first, second = compiled(header={"a": "{token}"}), compiled(header={"b": "{token}"})
    shared = token()
    assert first.render(shared) is first.render(shared)
    assert first.render(token("another")).headers != first.render(shared).headers
    assert first.render(shared).headers != second.render(shared).headers


CONTROLS = ["a\r\nX-Evil: 1", "a\n", "a\r", "a\0b", "a\tb", "a\x7f", "a\x85b", "a\ud800"]
PLACES: list[dict[str, Any]] = [
    {"header": {"A": "{token}"}},
    {"query": {"a": "{token}"}},
    {"cookie": {"a": "{token}"}},
    {"json": {"a": "{token}"}},
    {"form": {"a": "{token}"}},
    {"path": ("/{token}",)},
]


@pytest.mark.parametrize("value", CONTROLS, ids=ascii)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: next(iter(place)))
def test_trap_22_control_characters_go_nowhere_and_are_not_shown(place: dict[str, Any], value: str) -> None:
    with pytest.raises(ValueError, match=r"^the credential for \S+( \S+)? holds control characters$") as caught:
        rendered(value, **place)
    assert value not in str(caught.value)


def test_a_token_may_be_the_password_of_basic() -> None:
    made = Injection.compile(Inject.model_validate({"header": {"Authorization": "Basic {basic}"}}), None, user="0")
    for token, pair in (("abc", "MDphYmM="), ("ключ", "MDrQutC70Y7Rhw==")):
        sent = made.render(Token.eternal(token, Now(0.0, 0.0)))
        assert sent.headers == f"Authorization: Basic {pair}\r\n".encode()


def test_a_cookie_goes_back_in_the_quotes_that_it_came_in() -> None:
    assert rendered('"abc"', cookie={"sid": "{token}"}).cookie == b'sid="abc"'


def test_trap_22_what_a_header_or_cookie_cannot_carry() -> None:
    with pytest.raises(ValueError, match="header A holds characters that no header can carry"):
        rendered("令牌", header={"A": "{token}"})
    for value in ("a;b", "a b", 'a"b', "a,b", "é"):
        with pytest.raises(ValueError, match="cookie a holds characters that no cookie can carry"):
            rendered(value, cookie={"a": "{token}"})


def test_trap_22_literal_text_is_checked_too() -> None:
    with pytest.raises(ValueError, match="control characters"):
        rendered(header={"A": "x\r\nB: y"})


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ({"header": {"Bad Name": "x"}}, "no name for a header"),
        ({"header": {"": "x"}}, "no name for a header"),
        ({"header": {"A\r\nB": "x"}}, "no name for a header"),
        ({"cookie": {"a=b": "x"}}, "no name for a header or a cookie"),
        ({"header": {"Content-Length": "{token}"}}, "belongs to the connection"),
        ({"header": {"host": "{token}"}}, "belongs to the connection"),
        ({"header": {"X-A": "1", "x-a": "2"}}, "given twice"),
        ({"header": {"A": "{basic}"}}, "{basic} needs a username"),
        ({"header": {"A": "{reply.a[}"}}, "JMESPath"),
        ({"header": {"A": "{nosuch}"}}, "unknown name"),
    ],
)
def test_places_that_cannot_be(places: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("{", r"\{")):
        compiled(**places)


@pytest.mark.parametrize("reply", [None, {}, {"a": None}, {"a": {}}, []])
def test_a_part_that_the_reply_lacks_is_named(reply: Any) -> None:
    with pytest.raises(ValueError, match="no text at `a`"):
        rendered(header={"A": "{reply.a}"}, reply=reply)


def test_reprs_hold_no_credential() -> None:
    injection = compiled("czNjcjN0", header={"A": "s3cr3t {token} {basic}"}, query={"q": "{token}"})
    assert "s3cr3t" not in repr(injection) + repr(injection.render(token("s3cr3t")))
    assert "czNjcjN0" not in repr(injection)


@given(st.text())
def test_trap_22_whatever_is_rendered_is_one_line(value: str) -> None:
    try:
        made = rendered(value, header={"A": "{token}"}, query={"a": "{token}"}, form={"a": "{token}"})
    except ValueError:
        return
    assert made.headers.count(b"\r") == made.headers.count(b"\n") == 1
    assert made.query.isascii()
    assert b"&" not in made.query + made.form
