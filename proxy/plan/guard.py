"""Who may ask, as far as Host and the browser's origin tell.

A web page must not drive a proxy on its visitor's machine (TRAPS 38). Pure: judges values of headers, raises Fault.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from proxy.config.listen import Listener
from proxy.config.model import Browser, Client
from proxy.errors import Fault

LOOPBACK_NAMES = frozenset(("localhost", "127.0.0.1", "[::1]"))

_MEMO_BOUND = 256
_HOST = re.compile(r"^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$")
_ORIGIN = re.compile(r"^https?://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$")


@dataclass(frozen=True, slots=True)
class Guard:
    """Rules of one listener. `hosts` is None where any host will do, `origins` None for the loopback ones."""

    hosts: frozenset[str] | None
    origins: frozenset[str] | None
    _passed: set[str | None] = field(default_factory=set, init=False, repr=False, compare=False)

    @classmethod
    def compile(cls, browser: Browser, clients: Sequence[Client], listener: Listener) -> Guard:
        origins = None
        if browser.origins is not None or any(client.origins for client in clients):
            named = [*(browser.origins or ()), *(origin for client in clients for origin in client.origins or ())]
            origins = frozenset(named) if browser.origins is not None else frozenset(named) | {"loopback"}
        if browser.hosts is not None:
            return cls(frozenset(host.lower() for host in browser.hosts), origins)
        if not listener.loopback or listener.path:
            return cls(None, origins)
        own = f"[{listener.host}]" if ":" in (listener.host or "") else listener.host
        return cls(LOOPBACK_NAMES | {own or "localhost"}, origins)

    def host(self, host: str | None) -> None:
        """Raises Fault host_refused. A Host that has passed once is not taken apart again."""
        if host in self._passed:
            return
        match = _HOST.match((host or "").lower())
        if match is None:
            raise Fault("host_refused", "the Host header is missing or malformed")
        if self.hosts is not None and match[1] not in self.hosts and match[0] not in self.hosts:
            raise Fault("host_refused", "this proxy does not answer to that Host")
        if len(self._passed) < _MEMO_BOUND:
            self._passed.add(host)

    def origin(self, origin: str | None, fetch_site: str | None) -> str | None:
        """The browser page's origin if it may ask, None if no browser page asks. Raises Fault origin_refused."""
        if origin is None:
            if fetch_site == "cross-site":
                raise Fault("origin_refused", "a page of another site may not send this request")
            return None
        if not self._allows(origin.lower()):
            raise Fault("origin_refused", "pages of this origin may not use the proxy")
        return origin

    def _allows(self, origin: str) -> bool:
        match = _ORIGIN.match(origin)
        if match is None:
            return False
        if self.origins is None or "loopback" in self.origins:
            return match[1] in LOOPBACK_NAMES or (self.origins is not None and origin in self.origins)
        return origin in self.origins
