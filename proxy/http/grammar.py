"""What names and words of HTTP/1.1 look like, and which headers are never anybody's to set.

Must not know: which header is meant for what.
"""

from __future__ import annotations

import re

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110 §5.6.2: names of headers and cookies, and methods."""

OF_THE_CONNECTION = frozenset(
    (
        *("connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"),
        *("content-length", "transfer-encoding", "expect", "host"),
    )
)
"""Headers that say where a message ends or goes: they are made anew for each connection (RFC 9110 §7.6.1, §10.1.1)."""
