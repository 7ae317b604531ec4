"""URLs under the upstream become the proxy's own, so that paging clients and redirects stay inside. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from proxy.auth.placing.draft import Names
from proxy.auth.placing.inject import without_parameters
from proxy.plan.target import Target
from proxy.values.record import record

_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?")
_URL_IN_LINK = re.compile(rb"<([^<>]*)>")


@record
class Links:
    """`prefix` is the route's, without a slash at its end; `kept` is the same where the API gets it, too. `slots` are
    the names of what may hold a credential.

    `forwarded`: what a proxy in front says of the client's URL counts.
    """

    target: Target
    prefix: bytes
    slots: Names
    forwarded: bool = False
    kept: bytes = b""

    def at_root(self) -> Links:
        """Those of the route where it has an address of its own."""
        return replace(self, prefix=b"")

    def own(self, headers: Mapping[str, str], tls: bool = False) -> bytes:
        """The proxy's scheme and authority as the client sees them."""
        scheme, host = "https" if tls else "http", headers.get("Host", "")
        if self.forwarded:
            # Of a list of proxies the first is the client's.
            said = headers.get("X-Forwarded-Proto", "").partition(",")[0].strip().lower()
            scheme = said if said in ("http", "https") else scheme
            named = headers.get("X-Forwarded-Host", "").partition(",")[0].strip()
            host = named if _AUTHORITY.fullmatch(named) else host
        return f"{scheme}://{host}".encode("latin-1", "replace")

    def localise(self, url: bytes, own: bytes, rest: bytes) -> bytes:
        """`own` is the proxy's scheme and authority as the client sees it; `rest` what it asked for below the prefix.

        Foreign URLs stay as they are. A path of the API's host outside the base is told with that host: left alone, it
        would be a path of this proxy, and may be another route with another account.
        """
        url = self.target.resolve(url, rest, self.kept)
        below = self.target.below(url, self.kept)
        rooted = url.startswith(b"/") and not url.startswith(b"//")
        if below is None:
            return self.target.root + url if rooted else url
        below = self._without_slots(below)
        if below.startswith(b"//") or not (self.prefix or below.startswith(b"/")):
            below = b"/" + below.lstrip(b"/")
        return (b"" if rooted else own) + self.prefix + below

    def localise_link(self, value: bytes, own: bytes, rest: bytes) -> bytes:
        """A `Link` header (RFC 8288): every `<URL>` of it."""
        return _URL_IN_LINK.sub(lambda match: b"<" + self.localise(match[1], own, rest) + b">", value)

    def _without_slots(self, rest: bytes) -> bytes:
        path, mark, query = rest.partition(b"?")
        if not mark or not self.slots.query:
            return rest
        kept = without_parameters(query, self.slots)
        return path + mark + kept if kept else path
