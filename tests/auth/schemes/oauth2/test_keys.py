"""What a user writes of an OAuth2 provider's `reply` counts over the standard's names, and drops none of the others."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.auth.schemes.oauth2.keys import OAuth2Provider

STANDARD = {
    "token": "access_token",
    "expires_in": "expires_in",
    "refresh_token": "refresh_token",
    "scope": "scope",
    "error": "error_description",
}


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
