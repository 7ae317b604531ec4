"""Which scopes a token has, as far as anyone has said, and which ones a route misses in it.

Owns: where scopes are looked for. Must not know: who asks. A JWT is read unverified: we're only
its bearer, not its audience.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from proxy.auth.reading.lifetime import jwt_claims
from proxy.auth.token import Token

CLAIMS = ("scope", "scp")
"""RFC 9068 §2.2.3, and what Microsoft and Okta call it."""


def granted(token: Token) -> frozenset[str] | None:
    """The token's scopes: the issuer's word, else the JWT's own; None if neither says anything."""
    if token.scope is not None:
        return _words(token.scope)
    claims = jwt_claims(token.value) or {}
    return next((_words(claims[claim]) for claim in CLAIMS if isinstance(claims.get(claim), str | list)), None)


def _words(said: Any) -> frozenset[str]:
    """Blanks part them (RFC 6749 §3.3); some issuers send commas, some a list."""
    parts = said if isinstance(said, list) else [said]
    return frozenset(word for part in parts if isinstance(part, str) for word in part.replace(",", " ").split())


class RequiredScope:
    """What a route asks of a token. The verdict on the last token is kept, since it is asked per request."""

    __slots__ = ("_missing", "_names", "_token")

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(dict.fromkeys(names))
        self._token: Token | None = None
        self._missing: tuple[str, ...] = ()

    def missing(self, token: Token) -> tuple[str, ...]:
        """Those that the token is known to lack."""
        if token is not self._token:
            self._token, self._missing = token, lacking(self._names, granted(token))
        return self._missing


_OF_IDENTITY = frozenset(("openid", "profile", "email", "offline_access"))
"""What OpenID Connect asks for is granted under other names, or without a word."""


def ungranted(asked: str | None, said: str | None) -> tuple[str, ...]:
    """What was asked for and not granted, where the issuer says what it has granted (RFC 6749 §5.1)."""
    if asked is None or said is None:
        return ()
    return tuple(sorted(_words(asked) - _words(said) - _OF_IDENTITY))


def lacking(names: Iterable[str], known: frozenset[str] | None) -> tuple[str, ...]:
    """Of `names` those that are not `known`; none where nothing is known."""
    return () if known is None else tuple(name for name in names if name not in known)
