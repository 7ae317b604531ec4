"""Each style's yes and no, without a server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from proxy.sandbox.issuer import KEY, SECRET, Ask, Desk, aiob, baidu, session
from proxy.sandbox.reply import tidy
from proxy.sandbox.tokens import Token

GOOD = {"grant_type": "client_credentials", "client_id": KEY, "client_secret": SECRET}


def desk(lifetime: float = 30.0) -> Desk:
    return Desk(1000.0, {KEY: SECRET}, lambda: Token("the-token", 1, 1000.0 + lifetime))


def no_mint() -> Token:
    raise AssertionError("a refused request must mint nothing")


CLOSED = Desk(1000.0, {KEY: SECRET}, no_mint)


@pytest.mark.parametrize("ask", [Ask(query=GOOD), Ask(form=GOOD)], ids=["query", "form"])
def test_baidu_grants(ask: Ask) -> None:
    reply = baidu(ask, desk())
    document = json.loads(reply.body)
    assert reply.status == 200
    assert (document["access_token"], document["expires_in"]) == ("the-token", 30)
    assert {"refresh_token", "scope", "session_key", "session_secret"} < set(document)


@pytest.mark.parametrize(
    ("change", "status", "error", "description"),
    [
        ({"client_id": "x"}, 401, "invalid_client", "unknown client id"),
        ({"client_id": ""}, 401, "invalid_client", "unknown client id"),
        ({"client_secret": "x"}, 401, "invalid_client", "Client authentication failed"),
        ({"client_secret": ""}, 401, "invalid_client", "Client authentication failed"),
        ({"grant_type": "x"}, 400, "unsupported_grant_type", "The authorization grant type is not supported"),
    ],
)
def test_baidu_refuses(change: dict[str, str], status: int, error: str, description: str) -> None:
    reply = baidu(Ask(query={**GOOD, **change}), CLOSED)
    assert (reply.status, json.loads(reply.body)) == (status, {"error": error, "error_description": description})


def test_aiob_grants_in_minutes() -> None:
    document = json.loads(aiob(Ask(document={"accessKey": KEY, "secretKey": SECRET}), desk()).body)
    assert (document["time"], document["code"], document["msg"]) == (1_000_000, 200, "OK")
    assert document["data"]["accessToken"] == "the-token"
    assert document["data"]["expiresTime"] == 0.5


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (None, "accessKey,不能为空"),
        ([], "accessKey,不能为空"),
        ({"secretKey": SECRET}, "accessKey,不能为空"),
        ({"accessKey": KEY}, "secretKey,不能为空"),
        ({"accessKey": KEY, "secretKey": "x"}, "accessKey 或 secretKey 错误"),
        ({"accessKey": [1], "secretKey": "x"}, "accessKey 或 secretKey 错误"),
    ],
)
def test_aiob_refuses_inside_200(document: Any, message: str) -> None:
    reply = aiob(Ask(document=document), CLOSED)
    refused = json.loads(reply.body)
    assert reply.status == 200
    assert (refused["msg"], refused["data"]) == (message, None)
    assert refused["code"] != 200


def test_session_grants() -> None:
    document = json.loads(session(Ask(document={"clientKey": KEY}), desk()).body)
    assert document == {"accessToken": "the-token", "expiresIn": 30}


@pytest.mark.parametrize("document", [None, {}, "text", {"clientKey": "x"}, {"clientKey": [KEY]}])
def test_session_refuses(document: Any) -> None:
    assert session(Ask(document=document), CLOSED).status == 401


@pytest.mark.parametrize(("given", "sent"), [(30.0, 30), (0.5, 0.5), (29.9999999, 30), (0.0, 0)])
def test_whole_seconds_are_sent_as_integers(given: float, sent: float) -> None:
    assert json.dumps(tidy(given)) == json.dumps(sent)
