"""How issuers are called by a process: what is given to it, and the limits of one call.

Owns: their defaults. Must not know: the HTTP library, which the first call imports.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from pathlib import Path

from proxy.values.record import record
from proxy.wire.outbound.dial import Resolve, public_context, resolve

CONNECT_TIMEOUT = 5.0
TOTAL_TIMEOUT = 15.0
MAX_REPLY = 1024 * 1024
"""Bytes."""


@record
class Terms:
    """`proxies` maps `https` to the URL of an outbound proxy; `bypass` says for which hosts none is used (NO_PROXY).
    `tls` is for calls that name no files of their own; `folder` is where such files are looked for: the config's.
    Timeouts in seconds.
    """

    proxies: Mapping[str, str]
    bypass: Callable[[str], bool]
    tls: Callable[[], ssl.SSLContext] = public_context
    folder: Path = Path()
    connect_timeout: float = CONNECT_TIMEOUT
    total_timeout: float = TOTAL_TIMEOUT
    resolve: Resolve = resolve
