"""Who may ask, as far as Host and the browser's origin tell.

A web page must not drive a proxy on its visitor's machine (docs/traps.md 38). Pure: judges headers, raises Fault.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from proxy.config.model import Browser, Client
from proxy.errors import Fault
from proxy.http.memo import Bound, remember
from proxy.plan.headers import AHEAD
from proxy.values.listen import Listener

Known = dict[bytes, bytes]
"""Headers by their names in lower case."""

LOOPBACK_NAMES: Final = frozenset(("localhost", "127.0.0.1", "[::1]"))

_HOSTS: Final = Bound(most=256, longest=260)
"""No host name is longer, its port included."""
_LONGEST_TOLD: Final = 64
_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{0,5})?\Z", re.ASCII)
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]{0,30}://[^\s/?#@]{1,150}\Z", re.ASCII)
_SITES: Final = (b"cross-site", b"same-site", b"none")
_LOCAL: Final = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?\Z", re.ASCII)


@dataclass(slots=True, eq=False, repr=False)
class Guard:
    """Rules of one listener, whose host is `own`.

    `hosts` is None where any host will do, `origins` None for the loopback ones.
    """

    hosts: frozenset[str] | None
    origins: frozenset[str] | None
    own: str = ""
    _passed: dict[bytes | None, bool] = field(default_factory=dict, init=False)
    _allowed: dict[bytes, str] = field(default_factory=dict, init=False)

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

    def host(self, known: Known) -> None:
        """Raises Fault bad_request for what is no Host (RFC 9112 §3.2), host_refused for a foreign one.

        A Host that has passed once is not taken apart again.
        """
        host = known.get(b"host")
        if host in self._passed:
            return
        text = _text(host)
        match = _HOST.match(text)
        if match is None:
            raise self._malformed(text)
        if not self._answers_to(match):
            raise Fault("host_refused", "this proxy does not answer to that Host", cause=f"host={match[0]}")
        remember(self._passed, host, True, len(text), _HOSTS)

    def _answers_to(self, host: re.Match[str]) -> bool:
        return self.hosts is None or host[1] in self.hosts or host[0] in self.hosts

    def _malformed(self, text: str) -> Fault:
        """Some SDKs take a host where others take a base URL, and send as `Host` whatever they were given."""
        name, slash, path = text.partition("/")
        match = _HOST.match(name)
        if not slash or match is None or not self._answers_to(match):
            return Fault("bad_request", "the Host header is missing or malformed")
        told = f"the Host header holds a path, '/{path[:_LONGEST_TOLD]}': this SDK takes no path in its address"
        advice = "Give the route an address of its own (`listen`), and the SDK that one"
        return Fault("host_refused", f"{told}. {advice}", cause=f"host={text[:_LONGEST_TOLD]}")

    def origin(self, known: Known) -> str | None:
        """The browser page's origin if it may ask, None if no browser page asks. Raises Fault origin_refused.

        The Host has passed `host()`. What a page can't forge is `Origin` and `Sec-Fetch-Site`; a request that only
        shows something is sent without `Origin`, and then the site is all that is known of the page.
        """
        origin = known.get(b"origin")
        if origin is None:
            if b"sec-fetch-site" in known and not self._may_show(known):
                detail = "a page of another origin may not send this request"
                raise Fault("origin_refused", detail, cause=_site(known[b"sec-fetch-site"]))
            return None
        allowed = self._allowed.get(origin)
        if allowed is not None:
            return allowed
        text = origin.decode("latin-1")
        if self._allows(text.lower()):
            return remember(self._allowed, origin, text, len(origin), _HOSTS)
        if not self.is_own(known):
            raise Fault("origin_refused", "pages of this origin may not use the proxy", cause=of_origin(text.lower()))
        return text

    def is_own(self, known: Known) -> bool:
        """Whether this proxy served the page.

        Behind TLS a page of http://NAME is none of ours, and only `Sec-Fetch-Site` tells. Browsers send that to https
        and to loopback, so that where it is missing the page came over plain HTTP, too.
        """
        scheme, _, authority = _text(known.get(b"origin")).partition("://")
        site = known.get(b"sec-fetch-site")
        same = site == b"same-origin" or (site is None and scheme == "http")
        return same and authority != "" and authority == _text(known.get(b"host")) and self.vouches(known)

    def vouches(self, known: Known) -> bool:
        """Whether the Host, which has passed, is the proxy's own and not a name that a web page let point to us."""
        name = _name(known)
        return self.hosts is not None or _is_address(name) or (name == self.own and name != "")

    def _may_show(self, known: Known) -> bool:
        """An image, a link, a script."""
        site = known[b"sec-fetch-site"]
        if site == b"same-site":  # for a loopback name: another port of this machine
            return self._takes_loopback and _name(known) in LOOPBACK_NAMES
        if site == b"none":
            # A person typed the address; but Chromium says so, too, of what a page's speculation rules let it prefetch.
            return AHEAD.isdisjoint(known)
        return site == b"same-origin"

    def _allows(self, origin: str) -> bool:
        if self.origins is not None and origin in self.origins and origin != "loopback":
            return True
        match = _LOCAL.match(origin) if self._takes_loopback else None
        return match is not None and match[1] in LOOPBACK_NAMES

    @property
    def _takes_loopback(self) -> bool:
        return self.origins is None or "loopback" in self.origins


def of_origin(origin: str) -> str:
    """Why a page's request was refused, for the operator; what is no origin (RFC 6454 §6.2) is not repeated."""
    return f"origin={origin if origin == 'null' or _ORIGIN.match(origin) else 'malformed'}"


def _site(site: bytes) -> str:
    return f"sec-fetch-site={site.decode('ascii') if site in _SITES else 'malformed'}"


def _text(value: bytes | None) -> str:
    return (value or b"").decode("latin-1").lower()


def _name(known: Known) -> str:
    """The Host without its port."""
    match = _HOST.match(_text(known.get(b"host")))
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
