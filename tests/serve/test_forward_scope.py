"""`require_scope`: a token that is known to lack a scope is not sent, and the client is told which."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Stage, providers


async def open_with(stage: Stage, required: Any, **provider: Any) -> None:
    oauth2 = providers(stage.sandbox.url)["oauth2"] | provider
    route = {"upstream": f"{stage.sandbox.url}/oauth2/api", "provider": "oauth2", "require_scope": required}
    await stage.open({"/crm": route}, providers={"oauth2": oauth2})


@pytest.mark.parametrize("scope", ["read", ["read"], [], "", "read write", ["write"]])
async def test_scopes_that_the_token_has(stage: Stage, scope: Any) -> None:
    await open_with(stage, scope, scope="read write")
    assert (await stage.call("/crm/echo")).status == 200


@pytest.mark.parametrize(("scope", "lacks"), [("write", "write"), (["read", "admin", "write"], "admin write")])
async def test_one_that_it_lacks_costs_no_api_call(stage: Stage, scope: Any, lacks: str) -> None:
    await open_with(stage, scope, scope="read")
    reply = await stage.call("/crm/echo")
    assert (reply.code, reply.json()["provider"]) == ("credential_refused", "oauth2")
    assert f"lacks the scope {lacks}, which /crm requires" in reply.json()["detail"]
    assert stage.sandbox.api_requests == 0
    assert stage.mints() == 1


async def test_where_nobody_says_which_it_has_the_api_decides(stage: Stage) -> None:
    await open_with(stage, "write", reply={"scope": None})
    assert (await stage.call("/crm/echo")).status == 200
