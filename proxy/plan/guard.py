"""Who may ask, as far as Host and the browser's origin tell.

A web page must not drive a proxy on its visitor's machine (TRAPS 38). Pure: judges values of headers, raises Fault.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from proxy.config.listen import Listener
from proxy.config.model import Browser, Client
from proxy.errors import Fault

LOOPBACK_NAMES = frozenset(("localhost", "127.0.0.1", "[::1]"))

_MEMO_BOUND = 256
_MEMO_LONGEST = 260
"""No host name is longer, its port included."""
_AHEAD = ("Sec-Purpose", "Purpose", "X-Moz")
"""Headers of browsers that fetch what nobody asked for yet."""
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?\Z", re.ASCII)
_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Guard:
    """Rules of one listener, whose host is `own`.

    `hosts` is None where any host will do, `origins` None for the loopback ones.
    """

    hosts: frozenset[str] | None
    origins: frozenset[str] | None
    own: str = ""
    _passed: set[str | None] = field(default_factory=set, init=False, repr=False, compare=False)

    @classmethod
    def compile(cls, browser: Browser, clients: Sequence[Client], listener: Listener) -> Guard:
        origins = None
        if browser.origins is not None or any(client.origins for client in clients):
            named = [*(browser.origins or ()), *(origin for client in clients for origin in client.origins or ())]
            origins = frozenset(named) if browser.origins is not None else frozenset(named) | {"loopback"}
        own = f"[{listener.host}]" if ":" in listener.host else listener.host
        if browser.hosts is not None:
            return cls(frozenset(host.lower() for host in browser.hosts), origins, own)
        if not listener.loopback or listener.path:
            return cls(None, origins, own)
        return cls(LOOPBACK_NAMES | {own}, origins, own)

    def host(self, host: str | None) -> None:
        """Raises Fault host_refused. A Host that has passed once is not taken apart again."""
        if host in self._passed:
            return
        match = _HOST.match((host or "").lower())
        if match is None:
            raise Fault("host_refused", "the Host header is missing or malformed")
        if self.hosts is not None and match[1] not in self.hosts and match[0] not in self.hosts:
            raise Fault("host_refused", "this proxy does not answer to that Host")
        if len(match[0]) <= _MEMO_LONGEST and len(self._passed) < _MEMO_BOUND:
            self._passed.add(host)

    def origin(self, origin: str | None, fetch_site: str | None, headers: Mapping[str, str]) -> str | None:
        """The browser page's origin if it may ask, None if no browser page asks. Raises Fault origin_refused.

        The Host has passed `host()`. What a page can't forge is `Origin` and `Sec-Fetch-Site`; a request that only
        shows something is sent without `Origin`, and then the site is all that is known of the page. They are given
        apart from the other `headers`, which are looked at only where a browser asks.
        """
        if origin is None:
            if fetch_site is not None and not self._may_show(fetch_site, headers):
                raise Fault("origin_refused", "a page of another origin may not send this request")
            return None
        if not (self._allows(origin.lower()) or self.is_own(origin, fetch_site, headers.get("Host"))):
            raise Fault("origin_refused", "pages of this origin may not use the proxy")
        return origin

    def is_own(self, origin: str, fetch_site: str | None, host: str | None) -> bool:
        """Whether this proxy served the page.

        Behind TLS a page of http://NAME is none of ours, and only `Sec-Fetch-Site` tells. Browsers send that to https
        and to loopback, so that where it is missing the page came over plain HTTP, too.
        """
        scheme, _, authority = origin.lower().partition("://")
        same = fetch_site == "same-origin" or (fetch_site is None and scheme == "http")
        return same and host is not None and authority == host.lower() and self.vouches(host)

    def vouches(self, host: str | None) -> bool:
        """Whether `host`, which has passed, is the proxy's own and not a name that a web page let point to us."""
        name = _name(host)
        return self.hosts is not None or _is_address(name) or (name == self.own and name != "")

    def _may_show(self, fetch_site: str, headers: Mapping[str, str]) -> bool:
        """An image, a link, a script."""
        if fetch_site == "same-site":  # for a loopback name: another port of this machine
            return self._takes_loopback and _name(headers.get("Host")) in LOOPBACK_NAMES
        if fetch_site == "none":
            # A person typed the address; but Chromium says so, too, of what a page's speculation rules let it prefetch.
            return not any(name in headers for name in _AHEAD)
        return fetch_site == "same-origin"

    def _allows(self, origin: str) -> bool:
        match = _ORIGIN.match(origin)
        if match is None:
            return False
        named = self.origins is not None and origin in self.origins
        return named or (self._takes_loopback and match[1] in LOOPBACK_NAMES)

    @property
    def _takes_loopback(self) -> bool:
        return self.origins is None or "loopback" in self.origins


def _name(host: str | None) -> str:
    """Without the port."""
    match = _HOST.match((host or "").lower())
    return "" if match is None else match[1]


def _is_address(name: str) -> bool:
    """Nobody else can let an address point to us."""
    if name == "localhost":
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
