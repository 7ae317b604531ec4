"""Which TLS context a connection to an API gets: the public one, or that of its route's own certificates.

Owns: making them, once per load. Must not know: DNS, sockets, which route is asked for.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping

from proxy.config.secrets.certificates import Pem
from proxy.errors import ConfigError, Problem
from proxy.http.origin import Origin
from proxy.wire.outbound.dial import public_context, tls_context


class Trust:
    """For a Dialer."""

    def __init__(self, certificates: Mapping[str, Pem]) -> None:
        """Raises ConfigError."""
        self._own: dict[str, ssl.SSLContext] = {}
        self._before: dict[str, ssl.SSLContext] = {}  # requests may be under way with them
        self.learn(certificates)

    def learn(self, certificates: Mapping[str, Pem]) -> None:
        """Those of the routes, by prefix; of what was known, what the last other load had. Raises ConfigError."""
        known, own = self._before | self._own, dict[str, ssl.SSLContext]()
        for prefix, pem in certificates.items():
            if pem.identity not in own:
                own[pem.identity] = known.get(pem.identity) or _context(prefix, pem)
        if own.keys() != self._own.keys():
            self._before, self._own = self._own, own

    def __call__(self, origin: Origin) -> ssl.SSLContext:
        """Raises OSError where the certificates have been replaced twice since: no others may stand in for them."""
        if not origin.identity:
            return public_context()
        context = self._own.get(origin.identity) or self._before.get(origin.identity)
        if context is None:
            raise OSError("the route's certificates have been replaced")
        return context


def _context(prefix: str, pem: Pem) -> ssl.SSLContext:
    """The loader has found the files good; OpenSSL may yet think a key too short, or a file may have changed."""
    try:
        context = tls_context(pem.ca)
        if pem.cert is not None:
            context.load_cert_chain(pem.cert, pem.key, password="")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or "not usable"
        problem = Problem(str(pem.cert or "config"), 1, f"routes.{prefix}.tls", f"can't be used: {reason}")
        raise ConfigError([problem]) from None
    return context
