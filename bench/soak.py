"""Mixed traffic with faults for a while: does anything that is kept grow?

`python -m bench.soak [MINUTES]`, 20 unless told. A line a minute: what was asked, and what the proxy holds; at the end
the verdict on what came after SETTLING. Not part of `make bench`, since it takes as long as it is told to.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from bench.faulty import Api, reset
from bench.process import Process, free_port

CLIENTS = 24
PAUSE = 0.15  # seconds at most between a client's requests
LEAVERS = 0.02
SETTLING = 5  # minutes
ROOM = 1.05  # of what was held at SETTLING may be held later
WATCHED = """
import asyncio, sys, threading, time

def tell(path):
    while True:
        time.sleep(1)
        with open(path, "w") as file:
            file.write(str(sum(not task.done() for task in list(asyncio.tasks._all_tasks))))

threading.Thread(target=tell, args=(sys.argv.pop(1),), daemon=True).start()
from proxy.cli import main
main()
"""
"""The proxy, which also writes down how many tasks there are, once a second."""

GET = b"GET %b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n"
POST = b"POST %b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
SOCKET = (
    b"GET /api/ws HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Held(NamedTuple):
    """What a process holds."""

    mib: float
    descriptors: int
    tasks: int


class Client:
    """Asks for one thing after another, leaves now and then in the middle, and comes back."""

    def __init__(self, port: int, seen: Counter[str]) -> None:
        self._port = port
        self._seen = seen

    async def go_on(self, until: float) -> None:
        while time.monotonic() < until:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                try:
                    while time.monotonic() < until and await self._ask(reader, writer):  # noqa: ASYNC110 -- a pause
                        await asyncio.sleep(random.random() * PAUSE)
                finally:
                    writer.close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """May another follow on this connection?"""
        kind = random.choices(("get", "post", "sse", "ws"), (70, 24, 4, 2))[0]
        writer.write(self._request(kind))
        await writer.drain()
        if random.random() < LEAVERS:
            reset(writer)
            self._seen["left"] += 1
            return False
        head = await reader.readuntil(b"\r\n\r\n")
        self._seen[head[9:12].decode()] += 1
        if head.startswith(b"HTTP/1.1 101"):
            writer.write(b"\x81\x85\1\2\3\4hello")
            await reader.readexactly(4)
            return False
        await _body(reader, head.lower())
        return b"connection: close" not in head.lower()

    def _request(self, kind: str) -> bytes:
        if kind == "ws":
            return SOCKET % self._port
        if kind == "post":
            body = bytes(random.choice((20, 2_000, 100_000)))
            return POST % (b"/api/echo", self._port, len(body)) + body
        return GET % (b"/api/" + kind.encode(), self._port)


async def _body(reader: asyncio.StreamReader, head: bytes) -> None:
    for line in head.split(b"\r\n"):
        if line.startswith(b"content-length:"):
            await reader.readexactly(int(line[15:]))
            return
    while (size := int(await reader.readuntil(b"\r\n"), 16)) or await reader.readexactly(2) is None:
        await reader.readexactly(size + 2)


def held(pid: int, tasks: Path) -> Held:
    status = Path(f"/proc/{pid}/status").read_text()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    return Held(resident / 1024, len(list(Path(f"/proc/{pid}/fd").iterdir())), int(tasks.read_text() or 0))


def config(api: int, port: int) -> str:
    provider = {"scheme": "oauth2", "token_url": f"http://127.0.0.1:{api}/token"}
    provider |= {"client_id": "soak", "client_secret": "soak-secret-0123456789"}
    route = {"upstream": f"http://127.0.0.1:{api}", "provider": "api"}
    return json.dumps({"listen": f"127.0.0.1:{port}", "providers": {"api": provider}, "routes": {"/api": route}})


async def soak(minutes: int, folder: Path) -> list[Held]:
    api, seen, port = Api(), Counter[str](), free_port()
    server = await asyncio.start_server(api.serve, "127.0.0.1", 0)
    tasks = folder / "tasks"
    tasks.write_text("0")
    (folder / "config.yaml").write_text(config(server.sockets[0].getsockname()[1], port))
    argv = [sys.executable, "-c", WATCHED, str(tasks), "run", "-c", str(folder / "config.yaml")]
    figures = []
    with Process(argv, os.sched_getaffinity(0), folder / "log") as process:
        until = time.monotonic() + minutes * 60
        clients = [asyncio.ensure_future(Client(port, seen).go_on(until)) for _ in range(CLIENTS)]
        for minute in range(1, minutes + 1):
            await asyncio.sleep(60)
            figures.append(held(process.pid, tasks))
            print(minute, figures[-1], dict(sorted(seen.items())), "minted", api.minted, flush=True)
        await asyncio.gather(*clients)
    return figures


def verdict(figures: list[Held]) -> str:
    """Of the figures of each minute."""
    if len(figures) <= SETTLING:
        return "too short for a verdict"
    settled, later = figures[SETTLING - 1], figures[SETTLING:]
    grown = [
        f"{name} {before:g} to {max(after):g}"
        for name, before, after in zip(Held._fields, settled, zip(*later, strict=True), strict=True)
        if max(after) > before * ROOM + (1 if name == "mib" else CLIENTS)
    ]
    return "grown: " + ", ".join(grown) if grown else "flat"


def main() -> None:
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as folder:
        print(verdict(asyncio.run(soak(minutes, Path(folder)))))


if __name__ == "__main__":
    main()
