"""Mixed traffic with faults for a while: does anything that is kept grow?

`python -m bench.soak [MINUTES] [--requests N] [--sources]`: for 20 minutes, or until so many requests were answered, or
both. A line a minute: what was answered, and what the proxy holds; at the end the verdict on what came after SETTLING.
Not part of `make bench`, since it takes as long as it is told to.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from bench.faulty import Api, reset
from bench.install import install_checkout, program
from bench.process import Process, free_port

CLIENTS = 24
PAUSE = 0.15  # seconds at most between a client's requests
LEAVERS = 0.02
PATIENCE = 60.0
MINUTES = 20
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


class Traffic:
    """What all clients have seen, by status or what befell them; they stop when it is over."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.over = False


class Client:
    """Asks for one thing after another, leaves now and then in the middle, and comes back."""

    def __init__(self, port: int, traffic: Traffic) -> None:
        self._port = port
        self._traffic = traffic

    async def go_on(self) -> None:
        while not self._traffic.over:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                try:
                    while not self._traffic.over and await self._ask(reader, writer):  # noqa: ASYNC110 -- a pause
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
            self._traffic.seen["left"] += 1
            return False
        head = await reader.readuntil(b"\r\n\r\n")
        self._traffic.seen[head[9:12].decode()] += 1
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


def is_compiled(pid: int) -> bool:
    return "keyless__mypyc" in Path(f"/proc/{pid}/maps").read_text()


def command(tasks: Path, file: Path, *, sources: bool) -> list[str]:
    """From the sources of this checkout, or as `make run` installs it. Raises SystemExit."""
    if not sources and (lack := install_checkout()):
        raise SystemExit(lack)
    python = [sys.executable] if sources else [str(program("keyless", "python")), "-P"]  # or the sources come first
    return [*python, "-c", WATCHED, str(tasks), "run", "-c", str(file)]


async def soak(minutes: int, requests: int, folder: Path, *, sources: bool) -> list[Held]:
    api, traffic, port = Api(), Traffic(), free_port()
    server = await asyncio.start_server(api.serve, "127.0.0.1", 0)
    tasks, file = folder / "tasks", folder / "config.yaml"
    tasks.write_text("0")
    file.write_text(config(server.sockets[0].getsockname()[1], port))
    argv = command(tasks, file, sources=sources)
    figures: list[Held] = []
    with Process(argv, os.sched_getaffinity(0), folder / "log") as process:
        await asyncio.to_thread(process.wait_listening, port, PATIENCE)
        print("compiled" if is_compiled(process.pid) else "from sources", flush=True)
        clients = [asyncio.ensure_future(Client(port, traffic).go_on()) for _ in range(CLIENTS)]
        while len(figures) < minutes or answered(traffic.seen) < requests:
            await asyncio.sleep(60)
            figures.append(held(process.pid, tasks))
            print(len(figures), figures[-1], dict(sorted(traffic.seen.items())), "minted", api.minted, flush=True)
        traffic.over = True
        await asyncio.gather(*clients)
    return figures


def answered(seen: Counter[str]) -> int:
    return sum(count for status, count in seen.items() if status.isdigit())


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
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description="Mixed traffic with faults for a while.")
    parser.add_argument("minutes", nargs="?", type=int, help=f"{MINUTES} unless told, or as many as the requests take")
    parser.add_argument("--requests", type=int, default=0, metavar="N", help="go on until so many were answered")
    parser.add_argument("--sources", action="store_true", help="not compiled")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        minutes = options.minutes or (SETTLING + 1 if options.requests else MINUTES)
        run = soak(minutes, options.requests, Path(folder), sources=options.sources)
        print(verdict(asyncio.run(run)))


if __name__ == "__main__":
    main()
