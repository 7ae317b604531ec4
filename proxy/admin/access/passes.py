"""What an operator's browser shows: a pass in the admin key's place, and with each button its token.

Owns: how both are made of this start's secret, so that they end with it, and looked at. Must not know: who may see
which page (asking.py), what a button does.

The pass is no key: it is worth nothing to a program's `Authorization`, for twelve hours, and until the key changes. The
token stands in our own pages alone, which no other origin can read: whoever sends it has read one.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Mapping
from hashlib import sha256

from proxy.errors import Fault

COOKIE = "keyless_operator"
LIFETIME = 12 * 3600
HEADER = b"x-keyless-button"
FIELD = "button"

Known = dict[bytes, bytes]
"""Headers by their names in lower case."""


class Passes:
    """`clock` tells Unix seconds."""

    def __init__(self, secret: bytes, clock: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._clock = clock

    def issue(self, key: bytes) -> str:
        """`key`: the admin key's digest."""
        until = f"{int(self._clock()) + LIFETIME:x}"
        return f"{until}.{self._mac(b'pass', key, until.encode())}"

    def holds(self, known: Known, key: bytes) -> bool:
        until, dot, mac = _shown(known).partition(".")
        if not dot or not hmac.compare_digest(mac.encode(), self._mac(b"pass", key, until.encode()).encode()):
            return False
        return self._clock() < int(until, 16)

    def button(self, known: Known) -> str:
        """What the buttons of a page carry that this browser is shown."""
        return self._mac(b"button", _shown(known).encode())

    def check_button(self, known: Known, form: Mapping[str, str]) -> None:
        """Of a browser; a program needs none, since no page can make it ask. Raises Fault origin_refused."""
        if not _is_browser(known):
            return
        given = known.get(HEADER) or form.get(FIELD, "").encode()
        if not hmac.compare_digest(given, self.button(known).encode()):
            raise Fault("origin_refused", "this was not pressed on a page of the proxy's own; load the page again")

    def _mac(self, *parts: bytes) -> str:
        return hmac.new(self._secret, b"\0".join(parts), sha256).hexdigest()


def cookie(path: str, value: str, *, secure: bool) -> tuple[str, str]:
    """The header that keeps it; an empty one forgets it."""
    lasts = LIFETIME if value else 0
    kept = f"{COOKIE}={value}; Path={path}; Max-Age={lasts}; HttpOnly; SameSite=Strict"
    return "Set-Cookie", f"{kept}; Secure" if secure else kept


def _shown(known: Known) -> str:
    """Whatever other programs of this host have set beside it, well-formed or not."""
    for pair in known.get(b"cookie", b"").split(b";"):
        name, _, value = pair.strip().partition(b"=")
        if name == COOKIE.encode():
            return value.decode("ascii", "replace")
    return ""


def _is_browser(known: Known) -> bool:
    return b"origin" in known or b"cookie" in known or any(name.startswith(b"sec-fetch-") for name in known)
