"""The kinds of provider: one file each, and one row each, here. What there is to ask of a kind is in scheme.py."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import Field

from proxy.auth.schemes.exec import ExecProvider, ExecScheme
from proxy.auth.schemes.http_digest import HttpDigestProvider, HttpDigestScheme
from proxy.auth.schemes.jwt import JwtProvider, JwtScheme
from proxy.auth.schemes.login.keys import LoginProvider
from proxy.auth.schemes.login.scheme import LoginScheme
from proxy.auth.schemes.mcp.keys import McpProvider
from proxy.auth.schemes.mcp.scheme import McpScheme
from proxy.auth.schemes.oauth2.keys import OAuth2Provider
from proxy.auth.schemes.oauth2.scheme import OAuth2Scheme
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.schemes.signed import SignedProvider, SignedScheme
from proxy.auth.schemes.static import StaticProvider, StaticScheme

Provider = Annotated[
    Annotated[StaticProvider, StaticScheme]
    | Annotated[OAuth2Provider, OAuth2Scheme]
    | Annotated[LoginProvider, LoginScheme]
    | Annotated[JwtProvider, JwtScheme]
    | Annotated[SignedProvider, SignedScheme]
    | Annotated[HttpDigestProvider, HttpDigestScheme]
    | Annotated[ExecProvider, ExecScheme]
    | Annotated[McpProvider, McpScheme],
    Field(discriminator="scheme"),
]
"""The keys, and beside them the scheme that they compile to."""

SCHEMES: dict[type[Any], Any] = dict(map(get_args, get_args(get_args(Provider)[0])))
NAMES = tuple(get_args(keys.model_fields["scheme"].annotation)[0] for keys in SCHEMES)
"""What `scheme` may say."""


def scheme_for(provider: Provider, secrets: frozenset[str]) -> Scheme:
    """The provider's scheme; `secrets` are its resolved secrets, which no message may hold. Raises ValueError."""
    scheme: Scheme = SCHEMES[type(provider)].compile(provider, secrets)
    return scheme
