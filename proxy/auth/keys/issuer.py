"""The keys of providers that ask an issuer: where its requests may go, over what, and as whom.

Must not know: DNS, requests. What a name leads to is judged when it is dialled (plan/reach.py). No finding quotes a
value.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from pydantic import model_validator

from proxy.auth.keys.provider import ProviderCommon
from proxy.auth.token import Consent, Tls
from proxy.values.address import Kind, is_odd, kind_of, literal
from proxy.values.kinds import Strict
from proxy.values.listen import is_loopback
from proxy.values.where import Finding, Where


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


class IssuerProvider(ProviderCommon):
    """A provider that asks an issuer."""

    private: bool = False
    plain_http: bool = False
    tls: TlsFiles = TlsFiles()

    @property
    def certificates(self) -> Tls | None:
        files = Tls(self.tls.cert, self.tls.key, self.tls.ca)
        return files if any(files) else None

    def consent(self, *urls: str | None) -> Consent:
        """For requests to these, and to what the issuer says of itself there."""
        return Consent.of(*urls, private=self.private, plain_http=self.plain_http)

    def check_url(self, where: Where, url: str | None) -> Iterator[Finding]:
        """Of one URL that secrets are sent to."""
        if url is None:
            return
        yield from check_address(where, url)
        if not self.plain_http and is_open(url):
            yield Finding(
                where,
                "secrets go only to https://; plain http is for this machine (localhost, 127.0.0.1, [::1])",
                "; where plain http is meant, say `plain_http: true` on the provider",
            )


def check_address(where: Where, url: str) -> Iterator[Finding]:
    """Whether the host, if it is an address, is one that something can be sent to."""
    host = urlsplit(url).hostname or ""
    if is_odd(host):
        yield Finding(
            where, "an address in a spelling that not everyone reads alike; write it in full, as in 192.0.2.1"
        )
    elif kind_of_host(host) is Kind.NEVER:
        yield Finding(where, "an address that nothing can be sent to; this machine is 127.0.0.1 or [::1]")


def kind_of_host(host: str) -> Kind | None:
    """None for a name."""
    address = literal(host)
    return None if address is None else kind_of(address)


def is_open(url: str) -> bool:
    """Whether everyone on the way can read what is sent there."""
    return url.startswith("http://") and not is_loopback(urlsplit(url).hostname or "")
