"""How this machine reaches the proxy that runs here: by which of its listeners, trusting what.

Must not know: what is asked there.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable

from proxy.config.loaded import Loaded
from proxy.config.secrets.pem import utc_now
from proxy.values.listen import Listener
from proxy.wire.inbound.machine_ca import with_files
from proxy.wire.inbound.tls import client_context

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- what listens everywhere is reached on loopback


def reachable(listeners: Iterable[Listener], *, needs_certificate: bool) -> Listener | None:
    """The first that has an address and lets us in. `needs_certificate`: TCP clients must show one; we have none."""
    for listener in listeners:
        if listener.path or (listener.port and not needs_certificate):
            return listener._replace(host=_EVERYWHERE.get(listener.host, listener.host))
    return None


def trust(loaded: Loaded) -> ssl.SSLContext | bool:
    """The very certificate that the running proxy was given, which need not be for the name that we reach it by.

    Reads it: raises OSError.
    """
    if loaded.config.tls is None:
        return True
    return client_context((loaded.folder / with_files(loaded.config.tls, utc_now()).cert).read_bytes())
