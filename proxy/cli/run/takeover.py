"""`keyless run --takeover`: from a proxy that runs with the same config, without a moment in which nobody listens.

Owns: what the two say to each other over the runtime socket. Must not know: what is left by one and taken by the other.

The new one gets the listening sockets and what only memory holds, begins to accept, and says so; then the old one frees
the runtime socket, says so, and drains. Until then both accept from the same queue, so no connection is refused.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from proxy.app import Service
from proxy.errors import Fault, KeylessError
from proxy.logger import get_logger
from proxy.process.asking import begin
from proxy.process.inherited import Sockets
from proxy.process.lending.lender import Lender
from proxy.process.runtime import Answer, Ask, path_of, read_line

log = get_logger("keyless.takeover")

READY, GONE = b"ready\n", b"gone\n"
PATIENCE = 60.0
"""Seconds that the new one may take to start."""


class TakeoverFailed(KeylessError):  # noqa: N818 -- it says what is the case
    """The one that runs goes on."""


class Left:
    """What another process has left: `document`, and sockets that listen."""

    def __init__(self, document: dict[str, Any], descriptors: Sequence[int], connection: socket.socket) -> None:
        numbers = iter(descriptors)
        self.document = document
        listen = document["listen"]
        self.sockets: Sockets = {
            written: [socket.socket(fileno=next(numbers)) for _ in range(count)] for written, count in listen
        }
        self.sessions: list[dict[str, Any]] = document.get("sessions", [])
        self.connections = [socket.socket(fileno=number) for number in numbers]  # those of the first sessions
        self._connection = connection

    async def ready(self) -> None:
        """This process accepts: the other one may go. Raises TakeoverFailed if it does not say that it does."""
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.get_running_loop().sock_sendall(self._connection, READY)
                if await read_line(self._connection) == GONE:
                    return
        except (OSError, ValueError):
            pass
        finally:
            self._connection.close()
        raise TakeoverFailed("the proxy that is taken over has broken off")


async def take(config: Path) -> Left | None:
    """None if no proxy runs with this config. Raises TakeoverFailed."""
    try:
        async with asyncio.timeout(PATIENCE):
            return Left(*await begin(path_of(config, os.environ), "takeover"))
    except Fault as fault:
        raise TakeoverFailed(fault.detail) from None
    except TimeoutError:
        raise TakeoverFailed("the proxy that runs does not answer") from None
    except (FileNotFoundError, ConnectionRefusedError):
        log.info("no proxy runs with this config; there is nothing to take over")
        return None
    except (OSError, ValueError) as error:
        raise TakeoverFailed(f"the proxy that runs can't be asked: {error}") from None


def leave(service: Service, lender: Lender, free: Callable[[], None], end: Callable[[], None]) -> dict[str, Ask]:
    """How a proxy is taken over: `free` gives up the runtime socket, `end` begins to drain."""
    under_way = False

    async def answer(_names: Sequence[str]) -> Answer:
        nonlocal under_way
        if under_way:
            raise Fault("overloaded", "another process takes over already")
        under_way = True
        document, descriptors = await service.leave_to()
        sessions, connections = lender.leave()
        return Answer(document | {"sessions": sessions}, [*descriptors, *connections], then)

    async def then(connection: socket.socket) -> None:
        nonlocal under_way
        try:
            async with asyncio.timeout(PATIENCE):
                is_ready = await read_line(connection) == READY
        except (OSError, ValueError):
            is_ready = False
        if not is_ready:
            service.resume()
            lender.resume()
            under_way = False
            log.warning("who wanted to take over has broken off; this process goes on")
            return
        free()
        with suppress(OSError):
            await asyncio.get_running_loop().sock_sendall(connection, GONE)
        log.info("another process has taken over")
        end()

    return {"takeover": answer}


def refuse() -> dict[str, Ask]:
    """For several workers, each of which has a queue of its own."""

    async def answer(_names: Sequence[str]) -> Answer:
        raise Fault("route_refused", "a proxy with several workers can't be taken over; let systemd hold its sockets")

    return {"takeover": answer}
