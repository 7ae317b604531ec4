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
        self.learn(certificates)

    def learn(self, certificates: Mapping[str, Pem]) -> None:
        """Those of the routes, by prefix. What was known stays: requests may be under way. Raises ConfigError."""
        for prefix, pem in certificates.items():
            if pem.identity not in self._own:
                self._own[pem.identity] = _context(prefix, pem)

    def __call__(self, origin: Origin) -> ssl.SSLContext:
        # an identity that isn't there is a mistake of ours: no other context may stand in for it
        return self._own[origin.identity] if origin.identity else public_context()


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
