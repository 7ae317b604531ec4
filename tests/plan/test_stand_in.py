"""The answer of the token endpoint that the proxy plays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from proxy.auth.keys.provider import StandIn
from proxy.auth.schemes import Provider
from proxy.plan.stand_in import PLACEHOLDER, StandInPlan


def plan(**reply: Any) -> StandInPlan:
    made = StandInPlan.compile(StandIn(path="/token", reply=reply))
    assert made is not None
    return made


def test_a_client_gets_its_own_placeholder_wherever_one_stands() -> None:
    made = plan(data={"token": "{placeholder}", "n": [1]}, again="t={placeholder}")
    assert json.loads(made.reply) == {"data": {"token": PLACEHOLDER, "n": [1]}, "again": f"t={PLACEHOLDER}"}
    assert json.loads(made.reply_with(b"p")) == {"data": {"token": "p", "n": [1]}, "again": "t=p"}
    assert StandInPlan.compile(None) is None


@pytest.mark.parametrize(
    ("reply", "seconds"),
    [
        ({"expires_in": 60}, 60),
        ({"expire": 7200}, 7200),
        ({"expireIn": "7200"}, 7200),
        ({"expireTime": "2099-01-01T00:00:00Z"}, 86400),
        ({"expires_in": 0}, 86400),
        ({}, 86400),
    ],
)
def test_it_holds_for_the_seconds_that_are_told(reply: dict[str, Any], seconds: int) -> None:
    assert plan(**reply).lifetime == seconds


def of(written: bool | str, provider: dict[str, Any]) -> StandInPlan | None:
    made: Provider = TypeAdapter(Provider).validate_python(provider)
    return StandInPlan.of(written, made, None)


OAUTH2 = {"scheme": "oauth2", "token_url": "https://a.example/t", "client_id": "a", "client_secret": "b"}
LOGIN = {"scheme": "login", "request": {"url": "https://a.example/t"}}


@pytest.mark.parametrize(
    ("provider", "reply"),
    [
        (OAUTH2, {"access_token": PLACEHOLDER, "token_type": "Bearer", "expires_in": 86400}),
        (
            {"scheme": "static", "token": "abc"},
            {"access_token": PLACEHOLDER, "token_type": "Bearer", "expires_in": 86400},
        ),
        (LOGIN, {"access_token": PLACEHOLDER}),
        (
            LOGIN
            | {
                "reply": {
                    "ok": {"code": [200, 0], "data": 1},
                    "token": "data.accessToken",
                    "expires_in": {"path": "meta.ttl", "unit": "minutes"},
                }
            },
            {"code": 200, "data": 1, "meta": {"ttl": 1440}},
        ),
        (
            LOGIN | {"reply": {"ok": {"code": 200}, "token": "data.accessToken", "expires_in": "data.ttl"}},
            {"code": 200, "data": {"accessToken": PLACEHOLDER, "ttl": 86400}},
        ),
        (LOGIN | {"stand_in": {"path": "/x", "reply": {"t": "{placeholder}"}}}, {"t": PLACEHOLDER}),
    ],
)
def test_a_path_of_the_routes_own_is_answered_as_the_issuer_would(
    provider: dict[str, Any], reply: dict[str, Any]
) -> None:
    made = of("/oauth/2.0/token", provider)
    assert made is not None
    assert made.path == b"/oauth/2.0/token"
    assert json.loads(made.reply) == reply


def test_none_where_the_route_wants_none() -> None:
    assert of(False, LOGIN | {"stand_in": {"path": "/x", "reply": {}}}) is None
