"""What names and words of HTTP/1.1 look like, and which headers are never anybody's to set.

Must not know: which header is meant for what. What is said of a value never quotes it.
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

CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""What no field can carry. A tab it can."""


def field_problem(name: str, value: str) -> str | None:
    """Why this can't be a header of a request or reply, if it can't."""
    if not TOKEN.fullmatch(name):
        return "not a name that a header can have"
    if name.lower() in OF_THE_CONNECTION:
        return "this header belongs to the connection; the proxy sets it itself"
    return value_problem(value)


def value_problem(value: str) -> str | None:
    if CONTROL.search(value):
        return "holds a line break or another control character, which a header can't carry; was it copied whole?"
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        return "holds a character that a header can't carry; was it copied whole?"
    return None
