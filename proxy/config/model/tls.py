"""Certificates towards an API or an issuer (issue 3's private CA, RFC 8705's client certificate)."""

from __future__ import annotations

from pydantic import model_validator

from proxy.config.model.values import Strict


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
