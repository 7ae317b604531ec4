from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from proxy.auth.schemes.login.asked import build
from proxy.auth.schemes.login.keys import LoginProvider
from proxy.auth.schemes.login.scheme import LoginScheme
from proxy.auth.schemes.login.token_request import TokenRequest
from proxy.auth.signing.request import Keys, Moment, Signable
from proxy.auth.signing.vendors.sigv4 import volc
from proxy.auth.token import IssuerReply, IssuerRequest, Minted
from proxy.errors import IssuerError

URL = "https://issuer.example.com/token"


def request(**written: Any) -> IssuerRequest:
    return build(TokenRequest.model_validate({"url": URL, **written}))


def scheme(*secrets: str, reply: dict[str, Any] | None = None, ttl: Any = None, **written: Any) -> LoginScheme:
    provider = {"scheme": "login", "request": {"url": URL, **written}, "reply": reply or {}, "ttl": ttl}
    return LoginScheme.compile(LoginProvider.model_validate(provider), frozenset(secrets))


def test_an_empty_post_is_the_least() -> None:
    assert request() == IssuerRequest("POST", URL, (("Accept", "application/json"),), None)


def test_json_keeps_its_types() -> None:
    made = request(json={"secret": "ключ", "force_refresh": True, "ttl": 900, "deep": {"a": [1, None]}})
    assert ("Content-Type", "application/json") in made.headers
    assert made.body is not None
    assert json.loads(made.body) == {"secret": "ключ", "force_refresh": True, "ttl": 900, "deep": {"a": [1, None]}}


def test_forms_and_queries_are_encoded() -> None:
    made = request(query={"a b": "c&d=é", "n": 1, "ok": True, "f": 1.5}, form={"x y": "a+b"})
    assert made.url == f"{URL}?a%20b=c%26d%3D%C3%A9&n=1&ok=true&f=1.5"
    assert made.body == b"x+y=a%2Bb"
    assert ("Content-Type", "application/x-www-form-urlencoded") in made.headers


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/t?x=1", "https://a.example/t?x=1&q=2"),
        ("https://a.example/t?", "https://a.example/t?q=2"),
        ("https://a.example/t?x=1&", "https://a.example/t?x=1&q=2"),
        ("https://a.example", "https://a.example?q=2"),
        ("https://a.example/t#part", "https://a.example/t?q=2"),
    ],
)
def test_a_query_is_added_to_what_the_url_has(url: str, expected: str) -> None:
    assert request(url=url, query={"q": "2"}).url == expected


def test_trap_19_given_headers_win_in_any_case() -> None:
    made = request(headers={"ACCEPT": "text/x", "content-type": "text/y", "X": "1"}, json={})
    assert made.headers == (("ACCEPT", "text/x"), ("content-type", "text/y"), ("X", "1"))


def test_a_raw_body_goes_as_it_is() -> None:
    made = request(method="put", body="<login>ü</login>")
    assert (made.method, made.body) == ("PUT", "<login>ü</login>".encode())
    assert made.headers == (("Accept", "application/json"),)


@pytest.mark.parametrize("header", [{"X": "a\r\nB: c"}, {"X": "a\0"}, {"X Y": "a"}, {"": "a"}])
def test_trap_22_headers_that_cannot_be_sent_are_refused(header: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"request\.headers"):
        request(headers=header)


def test_one_exchange_ends_in_a_token() -> None:
    flow = scheme(reply={"token": "data.t", "expires_in": "data.e"}, json={"k": "v"}).login(0.0, None)
    assert next(flow).url == URL
    with pytest.raises(StopIteration) as stop:
        flow.send(IssuerReply(200, {}, b'{"data": {"t": "abc", "e": 60}}'))
    assert stop.value.value == Minted("abc", 60.0, reply={"data": {"t": "abc", "e": 60}})


def test_trap_26_neither_secrets_nor_the_refresh_token_are_repeated() -> None:
    flow = scheme("s3cr3t").login(0.0, "r3fr3sh")
    next(flow)
    with pytest.raises(IssuerError) as caught:
        flow.send(IssuerReply(401, {}, b'{"msg": "s3cr3t and r3fr3sh are bad"}'))
    assert caught.value.message == "the issuer answered 401 *** and *** are bad"


def test_trap_06_whatever_changes_the_token_changes_the_cell() -> None:
    variants: list[dict[str, Any]] = [
        {},
        {"url": URL + "2"},
        {"method": "GET"},
        {"query": {"a": "1"}},
        {"headers": {"a": "1"}},
        {"form": {"a": "1"}},
        {"json": {"a": "1"}},
        {"json": {"a": 1}},
        {"json": {"a": "1", "b": None}},
        {"json": [["a", "1"]]},
        {"body": "a=1"},
        {"reply": {"token": "t"}},
        {"reply": {"expires_in": "e"}},
        {"reply": {"expires_in": {"path": "e", "unit": "ms"}}},
        {"ttl": 60},
        {"json": {"secret": "x" * 64 + "1"}},
        {"json": {"secret": "x" * 64 + "2"}},
    ]
    assert len({scheme(**variant).identity for variant in variants}) == len(variants)


def test_trap_07_the_same_account_is_the_same_cell() -> None:
    one = scheme("a", json={"a": 1, "b": 2}, reply={"error": "msg"})
    assert one.identity == scheme("a", "b", json={"b": 2, "a": 1}, reply={"error": "other"}).identity


def test_odd_yaml_has_an_identity_and_a_body_too() -> None:
    odd: Any = {1: "a", "b": date(2024, 1, 1)}
    assert scheme(json=odd).identity
    assert next(scheme(json=odd).login(0.0, None)).body == b'{"1": "a", "b": "2024-01-01"}'


SIGN = {
    "name": "volc",
    "access_key": "ak-example",
    "secret_key": "s3cr3t-key",
    "region": "cn-beijing",
    "service": "ark",
}


def test_a_login_can_be_signed_anew_each_time() -> None:
    made = scheme(query={"Action": "GetApiKey", "Version": "2024-01-01"}, json={"a": 1}, sign=SIGN)
    sent = [next(made.login(wall, None)) for wall in (1767323045.0, 1767323046.0)]
    headers = dict(sent[0].headers)
    assert headers["X-Date"] == "20260102T030405Z"
    expected = volc(
        Signable(
            "POST",
            "issuer.example.com",
            "/token",
            "Action=GetApiKey&Version=2024-01-01",
            [("accept", "application/json"), ("content-type", "application/json")],
            b'{"a": 1}',
        ),
        Keys("ak-example", "s3cr3t-key", None, "cn-beijing", "ark"),
        Moment(1767323045.0, str),
    )
    assert headers["Authorization"] == expected.headers["Authorization"]
    assert (sent[0].url, sent[0].body) == (f"{URL}?Action=GetApiKey&Version=2024-01-01", b'{"a": 1}')
    assert sent[0].headers != sent[1].headers
    assert sent[0].headers[:2] == (("Accept", "application/json"), ("Content-Type", "application/json"))


def test_a_signature_in_the_query_of_a_login() -> None:
    sign = {"name": "aliyun-rpc", "access_key": "ak", "secret_key": "s3cr3t-key"}
    sent = next(scheme(method="GET", query={"Action": "CreateToken"}, sign=sign).login(0.0, None))
    assert sent.url.startswith(f"{URL}?Action=CreateToken&AccessKeyId=ak&SignatureMethod=HMAC-SHA1&")
    assert sent.body is None


def test_trap_06_who_signs_a_login_makes_another_cell() -> None:
    assert len({scheme(sign=each).identity for each in (None, SIGN, SIGN | {"secret_key": "other"})}) == 3
    assert scheme().identity == scheme(sign=None).identity
    assert "s3cr3t" not in repr(scheme(sign=SIGN))


def test_the_keys_of_a_signed_login_are_looked_at() -> None:
    written = {"scheme": "login", "request": {"url": URL, "sign": SIGN | {"region": None}}}
    found = list(LoginProvider.model_validate(written).check(("p",)))
    assert [each.where for each in found] == [("p", "request", "sign", "region")]


def test_reprs_hold_no_secret() -> None:
    made = scheme("s3cr3t", json={"k": "s3cr3t"}, headers={"k": "s3cr3t"}, query={"k": "s3cr3t"})
    assert "s3cr3t" not in repr(made) + repr(next(made.login(0.0, None)))
