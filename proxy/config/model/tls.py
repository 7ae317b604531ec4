"""Certificates and tokens by which clients and the proxy's listeners prove themselves."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, model_validator

from proxy.values.kinds import OneOrMore, Strict, Texts, Url

LOCAL = "local:"
"""In place of a file: that of this machine, which the proxy makes itself."""


class ListenerTls(Strict):
    """Paths of PEM files, relative to the config. Without `key`, it stands in `cert`. Written as `local` it is what the
    proxy makes for this machine.

    `client_ca`: whose certificates clients may show; with `client_cert: required` no connection comes about without.
    """

    model_config = ConfigDict(json_schema_extra={"type": ["object", "string"]})

    cert: str
    key: str | None = None
    client_ca: str | None = None
    client_cert: Literal["optional", "required"] = "optional"

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, written: Any) -> Any:
        return {"cert": LOCAL} if written == "local" else written

    @property
    def is_local(self) -> bool:
        return self.cert == LOCAL


class JwtClient(Strict):
    """Access tokens that an issuer gives out, as client credentials (RFC 9068, OpenID Connect).

    `claims`: by name, what the token must hold; one of the values, where several are given.
    """

    issuer: Url
    audience: Texts
    claims: dict[str, OneOrMore] = {}
    jwks_uri: Url | None = None
    private: bool = False
