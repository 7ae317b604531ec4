"""Shapes of tokens, the places they are read from, and the words of each refusal."""

from __future__ import annotations

import base64
import json

import pytest
from multidict import CIMultiDict

from proxy.sandbox.styles import STYLES
from proxy.sandbox.tokens import Standing


@pytest.mark.parametrize(
    ("style", "query", "headers", "found"),
    [
        ("baidu", {"access_token": "t"}, {}, "t"),
        ("baidu", {}, {"Authorization": "Bearer t"}, None),
        ("aiob", {}, {"authorization": "t"}, "t"),
        ("aiob", {"access_token": "t"}, {}, None),
        ("session", {}, {"Authorization": "bearer t"}, "t"),
        ("session", {}, {"Authorization": "t"}, None),
        ("oauth2", {}, {"Authorization": "Bearer  t"}, "t"),
        ("oauth2", {}, {"Authorization": "Basic dDp0"}, None),
        ("oauth2", {}, {}, None),
    ],
)
def test_where_a_token_is_read(style: str, query: dict[str, str], headers: dict[str, str], found: str | None) -> None:
    assert STYLES[style].presented(query, CIMultiDict(headers)) == found


@pytest.mark.parametrize(
    ("style", "standing", "status", "body"),
    [
        ("baidu", Standing.UNKNOWN, 200, {"error_code": 110, "error_msg": "Access token invalid or no longer valid"}),
        ("baidu", Standing.MISSING, 200, {"error_code": 110, "error_msg": "Access token invalid or no longer valid"}),
        ("baidu", Standing.EXPIRED, 200, {"error_code": 111, "error_msg": "Access token expired"}),
        ("aiob", Standing.UNKNOWN, 401, {"code": 401, "msg": "token 失效"}),
    ],
)
def test_refusals_in_json(style: str, standing: Standing, status: int, body: dict[str, object]) -> None:
    reply = STYLES[style].refusal(standing)
    assert (reply.status, json.loads(reply.body)) == (status, body)


def test_the_session_refusal_is_plain_text() -> None:
    assert STYLES["session"].refusal(Standing.UNKNOWN)[:2] == (403, b"token expired")


@pytest.mark.parametrize(
    ("standing", "says"), [(Standing.EXPIRED, True), (Standing.UNKNOWN, True), (Standing.MISSING, False)]
)
def test_the_challenge_names_an_error_only_for_a_token(standing: Standing, says: bool) -> None:
    reply = STYLES["oauth2"].refusal(standing)
    challenge = dict(reply.headers)["WWW-Authenticate"]
    assert reply.status == 401
    assert challenge.startswith("Bearer ")
    assert ('error="invalid_token"' in challenge) is says


@pytest.mark.parametrize("style", STYLES)
def test_values_are_random_and_printable(style: str) -> None:
    one, other = (STYLES[style].value(1_700_000_000.0, 30.0) for _ in range(2))
    assert one != other
    assert one.isascii()
    assert one.isprintable()
    assert " " not in one


def test_a_baidu_token_carries_its_lifetime_and_expiry() -> None:
    assert STYLES["baidu"].value(1_700_000_000.0, 30.0).split(".")[2:4] == ["30", "1700000030"]


def test_a_session_token_is_a_jwt_in_form() -> None:
    header, claims, signature = STYLES["session"].value(1_700_000_000.0, 30.0).split(".")
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == {"alg": "HS256", "typ": "JWT"}
    assert json.loads(base64.urlsafe_b64decode(claims + "=="))["exp"] == 1_700_000_030
    assert len(base64.urlsafe_b64decode(signature + "==")) == 32
