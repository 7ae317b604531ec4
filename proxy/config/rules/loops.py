"""Routes that lead back to the proxy itself: a request would go round until something gives way.

Must not know: DNS, files, lines. As far as spelling tells: where a name leads, nobody knows before it is dialled.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from proxy.config.model import Config
from proxy.values.listen import Listener, parse
from proxy.values.where import Finding

_LOCALHOST = ("127.0.0.1", "::1")


def check_loops(config: Config) -> Iterator[Finding]:
    listeners = list(_listeners(config))
    for prefix, route in config.routes.items():
        try:
            url = urlsplit(route.upstream)
            host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
        except ValueError:  # told elsewhere
            continue
        if any(listener.port == port and _is_at(listener.host, host) for listener in listeners):
            yield Finding(("routes", prefix, "upstream"), "this is where the proxy itself listens: a loop")


def _listeners(config: Config) -> Iterator[Listener]:
    own = (route.listen for route in config.routes.values())
    for text in filter(None, (*config.listen, *own, config.admin.listen)):
        try:
            listener = parse(text)
        except ValueError:  # told elsewhere
            continue
        if listener.port:
            yield listener


def _is_at(listening: str, host: str) -> bool:
    """Whether who asks for `host` gets there; hosts are in lower case."""
    if listening == host:
        return True
    ours, theirs = _addresses(listening), _addresses(host)
    if any(address.is_unspecified for address in ours):
        return any(address.is_loopback or address.is_unspecified for address in theirs)
    return bool(ours & theirs)


def _addresses(host: str) -> set[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        return set(map(ipaddress.ip_address, _LOCALHOST if host == "localhost" else (host,)))
    except ValueError:
        return set()
