"""The proxy's own errors on a route whose preset says how its SDKs read them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import Stage
from tests.raw import Message

ROUTES = {
    "/shaped": {"provider": "claude", "methods": ["GET"]},
    "/plain": {"provider": "none", "upstream": "https://api.example.com", "methods": ["GET"]},
}
KEY = "kls_a-made-up-client-key-of-some-length"


async def opened(stage: Stage, **config: Any) -> None:
    providers = {"claude": {"use": "anthropic", "api_key": "a-made-up-key"}}
    await stage.open(ROUTES, providers=providers, **config)


def is_shaped(reply: Message) -> bool:
    document = json.loads(reply.body)
    assert reply.get("X-Keyless-Error") == document["code"]
    assert document["help"]
    return bool(document["type"] == "error")


async def test_its_errors_have_the_shape_and_no_other_routes(stage: Stage) -> None:
    await opened(stage)
    shaped = await stage.ask("POST /shaped/v1/messages HTTP/1.1", "Content-Length: 0")
    assert (shaped.status, is_shaped(shaped)) == (405, True)
    assert shaped.get("Content-Type") == "application/problem+json"
    json_only = await stage.ask("POST /shaped HTTP/1.1", "Content-Length: 0", "Accept: application/json")
    assert (json_only.get("Content-Type"), is_shaped(json_only)) == ("application/json", True)
    assert not is_shaped(await stage.ask("POST /plain HTTP/1.1", "Content-Length: 0"))
    assert not is_shaped(await stage.ask("GET /nowhere HTTP/1.1"))


async def test_an_unconfigured_provider_has_it_too(stage: Stage) -> None:
    await stage.open(ROUTES, providers={"claude": {"use": "anthropic", "api_key": "${NOT_SET_ANYWHERE}"}})
    reply = await stage.ask("GET /shaped HTTP/1.1")
    assert (reply.status, is_shaped(reply)) == (424, True)


@pytest.mark.parametrize("path", ["/shaped", "/nowhere"])
async def test_who_shows_no_key_is_not_told_whose_api_it_is(path: str, stage: Stage) -> None:
    await opened(stage, clients=[{"name": "app", "key": KEY}])
    reply = await stage.ask(f"POST {path} HTTP/1.1", "Content-Length: 0")
    assert (reply.status, is_shaped(reply)) == (401, False)


async def test_a_client_that_is_shown_to_be_one_gets_it(stage: Stage) -> None:
    await opened(stage, clients=[{"name": "app", "key": KEY}])
    reply = await stage.ask("POST /shaped HTTP/1.1", "Content-Length: 0", f"X-Api-Key: {KEY}")
    assert (reply.status, is_shaped(reply)) == (405, True)
