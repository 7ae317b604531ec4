"""As whom a login is made: given, by document, or registered for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from proxy.auth.schemes.mcp.scheme import Client
from proxy.auth.token import IssuerReply, IssuerRequest, Registration
from proxy.errors import FailureClass, IssuerError
from tests.auth.schemes.mcp.world import ISSUER, METADATA, REDIRECT, REGISTER, World, reply, scheme, world

DOCUMENT = "https://example.com/keyless.json"
REGISTERED = {"client_id": "made", "token_endpoint_auth_method": "none"}


def client(there: World, **written: Any) -> Client:
    made = scheme(**written)
    endpoints = there.play(made.endpoints(0.0))
    there.asked.clear()
    return there.play(made.as_client(endpoints, REDIRECT, 0.0))


def refused(answer: IssuerReply | None, metadata: Any = METADATA) -> IssuerError:
    with pytest.raises(IssuerError) as caught:
        client(world(metadata=metadata, **({REGISTER: answer} if answer else {})))
    return caught.value


def test_a_given_client_registers_nothing() -> None:
    there = world()
    made = client(there, client_id="given", client_secret="a-secret")
    assert there.asked == []
    assert made.registration == Registration(ISSUER, "given"), "its secret stays in the config"
    assert (made.provider.client_secret, made.provider.client_auth) == ("a-secret", "basic")


def test_a_document_where_the_issuer_takes_one() -> None:
    there = world(metadata=METADATA | {"client_id_metadata_document_supported": True})
    made = client(there, client_metadata=DOCUMENT)
    assert there.asked == []
    assert (made.registration, made.registered_for_it) == (Registration(ISSUER, DOCUMENT), False)


def test_else_one_is_registered() -> None:
    there = world(**{REGISTER: reply(201, REGISTERED)})
    made = client(there, client_metadata=DOCUMENT)
    (asked,) = there.asked
    assert isinstance(asked, IssuerRequest)
    assert (asked.method, asked.url) == ("POST", REGISTER)
    assert json.loads(asked.body or b"") == {
        "client_name": "Keyless",
        "application_type": "native",
        "redirect_uris": [REDIRECT],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    }
    assert (made.registration, made.registered_for_it) == (Registration(ISSUER, "made"), True)


@pytest.mark.parametrize(
    ("offered", "wanted"),
    [
        (None, "none"),
        (["client_secret_basic"], "client_secret_basic"),
        (["client_secret_basic", "client_secret_post"], "client_secret_post"),
        (["private_key_jwt"], "none"),
        (["client_secret_post", "none"], "none"),
    ],
)
def test_how_it_would_prove_itself(offered: Any, wanted: str) -> None:
    metadata = METADATA | {"token_endpoint_auth_methods_supported": offered}
    there = world(metadata=metadata, **{REGISTER: reply(201, REGISTERED)})
    client(there)
    (asked,) = there.asked
    assert isinstance(asked, IssuerRequest)
    assert json.loads(asked.body or b"")["token_endpoint_auth_method"] == wanted


@pytest.mark.parametrize(
    ("said", "auth", "secret"),
    [
        ({"client_id": "c"}, "none", None),
        ({"client_id": "c", "client_secret": "s"}, "basic", "s"),  # RFC 7591 §2: what is not said is basic
        ({"client_id": "c", "client_secret": "s", "token_endpoint_auth_method": "client_secret_post"}, "post", "s"),
        ({"client_id": "c", "client_secret": "s", "token_endpoint_auth_method": "none"}, "none", None),
    ],
)
def test_how_it_is_to_prove_itself(said: dict[str, Any], auth: str, secret: str | None) -> None:
    made = client(world(**{REGISTER: reply(201, said)}))
    assert made.registration == Registration(ISSUER, "c", secret, auth)


@pytest.mark.parametrize(
    "said",
    [
        {},
        [],
        b"<html>",
        {"client_id": ""},
        {"client_id": 7},
        {"client_id": "a\nb"},
        {"client_id": "x" * 5000},
        {"client_id": "c", "token_endpoint_auth_method": "private_key_jwt"},
        {"client_id": "c", "token_endpoint_auth_method": "client_secret_basic"},
    ],
)
def test_a_reply_that_is_no_registration(said: Any) -> None:
    error = refused(reply(201, said))
    assert error.failure is not FailureClass.LOGIN
    assert "`client_id`" in (error.hint or "")


def test_a_registered_secret_does_not_show() -> None:
    assert "a-secret" not in repr(Registration(ISSUER, "c", "a-secret", "basic"))


def test_a_refusal_is_told_in_the_issuers_words() -> None:
    error = refused(reply(400, {"error": "invalid_redirect_uri", "error_description": "no loopback here"}))
    assert "invalid_redirect_uri" in error.message
    assert "no loopback here" in error.message


def test_an_issuer_that_registers_nobody() -> None:
    error = refused(None, {key: value for key, value in METADATA.items() if key != "registration_endpoint"})
    assert "registers no clients by itself" in error.message
    assert REDIRECT in (error.hint or "")


@pytest.mark.parametrize("url", ["http://login.example.com/register", "ftp://login.example.com", 7])
def test_a_registration_in_the_open(url: Any) -> None:
    assert "no https URL" in refused(None, METADATA | {"registration_endpoint": url}).message
