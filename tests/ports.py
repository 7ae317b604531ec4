"""Ports for servers that are told one before they listen."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

_UNASKED = range(15_000, 31_000)
"""Of these the kernel gives none to who asks for any, so that no connection takes one before its server listens."""
_MOST_WORKERS = 16


def _mine() -> Iterator[int]:
    """Those of this process, each once: what was free and is closed again may be given out twice."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _MOST_WORKERS
    ports = _UNASKED[worker::_MOST_WORKERS]
    begin = os.getpid() % len(ports)  # another run goes on beside this one
    yield from ports[begin:]
    yield from ports[:begin]


_ports = _mine()


def free_port() -> int:
    for port in _ports:
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:  # somebody has it
            continue
    raise OSError("no port is left")
