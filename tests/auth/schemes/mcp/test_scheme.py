"""A login at an MCP server's issuer, and what its refresh token is good for afterwards."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from proxy.auth.schemes.mcp.scheme import Client
from proxy.auth.schemes.oauth2.authorize import Attempt
from proxy.auth.token import IssuerRequest, Registration
from proxy.errors import FailureClass, IssuerError
from tests.auth.schemes.mcp.world import (
    ISSUER,
    ISSUER_METADATA,
    METADATA,
    REDIRECT,
    REGISTER,
    SERVER,
    TOKEN,
    World,
    provider,
    reply,
    scheme,
    world,
)

MADE = {"client_id": "made", "client_secret": "a-made-up-secret", "token_endpoint_auth_method": "client_secret_basic"}
TOKENS = {"access_token": "a", "token_type": "Bearer", "expires_in": 60, "refresh_token": "next"}
REGISTRATION = Registration(ISSUER, "made", "a-made-up-secret", "basic")


def logged_in(there: World, **written: Any) -> tuple[Client, str]:
    """As whom, and the page that the person was sent to."""
    made = scheme(**written)
    there.replies[REGISTER] = reply(201, MADE)
    endpoints = there.play(made.endpoints(0.0))
    client = there.play(made.as_client(endpoints, REDIRECT, 0.0))
    return client, client.authorization_url(endpoints, Attempt.new(REDIRECT))


def form(request: Any) -> dict[str, list[str]]:
    assert isinstance(request, IssuerRequest)
    return parse_qs((request.body or b"").decode(), strict_parsing=True)


def test_the_page_asks_for_this_resource_with_a_challenge() -> None:
    _, url = logged_in(world())
    query = parse_qs(urlsplit(url).query)
    assert url.startswith("https://login.example.com/authorize?")
    assert (query["resource"], query["code_challenge_method"], query["client_id"]) == ([SERVER], ["S256"], ["made"])
    assert query["scope"] == ["read write"]


@pytest.mark.parametrize(
    ("written", "offered", "asked"),
    [
        ({}, ["read", "offline_access"], "read write offline_access"),
        ({"scope": "read"}, ["offline_access"], "read"),
        ({"scope": ["read", "more"]}, None, "read more"),
        ({}, None, "read write"),
    ],
)
def test_which_scope_is_asked_for(written: dict[str, Any], offered: Any, asked: str) -> None:
    _, url = logged_in(world(metadata=METADATA | {"scopes_supported": offered}), **written)
    assert parse_qs(urlsplit(url).query)["scope"] == [asked]


def test_the_code_is_redeemed_for_this_resource() -> None:
    there = world(**{TOKEN: reply(200, TOKENS)})
    client, _ = logged_in(there)
    minted = there.play(client.redeem(TOKEN, 0.0, Attempt.new(REDIRECT).redemption("the-code")))
    assert (minted.value, minted.refresh_token) == ("a", "next")
    sent = form(there.asked[-1])
    assert (sent["resource"], sent["client_id"], sent["code"]) == ([SERVER], ["made"], ["the-code"])


def test_a_refresh_goes_to_the_issuer_that_gave_it_whatever_the_server_says_now() -> None:
    there = World({ISSUER_METADATA: reply(200, METADATA), TOKEN: reply(200, TOKENS)})
    made = scheme()
    there.play(made.registered(REGISTRATION).login(0.0, "kept"))
    assert there.urls == [ISSUER_METADATA, TOKEN]
    sent = form(there.asked[-1])
    assert (sent["refresh_token"], sent["resource"], sent["grant_type"]) == (["kept"], [SERVER], ["refresh_token"])
    there.play(made.registered(REGISTRATION).login(0.0, "next"))
    assert there.urls[2:] == [TOKEN], "what was found out once is known"


def test_its_metadata_is_asked_where_only_the_config_lets_it() -> None:
    there = World({ISSUER_METADATA: reply(200, METADATA), TOKEN: reply(200, TOKENS)})
    there.play(scheme().registered(REGISTRATION).login(0.0, "kept"))
    consents = {request.consent for request in there.asked if isinstance(request, IssuerRequest)}
    assert [consent.written for consent in consents] == [frozenset({"mcp.example.com"})]


def test_nobody_has_logged_in_yet() -> None:
    made = scheme()
    with pytest.raises(IssuerError, match="nobody has logged in yet") as caught:
        World().play(made.registered(None).login(0.0, None))
    assert caught.value.failure is FailureClass.LOGIN


@pytest.mark.parametrize(
    ("written", "failure"),
    [({}, FailureClass.LOGIN), ({"client_id": "made", "client_secret": "s"}, FailureClass.CREDENTIAL)],
)
def test_a_client_that_the_issuer_forgot(written: dict[str, Any], failure: FailureClass) -> None:
    """One that was registered comes back with a login; one of the config does not."""
    there = World({ISSUER_METADATA: reply(200, METADATA), TOKEN: reply(401, {"error": "invalid_client"})})
    with pytest.raises(IssuerError) as caught:
        there.play(scheme(**written).registered(REGISTRATION).login(0.0, "kept"))
    assert caught.value.failure is failure


def test_the_registered_secret_is_in_no_message() -> None:
    told = {"error": "invalid_request", "error_description": "you sent a-made-up-secret and kept"}
    there = World({ISSUER_METADATA: reply(200, METADATA), TOKEN: reply(400, told)})
    with pytest.raises(IssuerError) as caught:
        there.play(scheme().registered(REGISTRATION).login(0.0, "kept"))
    assert "a-made-up-secret" not in caught.value.message
    assert "kept" not in caught.value.message


def test_a_logout_is_told_to_that_issuer() -> None:
    there = World({ISSUER_METADATA: reply(200, METADATA | {"revocation_endpoint": f"{ISSUER}/revoke"})})
    there.replies[f"{ISSUER}/revoke"] = reply(200)
    client = scheme().client_of(REGISTRATION)
    assert client is not None
    endpoints = there.play(client.endpoints(0.0))
    there.play(client.revoke(endpoints, "kept", "refresh_token", 0.0))
    assert there.urls == [ISSUER_METADATA, f"{ISSUER}/revoke"]
    assert form(there.asked[-1])["token"] == ["kept"]
    assert scheme().client_of(None) is None


def test_what_makes_another_credential() -> None:
    base = scheme().identity
    others = [
        {"url": f"{SERVER}/2"},
        {"resource": "https://mcp.example.com"},
        {"scope": "read"},
        {"client_id": "a"},
        {"client_metadata": "https://example.com/c.json"},
    ]
    assert len({base, *(scheme(**other).identity for other in others)}) == len(others) + 1
    assert scheme(client_id="a", client_secret="b").identity == scheme(client_id="a").identity
    assert scheme(redirect_port=5).identity == base


def test_a_login_outlives_a_new_client_secret() -> None:
    one = provider(client_id="a", client_secret="b")
    assert one.same_login(provider(client_id="a", client_secret="c"))
    assert not one.same_login(provider(client_id="d", client_secret="b"))
