"""Who gives tokens for a server: where that is looked for, and what is not believed."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.auth.schemes.mcp.server import metadata_urls
from proxy.auth.token import IssuerReply, IssuerRequest
from proxy.errors import FailureClass, IssuerError
from tests.auth.schemes.mcp.world import (
    HOST,
    ISSUER,
    ISSUER_METADATA,
    METADATA,
    RESOURCE,
    RESOURCE_METADATA,
    SERVER,
    TOKEN,
    World,
    challenge,
    reply,
    scheme,
    world,
)


def refused(there: World, **written: Any) -> IssuerError:
    with pytest.raises(IssuerError) as caught:
        there.play(scheme(**written).endpoints(0.0))
    return caught.value


def test_the_servers_challenge_leads_to_its_metadata_and_that_to_its_issuer() -> None:
    there = world()
    found = there.play(scheme().endpoints(0.0))
    assert there.urls == [SERVER, RESOURCE_METADATA, ISSUER_METADATA]
    assert (found.token, found.issuer, found.scope) == (TOKEN, ISSUER, "read write")


def test_the_server_is_asked_as_somebody_without_a_token() -> None:
    there = world()
    there.play(scheme().endpoints(0.0))
    asked = there.asked[0]
    assert isinstance(asked, IssuerRequest)
    assert asked.method == "POST", "a GET might open a stream that never ends"
    assert {name.lower() for name, _ in asked.headers} == {"accept", "content-type"}


def test_the_scope_of_the_challenge_counts_before_all_that_there_are() -> None:
    there = world(**{SERVER: challenge(f'Bearer resource_metadata="{RESOURCE_METADATA}", scope="read"')})
    assert there.play(scheme().endpoints(0.0)).scope == "read"


@pytest.mark.parametrize("first", [reply(405), reply(200, {}), challenge("Bearer"), challenge('Basic realm="x"')])
def test_without_a_word_of_it_the_well_known_places_are_asked(first: IssuerReply) -> None:
    there = world(**{SERVER: first})
    there.play(scheme().endpoints(0.0))
    assert there.urls[1:] == [RESOURCE_METADATA, ISSUER_METADATA]


def test_then_the_root() -> None:
    root = f"{HOST}/.well-known/oauth-protected-resource"
    there = world(**{SERVER: reply(405), RESOURCE_METADATA: reply(404), root: reply(200, RESOURCE)})
    assert there.play(scheme().endpoints(0.0)).issuer == ISSUER
    assert there.urls[1:3] == [RESOURCE_METADATA, root]


def test_a_server_that_says_nothing_of_itself_is_its_own_issuer() -> None:
    """The servers of March 2025."""
    own = f"{HOST}/.well-known/oauth-authorization-server"
    there = World({own: reply(200, METADATA | {"issuer": HOST})})
    assert there.play(scheme().endpoints(0.0)).issuer == HOST


@pytest.mark.parametrize(
    ("issuer", "urls"),
    [
        (
            "https://a.example",
            (
                "https://a.example/.well-known/oauth-authorization-server",
                "https://a.example/.well-known/openid-configuration",
            ),
        ),
        (
            "https://a.example/t/1/",
            (
                "https://a.example/.well-known/oauth-authorization-server/t/1",
                "https://a.example/.well-known/openid-configuration/t/1",
                "https://a.example/t/1/.well-known/openid-configuration",
            ),
        ),
    ],
)
def test_where_an_issuers_metadata_is_looked_for(issuer: str, urls: tuple[str, ...]) -> None:
    assert metadata_urls(issuer) == urls


@pytest.mark.parametrize(
    ("named", "url"),
    [(HOST, f"{HOST}/"), (f"{HOST}/", HOST), ("https://MCP.example.com/mcp", SERVER), (SERVER, SERVER)],
)
def test_spellings_of_one_resource(named: str, url: str) -> None:
    there = World(
        {
            f"{HOST}/.well-known/oauth-protected-resource": reply(200, RESOURCE | {"resource": named}),
            RESOURCE_METADATA: reply(200, RESOURCE | {"resource": named}),
            ISSUER_METADATA: reply(200, METADATA),
        }
    )
    assert there.play(scheme(url=url).endpoints(0.0)).issuer == ISSUER


# ---------------------------------------------------------------------------------------------- not believed


@pytest.mark.parametrize(
    "resource",
    [
        HOST,
        "https://mcp.example.com/mcp/",
        "https://mcp.example.com/MCP",
        "https://evil.example/mcp",
        f"{SERVER}?a=1",
        "https://[",
        None,
    ],
)
def test_metadata_of_another_resource(resource: str | None) -> None:
    error = refused(world(resource=RESOURCE | {"resource": resource}))
    assert (error.failure, "of another resource" in error.message) == (FailureClass.CREDENTIAL, True)


def test_what_a_server_calls_itself_may_be_written_down() -> None:
    there = world(resource=RESOURCE | {"resource": HOST})
    assert there.play(scheme(resource=HOST).endpoints(0.0)).issuer == ISSUER


@pytest.mark.parametrize(
    "told",
    [
        "https://evil.example/metadata",
        "http://mcp.example.com/metadata",
        "https://mcp.example.com:8443/metadata",
        "https://mcp.example.com@evil.example/metadata",
        "file:///etc/passwd",
        "",
    ],
)
def test_a_challenge_that_leads_elsewhere(told: str) -> None:
    there = world(**{SERVER: challenge(f'Bearer resource_metadata="{told}"')})
    assert "leads elsewhere for its metadata" in refused(there).message
    assert there.urls == [SERVER]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_metadata_that_redirects(status: int) -> None:
    there = world(**{RESOURCE_METADATA: reply(status, location="https://evil.example/metadata")})
    assert "redirects elsewhere, which is not followed" in refused(there).message
    assert there.urls == [SERVER, RESOURCE_METADATA]


@pytest.mark.parametrize(
    "issuer",
    ["http://login.example.com", "javascript:alert(1)", "file:///x", "https://", "https://a@login.example.com", "x y"],
)
def test_an_issuer_that_is_no_https_url(issuer: str) -> None:
    there = world(resource=RESOURCE | {"authorization_servers": [issuer]})
    assert "no https URL" in refused(there).message
    assert len(there.urls) == 2


@pytest.mark.parametrize("servers", [[], None, "https://login.example.com", [7]])
def test_no_issuer_at_all(servers: Any) -> None:
    assert (
        "names no authorization server"
        in refused(world(resource=RESOURCE | {"authorization_servers": servers})).message
    )


@pytest.mark.parametrize("issuer", ["https://evil.example", "https://login.example.com", f"{ISSUER}/x", None])
def test_an_issuer_that_lies_about_itself(issuer: str | None) -> None:
    error = refused(world(metadata=METADATA | {"issuer": issuer}))
    assert "of another issuer" in error.message
    assert "`" not in (error.hint or ""), "no key of the config names it"


@pytest.mark.parametrize("methods", [None, [], ["plain"], "S256"])
def test_an_issuer_without_pkce(methods: Any) -> None:
    assert "PKCE" in refused(world(metadata=METADATA | {"code_challenge_methods_supported": methods})).message


@pytest.mark.parametrize("page", ["http://login.example.com/authorize", "javascript:alert(1)", "file:///x"])
def test_a_login_page_that_must_not_be_opened(page: str) -> None:
    """Either it is no page at all, or it is refused."""
    there = world(metadata=METADATA | {"authorization_endpoint": page})
    assert there.play(scheme().endpoints(0.0)).authorization is None


def test_a_login_page_on_this_machine_is_opened_only_for_a_server_on_it() -> None:
    there = world(metadata=METADATA | {"authorization_endpoint": "http://127.0.0.1:9/authorize"})
    assert "over plain http" in refused(there).message


def test_a_token_endpoint_in_the_open() -> None:
    assert (
        "no https URL" in refused(world(metadata=METADATA | {"token_endpoint": "http://login.example.com/t"})).message
    )


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes(status: int) -> None:
    error = refused(world(**{RESOURCE_METADATA: reply(status, retry_after="7")}))
    assert (error.failure, error.retry_after) == (FailureClass.PASSING, 7.0)


def test_no_message_shows_control_characters_or_a_long_text() -> None:
    error = refused(world(resource=RESOURCE | {"resource": "https://evil.example/\x1b[31m" + "x" * 5000}))
    assert error.message.isprintable()
    assert len(error.message) < 400


@pytest.mark.parametrize("body", [b"[]", b"<html>", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_metadata_is_none(body: bytes) -> None:
    there = world(**{RESOURCE_METADATA: reply(200, body)})
    assert "publishes no metadata" in refused(there).message, "it is taken for its own issuer, and is none"


def test_requests_go_where_the_config_lets_them() -> None:
    """What metadata names is not among the hosts that the config spells out."""
    there = world()
    there.play(scheme().endpoints(0.0))
    consents = [request.consent for request in there.asked if isinstance(request, IssuerRequest)]
    assert {consent.written for consent in consents} == {frozenset({"mcp.example.com"})}
    assert not any(consent.private or consent.plain_http for consent in consents)
