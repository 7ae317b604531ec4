"""Is a POST lost that comes just as the API closes the idle connection it would have gone over?

`python -m bench.races [TRIES]`, 2,000 per server unless told: real servers that end idle connections after two seconds,
asked within 30 ms of that. Not part of `make bench`: the answer is a count, and mostly waited for.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bench.install import HOME, install, program
from bench.process import Process, free_port

IDLE = 2  # seconds, as each server is told
NEAR = 0.030
AT_ONCE = 100
LOOKS = 5
STARTED = 15.0
GET = b"GET %b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n"
POST = b"POST %b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

WSGI = """
def app(environ, start):
    environ["wsgi.input"].read()
    start("200 OK", [("Content-Length", "2")])
    return [b"{}"]
"""
ASGI = """
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})
"""
TORNADO = """
import asyncio, sys
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

class Handler(RequestHandler):
    def get(self):
        self.finish({})

    post = get

async def main():
    server = HTTPServer(Application([("/.*", Handler)]), idle_connection_timeout=int(sys.argv[2]))
    server.listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()

asyncio.run(main())
"""
NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/errors; events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_timeout {idle}s;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 '{{}}'; }} }}
}}
"""
LIGHTTPD = """
server.document-root = "{folder}"
server.bind = "127.0.0.1"
server.port = {port}
server.max-keep-alive-idle = {idle}
server.max-keep-alive-requests = 100000
"""


def gunicorn(port: int, folder: Path) -> list[str]:
    (folder / "served.py").write_text(WSGI)
    argv = [_python_program("gunicorn"), "--chdir", str(folder), "--bind", f"127.0.0.1:{port}", "--threads", "200"]
    return [*argv, "--keep-alive", str(IDLE), "served:app"]


def hypercorn(port: int, folder: Path) -> list[str]:
    (folder / "served.py").write_text(ASGI)
    return [
        _python_program("hypercorn"),
        "--bind",
        f"127.0.0.1:{port}",
        "--keep-alive",
        str(IDLE),
        f"{folder}/served.py:app",
    ]


def tornado(port: int, folder: Path) -> list[str]:
    (folder / "served.py").write_text(TORNADO)
    _python_program("tornado")
    return [str(program("tornado", "python")), str(folder / "served.py"), str(port), str(IDLE)]


def nginx(port: int, folder: Path) -> list[str]:
    return [_debian("nginx"), "-c", _written(folder, NGINX, port)]


def lighttpd(port: int, folder: Path) -> list[str]:
    (folder / "file").write_text("{}")  # which it shows to a POST as well
    return [_debian("lighttpd"), "-D", "-f", _written(folder, LIGHTTPD, port)]


SERVERS: tuple[Callable[[int, Path], list[str]], ...] = (gunicorn, hypercorn, tornado, nginx, lighttpd)


class Missing(Exception):  # noqa: N818 -- it says what happened
    """The server can't be had here."""


def _python_program(package: str) -> str:
    if lack := install(package):
        raise Missing(lack)
    return str(program(package, package))


def _debian(name: str) -> str:
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if path is None:
        raise Missing(f"Debian's {name} is not installed")
    return path


def _written(folder: Path, text: str, port: int) -> str:
    file = folder / "server.conf"
    file.write_text(text.format(folder=folder, port=port, idle=IDLE))
    return str(file)


class Client:
    """Asks on a connection of its own to the proxy."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, form: bytes, at: float) -> str:
        """At this time of the loop's. The status."""
        await asyncio.sleep(at - asyncio.get_running_loop().time())
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port)
            reader, writer = self._streams
            writer.write(form % (b"/api/file", self._port))
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = next(int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError, StopIteration) as error:
            self._streams = None
            return type(error).__name__
        return head[9:12].decode()

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()


async def life(port: int) -> float:
    """Seconds after which the server ends a connection that nobody uses: the median of some."""
    return statistics.median([await _one_life(port) for _ in range(LOOKS)])


async def _one_life(port: int) -> float:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET % (b"/file", port))
    await reader.readuntil(b"\r\n\r\n")
    since = time.monotonic()
    with suppress(OSError):
        while await reader.read(4096):
            pass
    writer.close()
    return time.monotonic() - since


async def race(port: int, lives: float, tries: int) -> Counter[str]:
    clients = [Client(port) for _ in range(AT_ONCE)]
    loop, seen = asyncio.get_running_loop(), Counter[str]()
    for _ in range(-(-tries // AT_ONCE)):
        now = loop.time()
        await asyncio.gather(*(client.ask(GET, now) for client in clients))
        idle = loop.time() + lives
        posts = (client.ask(POST, idle + random.uniform(-NEAR, NEAR)) for client in clients)
        seen.update(await asyncio.gather(*posts))
    for client in clients:
        client.close()
    return seen


async def _listens(port: int) -> None:
    async with asyncio.timeout(STARTED):
        while True:
            with suppress(OSError):
                (await asyncio.open_connection("127.0.0.1", port))[1].close()
                return
            await asyncio.sleep(0.05)


async def against(server: Callable[[int, Path], list[str]], tries: int, folder: Path) -> str:
    api, port = free_port(), free_port()
    routes = {"/api": {"upstream": f"http://127.0.0.1:{api}", "provider": "none"}}
    config = {"listen": f"127.0.0.1:{port}", "routes": routes, "log": {"access": False}}
    (folder / "config.yaml").write_text(json.dumps(config))
    cpus = os.sched_getaffinity(0)
    argv = [sys.executable, "-m", "proxy", "run", "-c", str(folder / "config.yaml")]
    with Process(server(api, folder), cpus, folder / "api.log"), Process(argv, cpus, folder / "log"):
        await _listens(api)
        await _listens(port)
        lives = await life(api)
        seen = await race(port, lives, tries)
    lost = sum(count for status, count in seen.items() if not "200" <= status < "500")
    return f"ends idle connections after {lives:.3f} s: {lost} of {seen.total()} lost ({dict(seen)})"


def main() -> None:
    tries = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    HOME.mkdir(exist_ok=True)
    for server in SERVERS:
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = asyncio.run(against(server, tries, Path(folder)))
            except Missing as missing:
                found = f"left out: {missing}"
        print(f"{server.__name__}: {found}", flush=True)


if __name__ == "__main__":
    main()
