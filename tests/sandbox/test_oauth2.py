"""RFC 6749 in both directions: what is granted, and the exact error for what is not."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote_plus

import pytest

from proxy.sandbox.issuer import KEY, PUBLIC_KEY, REFRESH_TOKEN, SECRET, Ask, Desk
from proxy.sandbox.oauth2 import discovery, oauth2
from proxy.sandbox.tokens import Token

ODD_KEY, ODD_SECRET = "a:b+c%d", "s:e c+r%t"
CLIENT = {"grant_type": "client_credentials", "client_id": KEY, "client_secret": SECRET}
RENEW = {**CLIENT, "grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN}


def desk(*, rotate: bool = False) -> Desk:
    keys = {KEY: SECRET, ODD_KEY: ODD_SECRET}
    return Desk(1000.0, keys, lambda: Token("the-token", 1, 1030.0), {REFRESH_TOKEN}, rotate)


def basic(key: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{quote_plus(key)}:{quote_plus(secret)}".encode()).decode()


@pytest.mark.parametrize(
    "ask",
    [
        Ask(form=CLIENT),
        Ask(form={"grant_type": "client_credentials"}, authorization=basic(KEY, SECRET)),
        Ask(form={"grant_type": "client_credentials"}, authorization=basic(ODD_KEY, ODD_SECRET)),
        Ask(form=RENEW),
        Ask(form={"grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN, "client_id": PUBLIC_KEY}),
    ],
    ids=["post", "basic", "basic-odd", "refresh", "public"],
)
def test_grants(ask: Ask) -> None:
    reply = oauth2(ask, desk())
    assert reply.status == 200
    assert json.loads(reply.body) == {
        "access_token": "the-token",
        "token_type": "Bearer",
        "expires_in": 30,
        "scope": "read",
    }
    assert dict(reply.headers)["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("form", "authorization", "status", "error"),
    [
        ({**CLIENT, "client_id": "x"}, None, 401, "invalid_client"),
        ({**CLIENT, "client_secret": "x"}, None, 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, None, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": KEY}, None, 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, "Basic !!", 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, "Basic /w==", 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, "Basic eHg=", 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, "Bearer eHg6eQ==", 401, "invalid_client"),
        (CLIENT, basic(KEY, SECRET), 400, "invalid_request"),
        ({"client_id": KEY, "client_secret": SECRET}, None, 400, "invalid_request"),
        ({**RENEW, "grant_type": "password"}, None, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "client_id": PUBLIC_KEY}, None, 400, "unauthorized_client"),
        ({**CLIENT, "scope": "read everything"}, None, 400, "invalid_scope"),
        ({**RENEW, "refresh_token": "x"}, None, 400, "invalid_grant"),
        ({**CLIENT, "grant_type": "refresh_token"}, None, 400, "invalid_request"),
    ],
)
def test_denials(form: dict[str, str], authorization: str | None, status: int, error: str) -> None:
    reply = oauth2(Ask(form=form, authorization=authorization), desk())
    assert (reply.status, json.loads(reply.body)["error"]) == (status, error)
    assert ("WWW-Authenticate" in dict(reply.headers)) is (status == 401)


def test_a_rotated_refresh_token_works_once() -> None:
    issuer = desk(rotate=True)
    renewed = json.loads(oauth2(Ask(form=RENEW), issuer).body)["refresh_token"]
    assert json.loads(oauth2(Ask(form=RENEW), issuer).body)["error"] == "invalid_grant"
    assert oauth2(Ask(form={**RENEW, "refresh_token": renewed}), issuer).status == 200


def test_a_bad_scope_spends_no_refresh_token() -> None:
    issuer = desk(rotate=True)
    assert oauth2(Ask(form={**RENEW, "scope": "x"}), issuer).status == 400
    assert oauth2(Ask(form=RENEW), issuer).status == 200


def test_discovery_names_the_token_endpoint() -> None:
    document = json.loads(discovery("http://127.0.0.1:1/oauth2").body)
    assert document["issuer"] == "http://127.0.0.1:1/oauth2"
    assert document["token_endpoint"] == "http://127.0.0.1:1/oauth2/token"
