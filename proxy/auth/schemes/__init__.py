"""The kinds of provider: one file each, listed once, here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from proxy.auth.schemes.login import LoginScheme
from proxy.auth.schemes.oauth2 import OAuth2Scheme
from proxy.auth.schemes.static import StaticScheme
from proxy.auth.token import Scheme
from proxy.config.model import LoginProvider, OAuth2Provider, Provider, StaticProvider

Compile = Callable[[Any, frozenset[str]], Scheme]

SCHEMES: dict[type[Any], Compile] = {
    StaticProvider: StaticScheme.compile,
    OAuth2Provider: OAuth2Scheme.compile,
    LoginProvider: LoginScheme.compile,
}


def scheme_for(provider: Provider, secrets: frozenset[str]) -> Scheme:
    """The provider's scheme; `secrets` are its resolved secrets, which no message may hold. Raises ValueError."""
    return SCHEMES[type(provider)](provider, secrets)
