from __future__ import annotations

import hmac
import json
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from proxy.auth.schemes.oauth2.client_auth import JWT_BEARER, ClientAuth
from proxy.auth.schemes.oauth2.keys import OAuth2Provider

URL = "https://issuer.example.com/token"
WALL = 1_700_000_000.0
KEY = RSAKey.generate_key(2048)


def auth(**written: Any) -> ClientAuth:
    provider = {"scheme": "oauth2", "token_url": URL, "client_id": "id", **written}
    return ClientAuth.compile(OAuth2Provider.model_validate(provider))


@pytest.mark.parametrize(
    ("method", "headers", "fields"),
    [
        ("basic", (("Authorization", "Basic aWQ6czNjcjN0"),), {}),
        ("basic_raw", (("Authorization", "Basic aWQ6czNjcjN0"),), {}),
        ("post", (), {"client_id": "id", "client_secret": "s3cr3t"}),
        ("none", (), {"client_id": "id"}),
    ],
)
def test_without_a_jwt(method: str, headers: Any, fields: dict[str, str]) -> None:
    assert auth(client_auth=method, client_secret="s3cr3t").prove(URL, WALL) == (headers, fields)


@pytest.mark.parametrize(
    ("method", "pair"), [("basic", "my%20id:a%2Bb%3Ac%20%C3%BC%25"), ("basic_raw", "my id:a+b:c ü%")]
)
def test_what_basic_carries(method: str, pair: str) -> None:
    """A blank is `%20`: some servers take `+` for a plus."""
    made = auth(client_auth=method, client_id="my id", client_secret="a+b:c ü%").prove(URL, WALL)
    assert b64decode(made.headers[0][1].removeprefix("Basic ")).decode() == pair


@pytest.mark.parametrize("audience", [None, "https://issuer.example.com"])
def test_private_key_jwt(audience: str | None) -> None:
    pem = KEY.as_pem(private=True).decode()
    made = auth(client_auth="private_key_jwt", private_key=pem, key_id="k1", auth_audience=audience)
    headers, fields = made.prove(URL, WALL)
    token = jwt.decode(fields.pop("client_assertion"), KEY, algorithms=["RS256"])
    assert (headers, fields) == ((), {"client_id": "id", "client_assertion_type": JWT_BEARER})
    assert token.header == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
    assert len(token.claims.pop("jti")) == 32
    assert token.claims == {
        "iss": "id",
        "sub": "id",
        "aud": audience or URL,
        "iat": 1_700_000_000,
        "exp": 1_700_000_060,
    }


@pytest.mark.parametrize("secret", ["s3cr3t", "x" * 40, '{"kty": "oct", "k": "AAAA"}', "-----BEGIN", "ünïcode"])
def test_client_secret_jwt(secret: str) -> None:
    """The secret is the key as it is, also where it looks like something else. HS256 without a library's help."""
    fields = auth(client_auth="client_secret_jwt", client_secret=secret).prove(URL, WALL).fields
    head, claims, signature = fields["client_assertion"].split(".")
    digest = hmac.digest(secret.encode(), f"{head}.{claims}".encode(), "sha256")
    assert signature == urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert json.loads(urlsafe_b64decode(head + "==")) == {"alg": "HS256", "typ": "JWT"}
    assert "client_secret" not in fields


def test_reprs_hold_no_secret() -> None:
    made = auth(client_auth="client_secret_jwt", client_secret="s3cr3t-s3cr3t-s3cr3t")
    assert "s3cr3t" not in repr(made)
