"""OAuth 2.0 grants that need no browser: client credentials and refresh token (RFC 6749 §4.4, §6).

Owns: the token request and how the client proves itself. Must not know: how it's sent, or when.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from proxy.auth.inject import encode_form
from proxy.auth.reply import ReplyReader
from proxy.auth.schemes.discovery import Discovery, discover
from proxy.auth.schemes.identity import digest, reading
from proxy.auth.schemes.login import text_pairs
from proxy.auth.token import Flow, IssuerRequest
from proxy.config.model import OAuth2Provider
from proxy.errors import IssuerError


@dataclass(slots=True)
class OAuth2Scheme:
    """`known_url` is where the token endpoint was found last; it's forgotten when a login fails there.

    Asking an issuer for its metadata at each login would double the calls, and fail each time where only the second
    place has it (TRAPS 19).
    """

    identity: str
    token_url: str | None
    issuer: str | None
    grant: str
    parameters: Mapping[str, str] = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    reader: ReplyReader = field(repr=False)
    secrets: frozenset[str] = field(repr=False)
    known_url: str | None = field(default=None, init=False)

    @classmethod
    def compile(cls, provider: OAuth2Provider, secrets: frozenset[str]) -> OAuth2Scheme:
        """`secrets` are the provider's, to be kept out of messages. Raises ValueError for paths that can't be read."""
        headers = [("Accept", "application/json"), ("Content-Type", "application/x-www-form-urlencoded")]
        if provider.client_auth == "basic":
            headers.append(("Authorization", f"Basic {client_pair(provider)}"))
        return cls(
            _identity(provider),
            provider.token_url,
            provider.issuer,
            provider.grant,
            _parameters(provider),
            tuple(headers),
            ReplyReader.compile(provider.reply, provider.ttl),
            secrets | ({client_pair(provider)} if provider.client_secret else set()),
        )

    @property
    def one_shot(self) -> bool:
        return self.grant == "refresh_token"

    def login(self, wall: float, refresh_token: str | None) -> Flow:
        """`refresh_token` is the newest that the issuer gave; the config's own serves until there is one."""
        secrets = self.secrets if refresh_token is None else self.secrets | {refresh_token}
        url = self.token_url or self.known_url or (yield from self._discover(wall))
        reply = yield IssuerRequest("POST", url, self.headers, self._body(refresh_token))
        try:
            minted = self.reader.read(reply, wall, secrets, refreshing=self.grant == "refresh_token")
        except IssuerError:
            self.known_url = None
            raise
        self.known_url = url
        return minted

    def _discover(self, wall: float) -> Discovery:
        assert self.issuer is not None  # noqa: S101 -- the model wants one of token_url and issuer
        return discover(self.issuer, wall)

    def _body(self, refresh_token: str | None) -> bytes:
        newest = {"refresh_token": refresh_token} if refresh_token and self.grant == "refresh_token" else {}
        return encode_form(list({**self.parameters, **newest}.items()))


def client_pair(provider: OAuth2Provider) -> str:
    """RFC 6749 §2.3.1: both are form-encoded first, so that a `:` in the id doesn't end it (TRAPS 19)."""
    pair = f"{quote_plus(provider.client_id)}:{quote_plus(provider.client_secret or '')}"
    return base64.b64encode(pair.encode("ascii")).decode("ascii")


def _parameters(provider: OAuth2Provider) -> dict[str, str]:
    """The form. `params` come last, so that they may replace anything: WeChat's grant has a name of its own."""
    parameters: dict[str, str] = {"grant_type": provider.grant}
    if provider.grant == "refresh_token" and provider.refresh_token is not None:
        parameters["refresh_token"] = provider.refresh_token
    if provider.client_auth != "basic":
        parameters["client_id"] = provider.client_id
    if provider.client_auth == "post" and provider.client_secret is not None:
        parameters["client_secret"] = provider.client_secret
    if scope := _scope(provider):
        parameters["scope"] = scope
    if provider.audience is not None:
        parameters["audience"] = provider.audience
    return parameters | dict(text_pairs(provider.params))


def _scope(provider: OAuth2Provider) -> str | None:
    return " ".join(provider.scope) if isinstance(provider.scope, list) else provider.scope


def _identity(provider: OAuth2Provider) -> str:
    return digest(
        "oauth2",
        [provider.token_url, provider.issuer],
        [provider.grant, provider.client_auth, provider.client_id, provider.client_secret, provider.refresh_token],
        [_scope(provider), provider.audience, provider.params],
        reading(provider.reply, provider.ttl),
    )
