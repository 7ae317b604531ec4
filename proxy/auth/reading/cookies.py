"""Cookies that a reply sets (RFC 6265 §5.2): a value, and how long it lives.

Must not know: which cookie is a token, or any clock but the moment it is given. A stranger's lines come in, and nothing
here raises on an odd one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from proxy.auth.reading.times import http_date

_MAX_AGE = re.compile(r"-?\d{1,12}", re.ASCII)


class Cookie(NamedTuple):
    """`life` is in seconds from now; None for one that lives as long as its session."""

    value: str
    life: float | None = None

    def __repr__(self) -> str:
        return f"<Cookie for {self.life} s>"


def find_cookie(lines: Sequence[str], name: str, now: float) -> Cookie | None:
    """The last one of that name in these `Set-Cookie` values, since each takes the place of the one before.

    None if there is none, or if that one takes the cookie away. `now` is Unix time, by the sender's clock.
    """
    found = None
    for line in lines:
        pair, *attributes = line.split(";")
        called, _, value = pair.partition("=")
        if called.strip() == name:
            found = Cookie(value.strip(), _life(attributes, now))
    if found is None or not found.value or (found.life is not None and found.life <= 0):
        return None
    return found


def _life(attributes: Sequence[str], now: float) -> float | None:
    """Max-Age counts before Expires; the last of each that can be read."""
    age = ends = None
    for attribute in attributes:
        called, _, value = attribute.partition("=")
        match called.strip().lower():
            case "max-age" if _MAX_AGE.fullmatch(value.strip()):
                age = float(value)
            case "expires" if (moment := http_date(value.strip())) is not None:
                ends = moment - now
    return ends if age is None else age
