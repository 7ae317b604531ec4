"""Certificates: those of the proxy's listeners and clients, and those towards APIs and issuers."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from proxy.config.model.values import OneOrMore, Strict, Texts, Url


class TlsFiles(Strict):
    """PEM files, relative to the config: a certificate of ours with its key, and the roots to trust."""

    cert: str | None = None
    key: str | None = None
    ca: str | None = None

    @model_validator(mode="after")
    def together(self) -> TlsFiles:
        if self.key is not None and self.cert is None:
            raise ValueError("key needs cert")
        return self


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
