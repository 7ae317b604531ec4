"""A token that is minted, and requests that are signed besides, as the shops of Kuaishou and Douyin want it."""

from __future__ import annotations

import hmac
import json
from typing import Any
from urllib.parse import parse_qsl

import pytest

from proxy.errors import ConfigError
from tests.conftest import Stage
from tests.raw import Message, RawApi
from tests.tokens.calls.issuers import Server, reply, serving

SECRET = "the-secret-that-signs"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ENDED = reply(b'{"result": 100200102}')
DIGEST = {
    "hash": "sha256",
    "hmac": True,
    "text": "{pairs}&key={secret}",
    "pair": "{name}={value}",
    "glue": "&",
    "query": {"app": "{access_key}", "access_token": "{session_token}", "time": "{time}", "sign": "{signature}"},
}
SIGN = {"keys": "config", "name": "digest", "access_key": "app-1", "secret_key": SECRET, "digest": DIGEST}


def minted(number: int) -> bytes:
    return reply(json.dumps({"access_token": f"a-minted-token-{number}", "expires_in": 3600}).encode())


def provider(issuer: Server, **sign: Any) -> dict[str, Any]:
    return {
        "scheme": "login",
        "request": {"url": issuer.url, "form": {"app": "app-1"}},
        "reply": {"token": "access_token", "expires_in": "expires_in"},
        "sign": SIGN | sign,
        "refused": [{"json": {"result": [100200102]}}],
    }


def said(request: Message) -> dict[str, str]:
    """The parameters of a request whose signature is good."""
    pairs = dict(parse_qsl(request.target.partition("?")[2]))
    form = dict(parse_qsl(request.body.decode()))
    text = "&".join(f"{name}={value}" for name, value in sorted((pairs | form).items()) if name != "sign")
    expected = hmac.new(SECRET.encode(), f"{text}&key={SECRET}".encode(), "sha256").hexdigest()
    assert pairs["sign"] == expected
    return pairs | form


async def behind(stage: Stage, issuer: Server, *replies: bytes) -> RawApi:
    api = await stage.api(*replies)
    await stage.open({"/shop": {"upstream": api.url, "provider": "p"}}, providers={"p": provider(issuer)})
    return api


async def test_the_token_is_a_part_of_what_is_signed(stage: Stage) -> None:
    async with serving(Server(minted(1))) as issuer:
        api = await behind(stage, issuer, OK)
        got = await stage.call(
            "/shop/x?method=a&access_token=made-up&sign=made-up&app=made-up", "POST", data={"param": "ü +"}
        )
    assert got.status == 200
    sent = said(api.requests[0])
    assert {**sent, "time": "", "sign": ""} == {
        "method": "a",
        "param": "ü +",
        "app": "app-1",
        "access_token": "a-minted-token-1",
        "time": "",
        "sign": "",
    }
    assert api.requests[0].get("Authorization") is None
    assert SECRET not in api.requests[0].target


async def test_a_dead_token_is_replaced_and_the_request_signed_anew(stage: Stage) -> None:
    async with serving(Server(minted(1), minted(2))) as issuer:
        api = await behind(stage, issuer, ENDED, OK)
        got = await stage.call("/shop/x?method=a")
    assert (got.body, got.get("X-Keyless-Attempts")) == (b"ok", "2")
    assert [said(request)["access_token"] for request in api.requests] == ["a-minted-token-1", "a-minted-token-2"]


async def test_neither_secret_nor_token_comes_back(stage: Stage) -> None:
    body = f"{SECRET} a-minted-token-1".encode()
    echo = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    async with serving(Server(minted(1))) as issuer:
        await behind(stage, issuer, echo)
        got = await stage.call("/shop/x")
    assert SECRET.encode() not in got.body
    assert b"a-minted-token-1" not in got.body


@pytest.mark.parametrize(
    ("sign", "wrong"),
    [
        ({"secret_key": None}, "secret_key"),
        ({"access_key": None}, "access_key"),
        ({"session_token": "x"}, "session_token"),
        ({"keys": "both"}, "keys"),
    ],
)
async def test_what_is_missing_or_too_much(sign: dict[str, Any], wrong: str, stage: Stage) -> None:
    issuer = Server()
    issuer.url = "https://issuer.test/token"
    written = provider(issuer, **sign)
    written["sign"] = {key: value for key, value in written["sign"].items() if value is not None}
    with pytest.raises(ConfigError) as refused:
        await stage.open({"/shop": {"upstream": "https://api.test", "provider": "p"}}, providers={"p": written})
    assert [problem.path for problem in refused.value.problems] == [f"providers.p.sign.{wrong}"]
