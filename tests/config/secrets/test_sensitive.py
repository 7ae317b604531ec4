"""Which values are secrets."""

from typing import Any

import pytest

from proxy.config.secrets.resolve import Substitution
from proxy.config.secrets.sensitive import credentials, may_show
from proxy.values.where import Where

P = ("providers", "p")


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ((*P, "token"), False),
        ((*P, "password"), False),
        ((*P, "client_secret"), False),
        ((*P, "api_key"), False),
        ((*P, "refresh_token"), False),
        ((*P, "request", "json", "a"), False),
        ((*P, "request", "headers", "Accept"), False),
        ((*P, "params", "a"), False),
        ((*P, "inject", "header", "X"), False),
        (("clients", 0, "key"), False),
        (("admin", "key"), False),
        (("routes", "/a", "headers", "set", "X"), False),
        ((*P, "token_url"), True),
        ((*P, "client_auth"), True),
        ((*P, "request", "url"), True),
        (("providers", "secret", "scheme"), True),
        (("routes", "/token", "upstream"), True),
        (("routes", "/a", "cookies"), True),
        (("routes", "/a", "keep_prefix"), True),
        (("log", "level"), True),
        ((), True),
    ],
)
def test_may_show(where: Where, expected: bool) -> None:
    assert may_show(where) is expected


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ({"token": "0123456789"}, {"0123456789"}),
        ({"token": 12345678}, {"12345678"}),
        ({"token": "short"}, set()),
        ({"client_secret": "0123456789", "client_id": "abcdefghij"}, {"0123456789"}),
        ({"client_secret": "0123456789", "key_id": "abcdefghij"}, {"0123456789"}),
        ({"token_url": "https://example.com/token"}, set()),
        ({"request": {"json": {"secretKey": "0123456789", "region": "eu-west-1"}}}, {"0123456789"}),
        ({"request": {"form": {"password": "0123456789", "grant_type": "password"}}}, {"0123456789"}),
        ({"reply": {"token": "data.accessToken", "ok": {"key": "0123456789"}}}, set()),
        ({"refused": [{"json": {"token_state": "0123456789"}}]}, set()),
        ({"inject": {"header": {"X-Api-Key": "Bearer {token}", "X-Key": "{{123456}}"}}}, {"{123456}"}),
        ({"inject": {"header": {"X-Api-Key": "{"}}}, set()),
        ({"keys": ["0123456789", None, True]}, {"0123456789"}),
        ("nonsense", set()),
    ],
)
def test_literals(provider: Any, expected: set[str]) -> None:
    assert credentials(provider, P, [], (), ()) == expected


@pytest.mark.parametrize(
    ("where", "value", "query", "expected"),
    [
        ((*P, "token"), "0123456789", False, True),
        ((*P, "request", "json", "anything"), "0123456789", False, True),
        ((*P, "request", "json", "base"), "https://example.com", False, False),
        ((*P, "request", "url"), "example.com", False, False),
        ((*P, "request", "url"), "0123456789", True, True),
        ((*P, "client_id"), "0123456789", False, False),
        ((*P, "username"), "0123456789", False, False),
        ((*P, "scope"), "openid email", False, False),
        ((*P, "reply", "token"), "access_token", False, False),
        (("providers", "q", "token"), "0123456789", False, False),
        ((*P, "declared", "secret", 0), "0123456789", False, True),
        ((*P, "declared", "public", "token"), "0123456789", False, False),
    ],
)
def test_substituted_values(where: Where, value: str, query: bool, expected: bool) -> None:
    found = credentials(
        {}, P, [Substitution(where, value, query)], {(*P, "declared", "secret")}, {(*P, "declared", "public")}
    )
    assert found == ({value} if expected else set())
