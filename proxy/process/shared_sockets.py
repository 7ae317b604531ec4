"""The addresses that several workers share: bound by the supervisor before any of them starts.

Owns: sockets that are bound and never accept. Must not know: workers. TCP: every worker binds the same port with
SO_REUSEPORT, and the kernel spreads connections; the supervisor's own socket keeps the port, also while all workers are
down, and learns it where port 0 is written. A unix socket exists once: it is bound and listening here, and inherited.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

from proxy.values.listen import Door, Listener, reason
from proxy.wire.inbound.server import BACKLOG
from proxy.wire.unix_path import clear


class SharedSockets:
    """`open` them one by one. Raises OSError, worded as asyncio words it."""

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []
        self._paths: list[Path] = []
        self.inherited: dict[str, list[int]] = {}
        self.doors: list[Door] = []

    def open(self, listener: Listener, given: Sequence[socket.socket] = (), route: str | None = None) -> None:
        """`given`: sockets that listen there already, which all workers accept from. `route`: whose door it is."""
        bound = listener
        if given:
            self.inherited[listener.address] = [sock.fileno() for sock in given]
            self.doors.append(Door(listener, route))
            return
        try:
            if listener.path:
                self._open_unix(listener.path)
            else:
                bound = listener._replace(port=self._bind(listener))
        except OSError as error:
            raise OSError(error.errno, f"{listener.address}: {reason(error)}") from None
        self.doors.append(Door(bound, route))

    @property
    def addresses(self) -> list[Listener]:
        return [door.listener for door in self.doors]

    def close(self) -> None:
        for each in self._sockets:
            each.close()
        for path in self._paths:
            path.unlink(missing_ok=True)
        self._sockets.clear()
        self._paths.clear()
        self.inherited.clear()

    def _open_unix(self, path: str) -> None:
        clear(path)
        door = self._keep(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        door.bind(path)
        self._paths.append(Path(path))
        self.inherited[f"unix:{path}"] = [door.fileno()]
        door.listen(BACKLOG)

    def _bind(self, listener: Listener) -> int:
        """Every address of the host, at one port."""
        port = listener.port
        flags = socket.AI_PASSIVE
        found = socket.getaddrinfo(listener.host, port, type=socket.SOCK_STREAM, flags=flags)
        for family, _, _, _, address in dict.fromkeys(found):
            where = (address[0], port, *address[2:])
            if port:
                _check_free(family, where)
            door = self._keep(_tcp(family))
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            door.bind(where)
            port = door.getsockname()[1]
        return port

    def _keep(self, made: socket.socket) -> socket.socket:
        self._sockets.append(made)
        return made


def _tcp(family: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return made


def _check_free(family: int, where: tuple[object, ...]) -> None:
    """With SO_REUSEPORT alone, a second Keyless of the same user would silently take half of the connections."""
    with _tcp(family) as probe:
        probe.bind(where)
