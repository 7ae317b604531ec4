"""How a client proves itself to an issuer (RFC 6749 §2.3, RFC 7523 §2.2, RFC 8705 §2).

Owns: the header, or the form fields, that do it. Must not know: which grant they accompany. A certificate is shown in
the TLS handshake (`tls`, with `client_auth: none`), so all that is left to say here is the client id.
"""

from __future__ import annotations

import base64
from dataclasses import field
from typing import NamedTuple
from urllib.parse import quote

from proxy.auth.schemes.oauth2.assertion import Signer
from proxy.auth.schemes.oauth2.keys import OAuth2Provider
from proxy.values.record import record
from proxy.values.secret import hidden
from proxy.values.signing import secret_key, signing_key

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_BASIC = frozenset({"basic", "basic_raw"})


class Proof(NamedTuple):
    headers: tuple[tuple[str, str], ...]
    fields: dict[str, str]

    def __repr__(self) -> str:
        return f"Proof({len(self.headers)} headers, {len(self.fields)} fields)"


@record
class ClientAuth:
    """`signer` signs the assertion of the two methods with JWTs; `audience` replaces the token endpoint in it."""

    client_id: str
    method: str
    secret: str | None = field(repr=False)
    signer: Signer | None
    audience: str | None

    @classmethod
    def compile(cls, provider: OAuth2Provider) -> ClientAuth:
        """Raises ValueError for a key that can't sign."""
        secret = hidden(provider.client_secret)
        return cls(provider.client_id, provider.client_auth, secret, _signer(provider), provider.auth_audience)

    def prove(self, token_url: str, wall: float) -> Proof:
        if self.method in _BASIC:
            pair = client_pair(self.client_id, self.secret, raw=self.method == "basic_raw")
            return Proof((("Authorization", f"Basic {pair}"),), {})
        fields = {"client_id": self.client_id}
        if self.method == "post" and self.secret is not None:
            fields["client_secret"] = self.secret
        if self.signer is not None:
            claims = {"iss": self.client_id, "sub": self.client_id, "aud": self.audience or token_url}
            fields |= {"client_assertion_type": JWT_BEARER, "client_assertion": self.signer.sign(claims, wall)}
        return Proof((), fields)


def client_pair(client_id: str, client_secret: str | None, *, raw: bool = False) -> str:
    """RFC 6749 §2.3.1: both are form-encoded first, so that a `:` in the id doesn't end it (docs/traps.md 19).

    A blank is `%20`, which every decoder reads; `+` is a plus to some. `raw`: as they are, for issuers that decode
    neither.
    """
    parts = (client_id, client_secret or "")
    pair = b":".join(part.encode() if raw else _encoded(part).encode() for part in parts)
    return base64.b64encode(pair).decode("ascii")


def altered(client_id: str, client_secret: str | None) -> bool:
    """Are id and secret others once they are encoded?"""
    return any(_encoded(text) != text for text in (client_id, client_secret or ""))


def _encoded(text: str) -> str:
    return quote(text, safe="")


def private_signer(provider: OAuth2Provider) -> Signer | None:
    """Signs with the provider's `private_key`, if it has one. Raises ValueError."""
    if provider.private_key is None:
        return None
    return Signer(signing_key(provider.private_key, provider.algorithm), provider.algorithm, provider.key_id)


def _signer(provider: OAuth2Provider) -> Signer | None:
    if provider.client_auth == "private_key_jwt":
        return private_signer(provider)
    if provider.client_auth == "client_secret_jwt":
        return Signer(secret_key(provider.client_secret or ""), "HS256")
    return None
