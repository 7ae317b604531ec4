"""Listening sockets that another process made: systemd's socket activation, or a proxy that is taken over.

Owns: which of them is which listener's. Must not know: who accepts from them.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, MutableMapping, Sequence

from proxy.values.listen import Listener

FIRST = 3
"""SD_LISTEN_FDS_START of sd_listen_fds(3)."""

Sockets = Mapping[str, Sequence[socket.socket]]
"""By the address that they listen at, as `listen` spells it."""


def from_systemd(listeners: Sequence[Listener], environ: MutableMapping[str, str]) -> dict[str, list[socket.socket]]:
    """Raises OSError for one that no listener is configured for. The variables go: they are for this process alone."""
    told = {name: environ.pop(name, "") for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")}
    if told["LISTEN_PID"] != str(os.getpid()) or not told["LISTEN_FDS"].isdecimal():
        return {}
    given = [socket.socket(fileno=FIRST + number) for number in range(int(told["LISTEN_FDS"]))]
    for sock in given:
        sock.set_inheritable(False)
    return assigned(listeners, given)


def assigned(listeners: Sequence[Listener], given: Sequence[socket.socket]) -> dict[str, list[socket.socket]]:
    """Raises OSError for one that no listener is configured for."""
    sockets: dict[str, list[socket.socket]] = {}
    for sock in given:
        listener = next((listener for listener in listeners if _is_for(listener, sock)), None)
        if listener is None:
            raise OSError(None, f"systemd hands over a socket at {sock.getsockname()}, which is not in `listen`")
        sockets.setdefault(listener.address, []).append(sock)
    return sockets


def _is_for(listener: Listener, sock: socket.socket) -> bool:
    if sock.family == socket.AF_UNIX:
        return bool(listener.path) and sock.getsockname() == listener.path
    if listener.path or sock.getsockname()[1] != listener.port:
        return False
    host = sock.getsockname()[0]
    if host == "::" and listener.host == "0.0.0.0":  # noqa: S104 -- ListenStream=8080 of systemd means both
        return True
    found = socket.getaddrinfo(listener.host, listener.port, type=socket.SOCK_STREAM)
    return any(address[0] == host for _, _, _, _, address in found)
