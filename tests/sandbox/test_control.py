"""The switches over HTTP: they are those of the attributes, and mistakes are named."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from proxy.sandbox import Sandbox
from proxy.sandbox.control import Changes
from proxy.sandbox.state import Switches

from .conftest import User


async def post(user: User, name: str, document: Any) -> tuple[int, Any]:
    async with user.http.post(f"{user.url}/control/{name}", json=document) as response:
        return response.status, await response.json()


def test_every_switch_can_be_set_over_http() -> None:
    assert {switch.name for switch in fields(Switches)} == set(Changes.__annotations__) - {
        "broken_reply_base64",
        "keys",
    }


async def test_state_counts(sandbox: Sandbox, user: User) -> None:
    token = await user.login("baidu")
    await user.ask("aiob", secret="wrong")
    async with user.call("baidu", "echo", token) as response:
        await response.read()
    async with user.http.get(f"{user.url}/control/state") as response:
        text, state = await response.text(), await response.json()
    assert state["mints"] == {"baidu": 1, "aiob": 0, "session": 0, "oauth2": 0, "total": 1}
    assert (state["token_requests"]["aiob"], state["token_requests"]["total"]) == (1, 2)
    assert state["api_requests"] == 1
    assert state["tokens"]["baidu"] == {"generation": 1, "live": 1}
    assert (state["switches"]["lifetime"], state["switches"]["keys"]) == (30.0, ["sandbox-key"])
    assert token not in text


async def test_requests_are_listed_with_credentials_masked(user: User, style: str) -> None:
    token = await user.login(style)
    async with user.call(style, "echo", token, method="POST", data=b"abc") as response:
        await response.read()
    async with user.http.get(f"{user.url}/control/requests") as response:
        text, listed = await response.text(), (await response.json())["requests"]
    assert token not in text
    assert [(call["style"], call["method"], call["status"], call["body_length"]) for call in listed] == [
        (style, "POST", 200, 3)
    ]


@pytest.mark.parametrize(("document", "voided"), [({}, 2), ({"style": "aiob"}, 1), ({"style": None}, 2)])
async def test_void(sandbox: Sandbox, user: User, document: Any, voided: int) -> None:
    await user.login("aiob")
    await user.login("oauth2")
    status, state = await post(user, "void", document)
    assert (status, state["voided"]) == (200, voided)
    assert state["tokens"]["aiob"]["live"] == 0
    assert state["tokens"]["oauth2"]["live"] == 2 - voided


async def test_void_needs_no_body(user: User) -> None:
    async with user.http.post(f"{user.url}/control/void") as response:
        assert response.status == 200


@pytest.mark.parametrize(
    ("document", "attribute", "value"),
    [
        ({"lifetime": 5}, "lifetime", 5.0),
        ({"issuer_down": True}, "issuer_down", True),
        ({"issuer_down": 429}, "issuer_down", 429),
        ({"issuer_down": "close"}, "issuer_down", "close"),
        ({"issuer_delay": 0.5}, "issuer_delay", 0.5),
        ({"retry_after": 7}, "retry_after", 7.0),
        ({"reissue_same": True}, "reissue_same", True),
        ({"rotate_refresh": True}, "rotate_refresh", True),
        ({"broken_reply": "<html>"}, "broken_reply", b"<html>"),
        ({"broken_reply_base64": "/wA="}, "broken_reply", b"\xff\x00"),
        ({"broken_type": "text/html"}, "broken_type", "text/html"),
        ({"broken_encoding": "gzip"}, "broken_encoding", "gzip"),
        ({"broken_cut": True}, "broken_cut", True),
        ({"keys": {"a": "b"}}, "keys", {"a": "b"}),
    ],
)
async def test_set(sandbox: Sandbox, user: User, document: Any, attribute: str, value: Any) -> None:
    status, _ = await post(user, "set", document)
    assert (status, getattr(sandbox, attribute)) == (200, value)
    assert (await post(user, "reset", {}))[0] == 200
    assert getattr(sandbox, attribute) != value


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({"lifetime": 0}, "lifetime"),
        ({"lifetime": "30"}, "lifetime"),
        ({"lifetime": None}, "lifetime"),
        ({"issuer_down": 200}, "issuer_down"),
        ({"issuer_delay": -1}, "issuer_delay"),
        ({"broken_type": "a\r\nb: c"}, "broken_type"),
        ({"broken_reply_base64": "!"}, "broken_reply_base64"),
        ({"nonsense": 1}, "nonsense"),
        ([], "object"),
    ],
)
async def test_mistakes_are_named_and_change_nothing(sandbox: Sandbox, user: User, document: Any, named: str) -> None:
    status, answer = await post(user, "set", document)
    assert status == 400
    assert named in answer["error"]
    assert sandbox.lifetime == 30.0


async def test_a_wrong_style_is_named(user: User) -> None:
    status, answer = await post(user, "void", {"style": "x"})
    assert status == 400
    assert "style" in answer["error"]
