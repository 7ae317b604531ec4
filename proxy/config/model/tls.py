"""Certificates and tokens by which clients and the proxy's listeners prove themselves."""

from __future__ import annotations

from typing import Literal

from proxy.values.kinds import OneOrMore, Strict, Texts, Url


class ListenerTls(Strict):
    """Paths of PEM files, relative to the config. Without `key`, it stands in `cert`.

    `client_ca`: whose certificates clients may show; with `client_cert: required` no connection comes about without.
    """

    cert: str
    key: str | None = None
    client_ca: str | None = None
    client_cert: Literal["optional", "required"] = "optional"


class JwtClient(Strict):
    """Access tokens that an issuer gives out, as client credentials (RFC 9068, OpenID Connect).

    `claims`: by name, what the token must hold; one of the values, where several are given.
    """

    issuer: Url
    audience: Texts
    claims: dict[str, OneOrMore] = {}
    jwks_uri: Url | None = None
    private: bool = False
