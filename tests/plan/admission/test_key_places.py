"""Where a client's key may stand, and in which order it is looked for."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from proxy.auth.keys.provider import Inject
from proxy.auth.placing.inject import Injection
from proxy.plan.admission.key_places import LONGEST_BODY, KeyPlaces, KeySlots
from proxy.values.template import Template


def slots(inject: dict[str, Any] | None = None, path: str | None = None, token_call: bytes | None = None) -> KeySlots:
    placing = None if inject is None else Injection.compile(Inject.model_validate(inject), "basic")
    return KeySlots.compile("/api", placing, None if path is None else Template.parse(path), token_call)


def places(of: KeySlots, headers: dict[str, str], rest: str = "/x", query: str = "", body: str = "") -> KeyPlaces:
    fields = [(name.encode(), value.encode()) for name, value in headers.items()]
    known = {name.lower(): value for name, value in fields}
    made = KeyPlaces(known, of, fields, rest.encode(), query.encode())
    made.body = body.encode() or None
    return made


@pytest.mark.parametrize(
    ("headers", "texts"),
    [
        ({}, []),
        ({"Authorization": "Bearer k"}, ["k"]),
        ({"Authorization": "bEARER  k "}, ["k"]),
        ({"Authorization": "Bearer "}, []),
        ({"Authorization": "Basic k"}, []),
        ({"Authorization": "Basic k", "X-Api-Key": "x"}, ["x"]),
        ({"X-Api-Key": "x", "Authorization": "Bearer k"}, ["k", "x"]),
        ({"Api-Key": "x"}, ["x"]),
        ({"X-Api-Key": "", "Api-Key": "x"}, ["x"]),
        ({"X-Goog-Api-Key": "x"}, ["x"]),
        ({"PRIVATE-TOKEN": "x"}, ["x"]),
        ({"X-Appbuilder-Authorization": "Bearer x"}, ["x"]),
        ({"X-Other": "x", "Cookie": "token=x"}, []),
        ({"Authorization": "Bearer k", "Sec-WebSocket-Protocol": "keyless, keyless.key.x"}, ["k", "x"]),
    ],
)
def test_in_headers(headers: dict[str, str], texts: list[str]) -> None:
    assert list(places(slots(), headers).texts()) == [text.encode() for text in texts]


@pytest.mark.parametrize("query", ["key=k", "a=1&KEY=k", "access_token=k", "api_key=k&b=2", "apikey=k", "token=k"])
def test_in_the_query_where_sdks_put_one(query: str) -> None:
    assert list(places(slots(), {}, query=query).texts()) == [b"k"]


@pytest.mark.parametrize(
    ("inject", "sent"),
    [
        ({"header": {"X-Its-Own": "Key {token}"}}, {"headers": {"X-Its-Own": "Key k"}}),
        ({"query": {"sig": "{token}"}}, {"query": "a=1&sig=k"}),
        ({"query": {"Sig": "{token}"}}, {"query": "sig[]=k"}),
        ({"cookie": {"session": "{token}"}}, {"headers": {"Cookie": 'a=1; session="k"'}}),
        ({"json": {"auth.token": "{token}"}}, {"body": json.dumps({"auth": {"token": "k"}})}),
        ({"form": {"token": "{token}"}}, {"body": "a=1&token=k"}),
    ],
)
def test_in_the_slot_that_the_provider_fills(inject: dict[str, Any], sent: dict[str, Any]) -> None:
    sent = {"headers": {}} | sent
    assert list(places(slots(inject), **sent).texts()) == [b"k"]
    assert list(places(slots({"header": {"X-Another": "{token}"}}), **sent).texts()) == []


@pytest.mark.parametrize(
    ("template", "rest", "text"),
    [
        ("/bot{token}", "/botk/getMe", b"k"),
        ("/bot{token}", "/bot1%3Ak/getMe", b"1:k"),
        ("/bot{token}", "/botk", b"k"),
        ("/bot{token}", "/getMe", None),
        ("/v1/{token}/x", "/v1/k/x/y", b"k"),
        ("/v1/{token}/x", "/v1/k/xy", None),
        ("/v1/{token}/", "/v1/k/y", b"k"),
        ("/{token}/{reply.x}", "/k/x", None),
    ],
)
def test_in_the_path(template: str, rest: str, text: bytes | None) -> None:
    assert list(places(slots(path=template), {}, rest).texts()) == ([] if text is None else [text])


@pytest.mark.parametrize("header", ["Origin", "Sec-Fetch-Site", "Sec-Fetch-Mode", "sec-fetch-dest"])
def test_a_cookie_of_a_web_page_is_no_key(header: str) -> None:
    asked = places(slots({"cookie": {"session": "{token}"}}), {"Cookie": "session=k", header: "x"})
    assert list(asked.texts()) == []


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("grant_type=x&client_secret=k", ""),
        ("", "grant_type=x&client_secret=k\r\n"),
        ("", '{"app_id": "x", "app_secret": "k", "n": 1}'),
    ],
)
def test_any_value_of_a_stand_ins_token_call(query: str, body: str) -> None:
    of = slots(token_call=b"/token")
    assert list(places(of, {}, "/token", query, body).texts()) == [b"x", b"k"]
    assert list(places(of, {}, "/other", query, body).texts()) == []


@pytest.mark.parametrize("body", ["{", "[1]", '{"auth": 1}', '{"auth": {"token": null}}', "{" * 9999, "\0"])
def test_bodies_that_hold_none(body: str) -> None:
    assert list(places(slots({"json": {"auth.token": "{token}"}}), {}, body=body).texts()) == []


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({"Content-Length": "10"}, True),
        ({"Transfer-Encoding": "chunked"}, True),
        ({"Content-Length": "0"}, False),
        ({"Content-Length": str(LONGEST_BODY + 1)}, False),
        ({}, False),
    ],
)
def test_a_body_is_read_only_where_it_may_hold_one(headers: dict[str, str], wanted: bool) -> None:
    assert places(slots({"json": {"token": "{token}"}}), headers).wants_body == wanted
    assert places(slots(token_call=b"/x"), headers).wants_body == wanted
    assert not places(slots({"query": {"token": "{token}"}}), headers).wants_body
    assert not places(slots({"json": {"token": "{token}"}}), headers, body="{}").wants_body


@pytest.mark.parametrize(
    ("headers", "query", "token"),
    [
        ({"Authorization": "Bearer ey.a.b"}, "", b"ey.a.b"),
        ({"Authorization": "Bearer x", "X-Api-Key": "ey.a.b"}, "", b"ey.a.b"),
        ({"Authorization": "Token ey.a.b"}, "", None),
        ({"Authorization": "ey.a.b"}, "", None),
        ({}, "access_token=ey.a.b", None),
        ({"Sec-WebSocket-Protocol": "keyless.key.ey.a.b"}, "", None),
        ({"Authorization": "Basic " + b64encode(b"ey.a.b:").decode()}, "", None),
    ],
)
def test_an_access_token_counts_in_fewer_places(headers: dict[str, str], query: str, token: bytes | None) -> None:
    assert places(slots(), headers, query=query).token() == token


@pytest.mark.parametrize(
    ("path", "shown"),
    [("/api/botk/getMe", "/api/bot***/getMe"), ("/api/getMe", "/api/getMe"), ("/api/x/botk", "/api/x/botk")],
)
def test_logs_show_no_key_of_a_path(path: str, shown: str) -> None:
    assert slots(path="/bot{token}").hidden(path.encode()) == shown.encode()
    assert slots().hidden(path.encode()) == path.encode()


LONG = "a-text-that-might-be-a-key"


@pytest.mark.parametrize(
    ("headers", "query", "lone"),
    [
        ({"Authorization": "Bearer k"}, "", b"k"),
        ({"Authorization": "Bearer zz"}, f"limit=10&after={LONG}", b"zz"),
        ({"Authorization": "Bearer k"}, "key=short", b"k"),
        ({"X-Api-Key": "k"}, "", b"k"),
        ({"Authorization": "bearer k"}, "", None),
        ({"Authorization": "Bearer k", "X-Api-Key": "x"}, "", None),
        ({"X-Api-Key": "k", "Api-Key": "x"}, "", None),
        ({"X-Api-Key": "k", "X-Its-Own": "x"}, "", None),
        ({"Authorization": "Bearer k", "Sec-WebSocket-Protocol": "chat"}, "", None),
        ({"Authorization": "Bearer k"}, f"key={LONG}", None),
        ({"Authorization": f"Bearer {LONG}"}, f"x={LONG}", None),
        ({"Authorization": "Bearer k"}, f"x={LONG}%2Fx", None),
        ({}, "", None),
    ],
)
def test_a_key_that_stands_alone_in_the_usual_place(headers: dict[str, str], query: str, lone: bytes | None) -> None:
    of = slots({"header": {"X-Its-Own": "{token}"}})
    assert of.lone(places(of, headers).known, query.encode()) == lone


def test_a_cookie_beside_it_counts_only_where_cookies_mean_something() -> None:
    known = {b"authorization": b"Bearer k", b"cookie": b"a=1"}
    assert KeySlots.compile("/api").lone(known, b"") == b"k"
    assert KeySlots.compile("/api", cookies=True).lone(known, b"") is None
    assert slots({"cookie": {"a": "{token}"}}).lone(known, b"") is None
    assert slots(path="/{token}").lone(known, b"") is None
