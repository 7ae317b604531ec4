"""A client key in `Sec-WebSocket-Protocol`: the one header whose words a web page chooses for a WebSocket.

    new WebSocket(url, ["keyless", "keyless.key.KEY", "chat.v1"])

Owns: the form of it, and that the key goes no further. Pure. A browser gives up if none of the subprotocols that it
offers comes back, so `keyless` is answered where the API chose none.
"""

from __future__ import annotations

from collections.abc import Iterable

NAME = b"Sec-WebSocket-Protocol"
LOWER = b"sec-websocket-protocol"
_OURS = b"keyless"
_KEY = b"keyless.key."


def presented_key(offered: bytes | None) -> bytes | None:
    """The key among the subprotocols that a client offers."""
    return next((each.removeprefix(_KEY) for each in _listed(offered) if each.startswith(_KEY)), None)


def passed_on(offered: bytes) -> bytes:
    """The header line for the API, without what is meant for us."""
    rest = [each for each in _listed(offered) if each != _OURS and not each.startswith(_KEY)]
    return b"%b: %b\r\n" % (NAME, b", ".join(rest)) if rest else b""


def answered(offered: bytes | None, reply: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The header line that the API's 101 lacks for this client."""
    if _OURS not in _listed(offered) or any(name.lower() == LOWER for name, _ in reply):
        return b""
    return b"%b: %b\r\n" % (NAME, _OURS)


def _listed(offered: bytes | None) -> list[bytes]:
    return [word for each in (offered or b"").split(b",") if (word := each.strip())]
