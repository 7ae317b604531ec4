"""Where routes lead, as far as the spelling of a URL tells: addresses that are refused, and plain http.

Must not know: DNS, requests, files, lines. What a name leads to is judged when it is dialled (plan/reach.py). No
finding quotes a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from proxy.auth.keys.issuer import check_address, is_open, kind_of_host
from proxy.config.model import Route
from proxy.values.address import Kind
from proxy.values.where import Finding, Where


def check_upstream(where: Where, route: Route) -> Iterator[Finding]:
    """Of a whole route: a credential is only given to whom the config means it for."""
    upstream: Where = (*where, "upstream")
    host = urlsplit(route.upstream).hostname or ""
    yield from check_address(upstream, route.upstream)
    if kind_of_host(host) is Kind.LINK:
        yield Finding(
            upstream,
            "a link-local or metadata address, where whoever may call the proxy could read this machine's own"
            " credentials; only a provider may name one",
        )
    if route.provider != "none" and not route.plain_http and is_open(route.upstream):
        yield Finding(
            upstream,
            "the credential would go there over plain http, for everyone on the way to read",
            "; use https://, or say `plain_http: true` on the route if that is meant",
        )
    if route.tls is not None and not route.upstream.startswith("https://"):
        yield Finding((*where, "tls"), "certificates are for https:// upstreams, and this one has none")
