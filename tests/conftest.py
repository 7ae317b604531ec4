"""The stage that the tests of a running proxy play on: a sandbox, a proxy in front of it, clients, raw sockets."""

from __future__ import annotations

import asyncio
import io
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
import structlog
import yaml

from proxy.app import Service
from proxy.config.load import load
from proxy.config.model import Log
from proxy.logs import setup
from proxy.sandbox import KEY, SECRET, Sandbox
from proxy.wire.inbound.server import Server
from proxy.wire.outbound.dial import Resolve, resolve
from tests.raw import PATIENCE, Message, Play, RawApi, Wire

_RUNTIME = tempfile.TemporaryDirectory(prefix="kls-")
os.environ["XDG_RUNTIME_DIR"] = _RUNTIME.name  # of processes that tests start: not the runtime folder of who runs them
os.environ["XDG_STATE_HOME"] = f"{_RUNTIME.name}/state"  # nor their logins

STYLES = ("baidu", "aiob", "session", "oauth2")


def providers(url: str) -> dict[str, Any]:
    """One provider per style of the sandbox at `url`, each spelled out."""
    keys = {"grant_type": "client_credentials", "client_id": KEY, "client_secret": SECRET}
    return {
        "baidu": {
            "scheme": "login",
            "request": {"url": f"{url}/baidu/oauth/2.0/token", "query": keys},
            "reply": {"token": "access_token", "expires_in": "expires_in"},
            "inject": {"query": {"access_token": "{token}"}},
            "refused": [{"json": {"error_code": [110, 111]}}],
        },
        "aiob": {
            "scheme": "login",
            "request": {"url": f"{url}/aiob/api/v2/getToken", "json": {"accessKey": KEY, "secretKey": SECRET}},
            "reply": {
                "ok": {"code": 200},
                "token": "data.accessToken",
                "expires_in": {"path": "data.expiresTime", "unit": "minutes"},
            },
            "inject": {"header": {"Authorization": "{token}"}},
        },
        "session": {
            "scheme": "login",
            "request": {"url": f"{url}/session/auth/session", "json": {"clientKey": KEY}},
            "reply": {"token": "accessToken", "expires_in": "expiresIn"},
            "refused": [{"status": [401]}, {"status": [403], "body": ["token expired"]}],
        },
        "oauth2": {
            "scheme": "oauth2",
            "token_url": f"{url}/oauth2/token",
            "client_id": KEY,
            "client_secret": SECRET,
        },
    }


@pytest.fixture(autouse=True)
def own_log() -> None:
    """No test logs into the stream that an earlier one has closed."""
    structlog.reset_defaults()


@dataclass
class Stage:
    """`open` starts a proxy whose config is made here; what it starts ends with the test."""

    sandbox: Sandbox
    folder: Path
    http: aiohttp.ClientSession
    stack: AsyncExitStack
    log: io.StringIO = field(default_factory=io.StringIO)
    service: Service = field(init=False)
    url: str = field(init=False)
    troubles: list[dict[str, Any]] = field(default_factory=list)
    resolve: Resolve = field(default=resolve)
    """Stands in for DNS, for the API's name and the issuer's."""

    async def open(self, routes: Mapping[str, Any] | None = None, **config: Any) -> Service:
        """A route per style, `/baidu` and so on, unless the test has its own; with the providers that they name."""
        written = {
            "listen": "127.0.0.1:0",
            "routes": {
                f"/{style}": {"upstream": f"{self.sandbox.url}/{style}/api", "provider": style} for style in STYLES
            }
            if routes is None
            else dict(routes),
        } | config
        named = {route["provider"] for route in written["routes"].values()}
        known = providers(self.sandbox.url) | config.get("providers", {})
        written["providers"] = {name: provider for name, provider in known.items() if name in named}
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump(written), encoding="utf-8")
        loaded = load(path, environ={})
        setup.configure(Log(level="debug"), self.log)
        self.service = await self.stack.enter_async_context(Service(loaded, resolve=self.resolve))
        self.url = (await self.service.listen())[0].url
        await self._minted(loaded.config.routes)
        return self.service

    async def _minted(self, routes: Mapping[str, Any]) -> None:
        """The start's mints are over, so that a test counts only its own."""
        if self.sandbox.gate.is_set() and self.sandbox.issuer_down is False:
            cells = [cell for cell in self.service.keeper if cell.life.token is None]
            await asyncio.gather(*(cell.token("test") for cell in cells), return_exceptions=True)

    async def call(self, path: str, method: str = "GET", **options: Any) -> Message:
        """One request by an ordinary client that follows no redirects; `path` goes out as it is."""
        url = aiohttp.client.URL(self.url + path, encoded=True)
        async with self.http.request(method, url, allow_redirects=False, **options) as reply:
            return Message(
                f"HTTP/1.1 {reply.status} {reply.reason}",
                [(name.decode("latin-1"), value.decode("latin-1")) for name, value in reply.raw_headers],
                await reply.read(),
            )

    async def wire(self) -> Wire:
        """A raw connection to the proxy."""
        where = urlsplit(self.url)
        wire = await Wire.connect(where.hostname or "", where.port or 0)
        self.stack.push_async_callback(wire.close)
        return wire

    async def ask(self, start: str, *headers: str, body: bytes = b"", bodiless: bool = False) -> Message:
        """One raw request on a connection of its own, with a good Host unless the test gives one."""
        wire = await self.wire()
        host = () if any(line.lower().startswith("host:") for line in headers) else (f"Host: {self.authority}",)
        await wire.send("\r\n".join((start, *host, *headers, "", "")).encode("latin-1"), body)
        return await wire.message(bodiless=bodiless)

    @property
    def authority(self) -> str:
        return self.url.removeprefix("http://")

    async def api(self, *replies: bytes) -> RawApi:
        return await self.stack.enter_async_context(RawApi.answering(*replies))

    async def playing(self, play: Play) -> RawApi:
        return await self.stack.enter_async_context(RawApi(play))

    async def until(self, holds: Callable[[], bool]) -> None:
        """Let the loop turn until something inside the proxy is so; for what shows nowhere outside."""
        async with asyncio.timeout(PATIENCE):
            while not holds():  # noqa: ASYNC110 -- nothing in there sets an event for tests
                await asyncio.sleep(0)

    @property
    def server(self) -> Server:
        """Knows the proxy's client connections."""
        return self.service.listening.servers[0]

    @property
    def serving(self) -> int:
        """Requests of clients that are being served."""
        return self.service.counts().requests

    @property
    def busy(self) -> int:
        """Connections to APIs that serve an exchange."""
        return self.service.counts().exchanges

    def token(self, style: str = "oauth2") -> str:
        """The newest token of a style, as the issuer knows it."""
        newest = self.sandbox.ledger.newest(style)
        assert newest is not None
        return newest.value

    def mints(self, style: str = "oauth2") -> int:
        return self.sandbox.mints[style]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as stage:
        yield stage


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    """A stage whose config lies in this folder."""
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox())
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=PATIENCE * 2)
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector, timeout=timeout))
        stage = Stage(sandbox, folder, http, stack)
        asyncio.get_running_loop().set_exception_handler(lambda _, context: stage.troubles.append(context))
        yield stage
    assert stage.troubles == [], "something reached the event loop's exception handler"
