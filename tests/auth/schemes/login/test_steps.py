from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from proxy.auth.schemes.login.keys import LoginProvider
from proxy.auth.schemes.login.scheme import LoginScheme
from proxy.auth.token import Flow, IssuerReply, IssuerRequest, Minted
from proxy.errors import FailureClass, IssuerError

A, B, C = (f"https://issuer.example.com/{path}" for path in "abc")
WALL = 1767323045.0


def provider(**written: Any) -> LoginProvider:
    return LoginProvider.model_validate({"scheme": "login", **written})


def scheme(*secrets: str, **written: Any) -> LoginScheme:
    return LoginScheme.compile(provider(**written), frozenset(secrets))


def answer(flow: Flow, reply: Any, status: int = 200, cookies: tuple[str, ...] = ()) -> IssuerRequest | Minted:
    """The next request, or what was minted."""
    try:
        return flow.send(IssuerReply(status, {"x-ticket": "t-1"}, json.dumps(reply).encode(), cookies))
    except StopIteration as stop:
        minted: Minted = stop.value
        return minted


def asked(flow: Flow, reply: Any, status: int = 200, cookies: tuple[str, ...] = ()) -> IssuerRequest:
    request = answer(flow, reply, status, cookies)
    assert isinstance(request, IssuerRequest)
    return request


def places(**written: Any) -> list[str]:
    return [".".join(map(str, each.where)) for each in provider(**written).check(())]


def test_what_one_reply_gives_is_sent_by_the_next() -> None:
    made = scheme(
        steps=[
            {"request": {"url": A, "json": {"id": "x"}}, "keep": {"key": "data.key", "n": "data.n", "list": "data.l"}},
            {
                "request": {"method": "GET", "url": B + "/{key}?n={n}", "headers": {"X-Key": "k {key}"}},
                "keep": {"ticket": "header:X-Ticket", "sid": "cookie:sid"},
            },
            {
                "request": {
                    "url": C,
                    "query": {"k": "{key}"},
                    "json": {"ticket": "{ticket}", "n": "{n}", "said": "{n}!", "l": ["{list}"], "b": "{{}}", "t": True},
                    "headers": {"Cookie": "sid={sid}"},
                }
            },
        ],
        reply={"token": "t"},
    )
    flow = made.login(WALL, None)
    assert next(flow).url == A
    second = asked(flow, {"data": {"key": "a/b c", "n": 7, "l": {"x": 1}}})
    assert (second.url, dict(second.headers)["X-Key"]) == (B + "/a%2Fb%20c?n=7", "k a/b c")
    third = asked(flow, {}, cookies=("sid=s-1; Path=/",))
    assert third.url == C + "?k=a%2Fb%20c"
    assert dict(third.headers)["Cookie"] == "sid=s-1"
    assert json.loads(third.body or b"") == {
        "ticket": "t-1",
        "n": 7,
        "said": "7!",
        "l": [{"x": 1}],
        "b": "{}",
        "t": True,
    }
    minted = answer(flow, {"t": "abc"})
    assert isinstance(minted, Minted)
    assert minted.value == "abc"


def test_forms_and_bodies_are_filled() -> None:
    step = {"request": {"url": A}, "keep": {"x": "x"}}
    for written, body in (({"form": {"a": "{x}", "b": 1}}, b"a=1%262&b=1"), ({"body": "<a>{x}</a>"}, b"<a>1&2</a>")):
        flow = scheme(steps=[step, {"request": {"url": B, **written}}]).login(WALL, None)
        next(flow)
        assert asked(flow, {"x": "1&2"}).body == body


def test_values_are_made_once_for_all_steps() -> None:
    made = scheme(
        values={"now": {"time": "ms"}, "until": {"time": "s", "after": "10m", "number": True}, "nonce": {"random": 8}},
        steps=[
            {"request": {"url": A, "json": {"now": "{now}", "until": "{until}", "nonce": "{nonce}"}}},
        ],
    )
    first, second = (json.loads(next(made.login(WALL, None)).body or b"") for _ in range(2))
    assert (first["now"], first["until"]) == ("1767323045000", 1767323645)
    assert first["nonce"] != second["nonce"]


@pytest.mark.parametrize(
    ("reply", "status", "words", "failure"),
    [
        ({"code": 1, "key": "k"}, 200, "`code` isn't what", "passing"),
        ({"code": 0}, 200, "no text at `key`", "passing"),
        ({"code": 0, "key": ""}, 200, "no text at `key`", "passing"),
        ({"code": 0, "error": "invalid_client"}, 200, "invalid_client", "credential"),
        ({"error": "no such user"}, 401, "answered 401", "credential"),
        ({"code": 77, "key": "k"}, 200, "77", "credential"),
    ],
)
def test_a_step_that_fails_ends_the_login(reply: Any, status: int, words: str, failure: str) -> None:
    steps = [{"request": {"url": A}, "keep": {"key": "key"}, "ok": {"code": 0}}, {"request": {"url": B}}]
    errors = [{"json": {"code": 77}, "class": "credential"}]
    flow = scheme(steps=steps, reply={"errors": errors}).login(WALL, None)
    next(flow)
    with pytest.raises(IssuerError, match=words) as caught:
        answer(flow, reply, status)
    assert caught.value.failure == failure


@pytest.mark.parametrize(
    ("kept", "request_"),
    [
        ("a\r\nX: y", {"url": B, "headers": {"X": "{x}"}}),
        ("..", {"url": B + "/{x}"}),
        ({"a": 1}, {"url": B + "/{x}"}),
        ([1], {"url": B, "headers": {"X": "{x}"}}),
    ],
)
def test_trap_22_what_a_reply_gives_can_not_break_the_next_request(kept: Any, request_: Any) -> None:
    flow = scheme(steps=[{"request": {"url": A}, "keep": {"x": "x"}}, {"request": request_}]).login(WALL, None)
    next(flow)
    with pytest.raises(IssuerError) as caught:
        answer(flow, {"x": kept})
    assert caught.value.failure is FailureClass.PASSING
    assert "X: y" not in caught.value.message


def test_trap_26_what_was_kept_is_not_repeated() -> None:
    flow = scheme(steps=[{"request": {"url": A}, "keep": {"key": "key"}}, {"request": {"url": B}}]).login(WALL, None)
    next(flow)
    asked(flow, {"key": "k3pt-s3cr3t"})
    with pytest.raises(IssuerError) as caught:
        answer(flow, {"msg": "k3pt-s3cr3t is bad"}, 401)
    assert "k3pt" not in caught.value.message


def test_steps_in_other_formats() -> None:
    step = {"request": {"url": A}, "keep": {"id": "r.id"}, "format": "xml"}
    flow = scheme(steps=[step, {"request": {"url": B, "query": {"id": "{id}"}}}], reply={"format": "text"}).login(
        0.0, None
    )
    first = next(flow)
    assert dict(first.headers)["Accept"] == "application/xml, text/xml"
    second = flow.send(IssuerReply(200, {}, b"<r><id>7</id></r>"))
    assert (second.url, dict(second.headers)["Accept"]) == (B + "?id=7", "*/*")
    with pytest.raises(StopIteration) as stop:
        flow.send(IssuerReply(200, {}, b"abc\n"))
    assert stop.value.value.value == "abc"


def test_a_step_can_be_signed() -> None:
    sign = {"name": "aliyun-rpc", "access_key": "ak", "secret_key": "s3cr3t-key"}
    made = scheme(steps=[{"request": {"method": "GET", "url": A, "query": {"a": "1"}, "sign": sign}}])
    assert "Signature=" in next(made.login(WALL, None)).url


@pytest.mark.parametrize(
    ("written", "where"),
    [
        ({"steps": [{"request": {"url": A}}]}, []),
        ({"request": {"url": A, "body": '{"a": {'}}, []),
        ({"steps": [{"request": {"url": A + "/{x}"}}]}, ["steps.0.request.url"]),
        (
            {"steps": [{"request": {"url": A, "json": {"a": ["{", "{x}"]}}}]},
            ["steps.0.request.json.a.0", "steps.0.request.json.a.1"],
        ),
        ({"steps": [{"request": {"url": A}, "keep": {"x": "x"}}]}, ["steps.0.keep"]),
        ({"steps": [{"request": {"url": A}, "keep": {"x": "x("}}, {"request": {"url": A}}]}, ["steps.0.keep.x"]),
        ({"steps": [{"request": {"url": A}, "keep": {"x": "header:"}}, {"request": {"url": A}}]}, ["steps.0.keep.x"]),
        ({"steps": [{"request": {"url": A}, "keep": {"token": "x"}}, {"request": {"url": A}}]}, ["steps.0.keep.token"]),
        ({"steps": [{"request": {"url": A}, "keep": {"x-y": "x"}}, {"request": {"url": A}}]}, ["steps.0.keep.x-y"]),
        ({"steps": [{"request": {"url": A}, "ok": {"x(": 1}}, {"request": {"url": A}}]}, ["steps.0.ok.x("]),
        ({"steps": [{"request": {"url": "http://issuer.example.com"}}]}, ["steps.0.request.url"]),
        (
            {"steps": [{"request": {"url": A}, "keep": {"x": "x"}}, {"request": {"url": "https://{x}/a"}}]},
            ["steps.1.request.url"],
        ),
        (
            {"steps": [{"request": {"url": A}, "keep": {"x": "x"}}, {"request": {"url": "https://a.example.com{x}/"}}]},
            ["steps.1.request.url"],
        ),
        ({"values": {"x": {"time": "s"}}, "steps": [{"request": {"url": A + "/{x}"}}]}, []),
        (
            {
                "values": {"x": {"time": "s"}},
                "steps": [{"request": {"url": A}, "keep": {"x": "x"}}, {"request": {"url": A}}],
            },
            ["steps.0.keep.x"],
        ),
    ],
)
def test_mistakes_in_steps_are_told_by_their_place(written: Any, where: list[str]) -> None:
    assert places(**written) == where


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"request": {"url": A}, "steps": [{"request": {"url": A}}]},
        {"request": {"url": A}, "values": {"a": {"time": "s"}}},
        {"request": {"url": A}, "refresh_token": "r"},
        {"request": {"url": A}, "refresh": {"in_place": True}},
        {"request": {"url": A}, "refresh": {"reply": {"token": "x"}}},
        {"refresh": {"request": {"url": A}}, "token": "t"},
        {"refresh": {"request": {"url": A}, "in_place": True}, "refresh_token": "r"},
    ],
)
def test_keys_that_do_not_go_together(written: Any) -> None:
    with pytest.raises(ValidationError):
        provider(**written)


def test_trap_06_whatever_changes_the_token_changes_the_cell() -> None:
    step = {"request": {"url": A}}
    variants: list[dict[str, Any]] = [
        {"request": {"url": A}},
        {"steps": [step]},
        {"steps": [step, step]},
        {"steps": [step | {"keep": {"x": "x"}}, step]},
        {"steps": [step | {"keep": {"x": "y"}}, step]},
        {"steps": [step | {"format": "xml"}, step]},
        {"steps": [step], "values": {"a": {"time": "s"}}},
        {"steps": [step], "values": {"a": {"text": "x", "hash": "md5"}}},
        {"steps": [step], "reply": {"format": "text"}},
    ]
    assert len({scheme(**variant).identity for variant in variants}) == len(variants)


def test_reprs_hold_no_secret() -> None:
    step = {"request": {"url": A, "json": {"k": "s3cr3t"}, "headers": {"k": "s3cr3t"}}}
    made = scheme("s3cr3t", steps=[step], values={"x": {"text": "s3cr3t", "key": "s3cr3t", "hash": "md5"}})
    assert "s3cr3t" not in repr(made) + repr(next(made.login(0.0, None)))


HOSTS = [{"host": "*.example.com", "credential": True}]


def led() -> LoginScheme:
    steps = [{"request": {"url": A}, "keep": {"there": "url"}}, {"request": {"url": "https://{there}/token?x={there}"}}]
    return scheme(steps=steps, hosts=HOSTS)


def test_a_step_may_go_to_a_host_that_an_earlier_one_named() -> None:
    flow = led().login(WALL, None)
    next(flow)
    request = asked(flow, {"url": "https://c2.example.com/auth"})
    assert request.url == "https://c2.example.com/auth/token?x=https%3A%2F%2Fc2.example.com%2Fauth"


@pytest.mark.parametrize(
    "url",
    ["http://c2.example.com", "https://evil.test", "https://c2.example.com@evil.test", "https://c2.example.com/..", 7],
)
def test_but_to_none_that_is_not_listed(url: Any) -> None:
    flow = led().login(WALL, None)
    next(flow)
    with pytest.raises(IssuerError, match="the reply names") as failed:
        asked(flow, {"url": url})
    assert failed.value.failure is FailureClass.PASSING


@pytest.mark.parametrize(
    ("url", "hosts", "wrong"),
    [
        ("https://{there}/token", HOSTS, []),
        ("https://{there}", HOSTS, []),
        ("https://{there}/token", [], ["steps.1.request.url"]),
        ("https://x.{there}/token", HOSTS, ["steps.1.request.url"]),
        ("https://{there}.example.com/token", HOSTS, ["steps.1.request.url"]),
        ("https://{there}:8443/token", HOSTS, ["steps.1.request.url"]),
        ("http://{there}/token", HOSTS, ["steps.1.request.url"] * 2),
    ],
)
def test_how_a_named_host_is_written(url: str, hosts: list[Any], wrong: list[str]) -> None:
    steps = [{"request": {"url": A}, "keep": {"there": "url"}}, {"request": {"url": url}}]
    assert places(steps=steps, hosts=hosts) == wrong
