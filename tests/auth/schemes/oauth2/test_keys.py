"""What a user writes of an OAuth2 provider's `reply` counts over the standard's names, and drops none of the others."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.auth.schemes.oauth2.keys import OAuth2Provider

STANDARD = {
    "token": "access_token",
    "expires_in": "expires_in",
    "expires_at": "expires_at",
    "refresh_in": "refresh_in",
    "refresh_token": "refresh_token",
    "scope": "scope",
    "error": "error_description",
}

AUTHS = ("basic", "basic_raw", "post")


@pytest.mark.parametrize(
    ("written", "changed"),
    [
        ({}, {}),
        ({"reply": {}}, {}),
        ({"reply": {"token": "data.token"}}, {"token": "data.token"}),
        ({"reply": {"expires_in": None}}, {"expires_in": None}),
        ({"reply": {"scope": "scopes", "error": "msg"}}, {"scope": "scopes", "error": "msg"}),
        ({"reply": {"expires_at": "until", "expires_in": None}}, {"expires_at": "until", "expires_in": None}),
    ],
)
def test_it_is_merged(written: dict[str, Any], changed: dict[str, Any]) -> None:
    provider = {"scheme": "oauth2", "token_url": "https://a.test", "client_id": "i", "client_secret": "s"}
    reply = OAuth2Provider.model_validate(provider | written).reply.model_dump()
    expected = STANDARD | changed
    assert {name: reply[name] for name in expected} == expected


def test_a_colon_in_the_id_can_not_go_into_raw_basic() -> None:
    written = {"scheme": "oauth2", "token_url": "https://a.test", "client_id": "i:d", "client_secret": "s"}
    found = {auth: list(OAuth2Provider.model_validate(written | {"client_auth": auth}).check(("p",))) for auth in AUTHS}
    assert {auth: [finding.where for finding in findings] for auth, findings in found.items()} == {
        "basic": [],
        "basic_raw": [("p", "client_id")],
        "post": [],
    }
