"""Web pages of several sites in a real Chromium, a proxy that they attack, and a tap that hears what they send.

The tap is a relay in front of the proxy: a test that an attack
did nothing needs to know that the browser did carry it out.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import yaml
from aiohttp import web
from playwright.async_api import Browser, Page

from proxy.app import Service
from proxy.config.load import load
from proxy.sandbox import KEY, SECRET, Sandbox
from tests.acceptance.chromium import opened, within

PATIENCE = 30.0
FOREIGN = "evil.test"
_REQUEST = re.compile(rb"([A-Z]+) (/\S*) HTTP/1\.1\r\n(.*?)\r\n\r\n", re.DOTALL)
_REPLY = re.compile(rb"HTTP/1\.1 (\d{3})[^\r]*\r\n(.*?)\r\n\r\n", re.DOTALL)


class Heard(NamedTuple):
    """A request's head and the head of its reply, as they stood on the wire."""

    method: str
    target: str
    headers: dict[str, str]
    status: int
    reply: dict[str, str]


@dataclass
class Said:
    """One connection, both ways."""

    asked: bytes = b""
    answered: bytes = b""

    def heard(self) -> list[Heard]:
        """Requests that have an answer; a reply to a WebSocket's upgrade is the last."""
        pairs = zip(_REQUEST.findall(self.asked), _REPLY.findall(self.answered), strict=False)
        return [
            Heard(method.decode(), target.decode(), _headers(lines), int(status), _headers(reply))
            for (method, target, lines), (status, reply) in pairs
        ]


def _headers(lines: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines.decode("latin-1").split("\r\n"))
    return {name.lower(): value.strip() for name, _, value in pairs}


class Tap:
    """Relays a port of its own to the proxy's, and remembers every byte."""

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        self._target = (where.hostname, where.port)
        self._said: list[Said] = []
        self._news = asyncio.Event()
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    @property
    def heard(self) -> list[Heard]:
        return [heard for said in self._said for heard in said.heard()]

    async def until(self, holds: Callable[[], bool]) -> None:
        async with within(PATIENCE, f"a request that {holds.__qualname__} tells of"):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = Said()
        self._said.append(said)
        to_reader, to_writer = await asyncio.open_connection(*self._target)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass_on(reader, to_writer, said, "asked"))
                both.create_task(self._pass_on(to_reader, writer, said, "answered"))
        except* (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            to_writer.close()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, said: Said, direction: str
    ) -> None:
        while data := await reader.read(65536):
            setattr(said, direction, getattr(said, direction) + data)
            self._news.set()
            writer.write(data)
            await writer.drain()
        writer.close()


@dataclass
class Site:
    """Serves a document to every name, with whatever headers the test wants; `/to` redirects."""

    port: int = 0
    document: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    worker: str = ""

    async def answer(self, request: web.BaseRequest) -> web.Response:
        if request.path == "/to":
            query = request.query
            return web.Response(status=int(query["code"]), headers={"Location": query["url"]})
        if request.path == "/worker.js":
            return web.Response(text=self.worker, content_type="text/javascript")
        if request.path == "/empty":
            return web.Response(text="<!doctype html>", content_type="text/html")
        if request.path != "/":
            return web.Response(status=404)
        return web.Response(text=f"<!doctype html>{self.document}", content_type="text/html", headers=self.headers)


@asynccontextmanager
async def serving() -> AsyncIterator[Site]:
    site = Site()
    runner = web.ServerRunner(web.Server(site.answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.port = runner.addresses[0][1]
    yield site
    await runner.cleanup()


@dataclass
class Scene:
    """A proxy whose one route injects a token, minted when a request first needs it; and a site to open pages of."""

    browser: Browser
    sandbox: Sandbox
    tap: Tap
    site: Site

    @property
    def proxy(self) -> str:
        return f"http://localhost:{self.tap.port}"

    @property
    def untouched(self) -> bool:
        return self.sandbox.api_requests == 0 and self.sandbox.token_requests.total() == 0

    @asynccontextmanager
    async def page(
        self, host: str, document: str = "", headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[Page]:
        """A page of `http://HOST:port/`, in a browser profile of its own."""
        self.site.document, self.site.headers = document, dict(headers or {})
        async with opened(self.browser, f"http://{host}:{self.site.port}/") as page:
            yield page


@asynccontextmanager
async def scene(
    browser: Browser, site: Site, folder: Path, more: Mapping[str, Any] | None = None
) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox(lifetime=3600))
        provider = {"scheme": "oauth2", "token_url": f"{sandbox.url}/oauth2/token", "exclusive": True}
        written = {
            "listen": "127.0.0.1:0",
            "log": {"access": False},
            "providers": {"plain": provider | {"client_id": KEY, "client_secret": SECRET}},
            "routes": {"/plain": {"upstream": f"{sandbox.url}/oauth2/api", "provider": "plain"}},
        } | dict(more or {})
        (folder / "config.yaml").write_text(yaml.safe_dump(written))
        service = await stack.enter_async_context(Service(load(folder / "config.yaml", environ={})))
        tap = await stack.enter_async_context(Tap((await service.listen())[0].url))
        yield Scene(browser, sandbox, tap, site)
