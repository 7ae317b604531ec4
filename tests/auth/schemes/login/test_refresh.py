from __future__ import annotations

import json
from typing import Any

import pytest

from proxy.auth.token import Flow, IssuerReply, IssuerRequest, Minted
from proxy.errors import FailureClass, IssuerError
from tests.auth.schemes.login.test_steps import provider, scheme

LOGIN, NEXT = "https://issuer.example.com/login", "https://issuer.example.com/refresh"
REPLY = {"token": "t", "refresh_token": "r", "expires_in": "e"}
SPENDS = {"request": {"method": "GET", "url": NEXT, "query": {"refresh": "{refresh_token}", "app": "a"}}}
PROLONGS = {"in_place": True, "request": {"url": NEXT, "headers": {"X-Token": "{token}"}}, "reply": {"expires_in": "e"}}


def answer(flow: Flow, reply: Any, status: int = 200) -> Any:
    try:
        return flow.send(IssuerReply(status, {}, json.dumps(reply).encode()))
    except StopIteration as stop:
        return stop.value


def test_a_refresh_token_buys_the_next_token_in_a_request_of_its_own() -> None:
    made = scheme(refresh_token="r0", refresh=SPENDS, reply=REPLY)
    assert (made.one_shot, made.refresh_token) == (True, "r0")
    for newest, sent in ((None, "r0"), ("r1", "r1")):
        flow = made.login(0.0, newest)
        assert next(flow).url == f"{NEXT}?refresh={sent}&app=a"
        minted = answer(flow, {"t": "abc", "r": "r9", "e": 60})
        assert (minted.value, minted.lifetime, minted.refresh_token) == ("abc", 60.0, "r9")


def test_without_any_refresh_token_somebody_has_to_bring_one() -> None:
    with pytest.raises(IssuerError, match="no refresh token yet") as caught:
        next(scheme(refresh=SPENDS, reply=REPLY).login(0.0, None))
    assert caught.value.failure is FailureClass.LOGIN


def test_a_dead_refresh_token_means_a_login_where_the_vendor_says_so() -> None:
    errors = [{"json": {"code": 102}, "class": "login"}]
    made = scheme(refresh_token="r0-secret", refresh=SPENDS, reply=REPLY | {"errors": errors, "error": "msg"})
    flow = made.login(0.0, None)
    next(flow)
    with pytest.raises(IssuerError, match=r"\*\*\* is dead") as caught:
        answer(flow, {"code": 102, "msg": "r0-secret is dead"})
    assert caught.value.failure is FailureClass.LOGIN


@pytest.mark.parametrize("status", [400, 401, 403])
def test_keys_log_in_anew_where_the_refresh_token_is_dead(status: int) -> None:
    made = scheme(request={"url": LOGIN, "json": {"k": 1}}, refresh=SPENDS, reply=REPLY)
    assert not made.one_shot
    flow = made.login(0.0, "r1")
    assert next(flow).url.startswith(NEXT)
    second = answer(flow, {"error": "dead"}, status)
    assert isinstance(second, IssuerRequest)
    assert second.url == LOGIN
    assert answer(flow, {"t": "abc", "r": "r2", "e": 60}).refresh_token == "r2"


def test_keys_are_used_at_first_and_leave_no_dead_refresh_token_behind() -> None:
    flow = scheme(request={"url": LOGIN}, refresh=SPENDS, reply=REPLY).login(0.0, None)
    assert next(flow).url == LOGIN
    minted = answer(flow, {"t": "abc", "e": 60})
    assert minted.refresh_token == ""
    assert minted.refresh_token_after("r1") is None


def test_an_issuer_that_is_down_is_not_asked_twice() -> None:
    flow = scheme(request={"url": LOGIN}, refresh=SPENDS, reply=REPLY).login(0.0, "r1")
    next(flow)
    with pytest.raises(IssuerError) as caught:
        answer(flow, {}, 503)
    assert caught.value.failure is FailureClass.PASSING


def test_a_token_is_prolonged_in_place() -> None:
    made = scheme(request={"url": LOGIN}, refresh=PROLONGS, reply={"token": "t", "expires_in": "e"})
    assert not made.one_shot
    first = made.login(0.0, None)
    next(first)
    minted = answer(first, {"t": "abc", "e": 60})
    assert (minted.value, minted.refresh_token) == ("abc", "abc")
    second = made.login(50.0, minted.refresh_token)
    assert dict(next(second).headers)["X-Token"] == "abc"
    prolonged = answer(second, {"e": 90})
    assert (prolonged.value, prolonged.lifetime, prolonged.refresh_token) == ("abc", 90.0, "abc")


def test_a_token_that_can_be_prolonged_no_longer_is_bought_anew() -> None:
    flow = scheme(request={"url": LOGIN}, refresh=PROLONGS, reply={"token": "t"}).login(0.0, "abc")
    next(flow)
    assert answer(flow, {"errors": ["permission denied"]}, 403).url == LOGIN
    assert answer(flow, {"t": "def"}).value == "def"


def test_a_token_of_the_config_is_kept_alive() -> None:
    made = scheme(token="root", refresh=PROLONGS)
    assert (made.one_shot, made.refresh_token) == (False, "root")
    flow = made.login(0.0, None)
    assert dict(next(flow).headers)["X-Token"] == "root"
    minted = answer(flow, {"e": 60})
    assert (minted.value, minted.lifetime) == ("root", 60.0)


def test_an_error_in_a_good_status_prolongs_nothing() -> None:
    refresh = PROLONGS | {"reply": {"expires_in": "e", "ok": {"code": 0}}}
    flow = scheme(token="root", refresh=refresh).login(0.0, None)
    next(flow)
    with pytest.raises(IssuerError, match="`code` isn't what"):
        answer(flow, {"code": 7, "e": 60})


@pytest.mark.parametrize(
    ("written", "where"),
    [
        ({"refresh": SPENDS}, []),
        ({"refresh": SPENDS, "refresh_token": "r"}, []),
        ({"refresh": PROLONGS, "token": "t"}, []),
        ({"refresh": {"request": {"url": NEXT, "json": {"a": "{token}"}}}}, ["refresh.request.json.a"]),
        ({"refresh": {"request": {"url": NEXT}, "reply": {"token": "x("}}}, ["refresh.reply.token"]),
        ({"refresh": {"request": {"url": "http://issuer.example.com/"}}}, ["refresh.request.url"]),
    ],
)
def test_mistakes_around_a_refresh(written: Any, where: list[str]) -> None:
    assert [".".join(map(str, each.where)) for each in provider(**written).check(())] == where


def test_trap_06_another_consent_is_another_cell() -> None:
    variants: list[dict[str, Any]] = [
        {"refresh": SPENDS},
        {"refresh": SPENDS, "refresh_token": "a"},
        {"refresh": SPENDS, "refresh_token": "b"},
        {"refresh": PROLONGS},
        {"refresh": PROLONGS, "token": "a"},
        {"refresh": SPENDS, "request": {"url": LOGIN}},
        {"request": {"url": LOGIN}},
    ]
    assert len({scheme(**variant).identity for variant in variants}) == len(variants)
    assert scheme(refresh=SPENDS).identity == scheme(refresh=SPENDS | {"before": "1h"}).identity


def test_a_new_secret_goes_on_with_the_refresh_token_of_the_same_consent() -> None:
    other = {"request": {"method": "GET", "url": NEXT, "query": {"refresh": "{refresh_token}", "app": "b"}}}
    elsewhere = {"request": {"url": LOGIN, "query": {"refresh": "{refresh_token}"}}}
    one = provider(refresh=SPENDS, refresh_token="r")
    assert one.same_login(provider(refresh=other, refresh_token="r"))
    assert not one.same_login(provider(refresh=other, refresh_token="s"))
    assert not one.same_login(provider(refresh=elsewhere, refresh_token="r"))
    assert not provider(refresh=SPENDS).same_login(provider(refresh=SPENDS))
    with_keys = provider(refresh=SPENDS, request={"url": LOGIN})
    assert not with_keys.same_login(with_keys)


def test_reprs_hold_no_secret() -> None:
    made = scheme("s3cr3t", refresh_token="s3cr3t", refresh=SPENDS)
    assert "s3cr3t" not in repr(made) + repr(next(made.login(0.0, None)))
    assert "s3cr3t" not in repr(Minted("s3cr3t", 1.0, refresh_token="s3cr3t"))
