"""Where a config's URLs lead, as far as their spelling tells: addresses that are refused, and plain http.

Must not know: DNS, requests, files, lines. What a name leads to is judged when it is dialled (plan/reach.py). No
finding quotes a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from proxy.config.model import IssuerProvider, Route
from proxy.values.address import Kind, is_odd, kind_of, literal
from proxy.values.listen import is_loopback
from proxy.values.where import Finding, Where


def check_upstream(where: Where, route: Route) -> Iterator[Finding]:
    """Of a whole route: a credential is only given to whom the config means it for."""
    upstream: Where = (*where, "upstream")
    host = urlsplit(route.upstream).hostname or ""
    yield from _address(upstream, host)
    if _kind(host) is Kind.LINK:
        yield Finding(
            upstream,
            "a link-local or metadata address, where whoever may call the proxy could read this machine's own"
            " credentials; only a provider may name one",
        )
    if route.provider != "none" and not route.plain_http and _is_open(route.upstream, host):
        yield Finding(
            upstream,
            "the credential would go there over plain http, for everyone on the way to read",
            "; use https://, or say `plain_http: true` on the route if that is meant",
        )
    if route.tls is not None and not route.upstream.startswith("https://"):
        yield Finding((*where, "tls"), "certificates are for https:// upstreams, and this one has none")


def check_issuer(where: Where, url: str | None, provider: IssuerProvider) -> Iterator[Finding]:
    """Of one URL that secrets are sent to."""
    if url is None:
        return
    host = urlsplit(url).hostname or ""
    yield from _address(where, host)
    if not provider.plain_http and _is_open(url, host):
        yield Finding(
            where,
            "secrets go only to https://; plain http is for this machine (localhost, 127.0.0.1, [::1])",
            "; where plain http is meant, say `plain_http: true` on the provider",
        )


def _address(where: Where, host: str) -> Iterator[Finding]:
    if is_odd(host):
        yield Finding(
            where, "an address in a spelling that not everyone reads alike; write it in full, as in 192.0.2.1"
        )
    elif _kind(host) is Kind.NEVER:
        yield Finding(where, "an address that nothing can be sent to; this machine is 127.0.0.1 or [::1]")


def _kind(host: str) -> Kind | None:
    address = literal(host)
    return None if address is None else kind_of(address)


def _is_open(url: str, host: str) -> bool:
    return url.startswith("http://") and not is_loopback(host)
