"""A client key in `Sec-WebSocket-Protocol`: the one header whose words a web page chooses for a WebSocket.

    new WebSocket(url, ["keyless", "keyless.key.KEY", "chat.v1"])

Owns: the form of it, and that the key goes no further. Pure. A browser gives up if none of the subprotocols that it
offers comes back, so `keyless` is answered where the API chose none.
"""

from __future__ import annotations

from collections.abc import Iterable

NAME = "Sec-WebSocket-Protocol"
_LOWER = b"sec-websocket-protocol"
_OURS = "keyless"
_KEY = "keyless.key."


def presented_key(offered: str | None) -> str | None:
    """The key among the subprotocols that a client offers."""
    return next((each.removeprefix(_KEY) for each in _listed(offered) if each.startswith(_KEY)), None)


def passed_on(offered: bytes) -> bytes:
    """The header line for the API, without what is meant for us."""
    rest = [each for each in _listed(offered.decode("latin-1")) if each != _OURS and not each.startswith(_KEY)]
    return f"{NAME}: {', '.join(rest)}\r\n".encode("latin-1") if rest else b""


def answered(offered: str | None, reply: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The header line that the API's 101 lacks for this client."""
    if _OURS not in _listed(offered) or any(name.lower() == _LOWER for name, _ in reply):
        return b""
    return f"{NAME}: {_OURS}\r\n".encode("ascii")


def _listed(offered: str | None) -> list[str]:
    return [word for each in (offered or "").split(",") if (word := each.strip())]
