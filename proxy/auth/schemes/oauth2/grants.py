"""What each OAuth2 grant presents at the token endpoint: one row per grant, here (RFC 6749, 7523, 8628, 8693).

Owns: the grant's own form fields. Must not know: how the client proves itself, discovery, replies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from proxy.auth.schemes.oauth2.assertion import Signer
from proxy.auth.schemes.oauth2.keys import OAuth2Provider

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


class Asked(NamedTuple):
    """What a grant's fields are made of. `refresh_token` is the newest one known."""

    provider: OAuth2Provider
    signer: Signer | None
    token_url: str
    wall: float
    refresh_token: str | None

    def __repr__(self) -> str:
        return f"Asked(at {self.token_url})"


Fields = Callable[[Asked], dict[str, str]]


class Grant(NamedTuple):
    """`name` is the wire's.

    `scoped`: scope, audience and resource go with it. Where a person has granted them already, a refresh without them
    keeps what was granted, and one with more than that would fail.
    """

    name: str
    fields: Fields
    scoped: bool = True


def _nothing(_asked: Asked) -> dict[str, str]:
    return {}


def _refresh(asked: Asked) -> dict[str, str]:
    return {} if asked.refresh_token is None else {"refresh_token": asked.refresh_token}


def _password(asked: Asked) -> dict[str, str]:
    return {"username": asked.provider.username or "", "password": asked.provider.password or ""}


def _assertion(asked: Asked) -> dict[str, str]:
    wanted = asked.provider.assertion
    issuer = wanted.issuer or asked.provider.client_id
    claims = {"iss": issuer, "sub": wanted.subject or issuer, "aud": wanted.audience or asked.token_url}
    if asked.signer is None:
        raise ValueError("grant jwt_bearer needs private_key")
    return {"assertion": asked.signer.sign(claims | wanted.claims, asked.wall, wanted.lifetime)}


def _exchange(asked: Asked) -> dict[str, str]:
    provider = asked.provider
    fields = {
        "subject_token": provider.subject_token,
        "subject_token_type": provider.subject_token_type,
        "requested_token_type": provider.requested_token_type,
        "actor_token": provider.actor_token,
        "actor_token_type": provider.actor_token_type if provider.actor_token is not None else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


GRANTS: dict[str, Grant] = {
    "client_credentials": Grant("client_credentials", _nothing),
    "refresh_token": Grant("refresh_token", _refresh),
    "authorization_code": Grant("refresh_token", _refresh, scoped=False),
    "device_code": Grant("refresh_token", _refresh, scoped=False),
    "password": Grant("password", _password),
    "jwt_bearer": Grant("urn:ietf:params:oauth:grant-type:jwt-bearer", _assertion),
    "token_exchange": Grant("urn:ietf:params:oauth:grant-type:token-exchange", _exchange),
}


def scope_fields(provider: OAuth2Provider) -> dict[str, str]:
    """What is asked for: of a token endpoint, or of the page where a person grants it."""
    fields = {"scope": scope_of(provider), "audience": provider.audience, "resource": provider.resource}
    return {name: value for name, value in fields.items() if value is not None}


def scope_of(provider: OAuth2Provider) -> str | None:
    """Empty is as good as none."""
    return (" ".join(provider.scope) if isinstance(provider.scope, list) else provider.scope) or None
