"""Keyless inside a program: requests and tokens through a config, with no proxy running beside it.

    async with Keyless("config.yaml") as keyless:              with Keyless("config.yaml") as keyless:
        reply = await keyless.request("GET", "/crm/me")            reply = keyless.request("GET", "/crm/me")
        print(await reply.json())                                  print(reply.json())

Owns: this face, and how a request gets from it to the service: over a socket pair, whose other end the proxy's own
server holds. So one set of rules holds for both, nothing listens, and nobody else can connect. Must not know: rules.
"""

from __future__ import annotations

import asyncio
import socket
import string
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote
from weakref import WeakSet

import aiohttp
import structlog
from aiohttp.client_proto import ResponseHandler
from multidict import CIMultiDict
from yarl import URL

from proxy import __version__, clock, logs
from proxy.app import Service
from proxy.config.load import load
from proxy.config.loaded import Loaded
from proxy.config.model import Browser, Log
from proxy.errors import CODES, Fault
from proxy.library.blocking import Blocking, closed
from proxy.library.reply import Reply, broken
from proxy.process.reload import Reloader
from proxy.tokens.handout import hand_out
from proxy.wire.inbound.server import Server

BASE = "http://keyless"
"""What the links in replies begin with; `request` takes them."""
_MAX_HEAD = 256 * 1024  # the API's are bounded already, in wire/outbound


class Keyless:
    """A config in service for this program. The routes' names, client keys and pages don't count in here."""

    def __init__(self, config: str | Path = "config.yaml") -> None:
        """Raises ConfigError with every problem of the file."""
        self._began = time.time()
        self._read = load(Path(config))
        self._loaded = _own(self._read)
        self._stack = AsyncExitStack()
        self._service: Service | None = None
        self._session: aiohttp.ClientSession | None = None
        self._blocking: Blocking | None = None
        self._open: WeakSet[Reply] = WeakSet()

    async def __aenter__(self) -> Self:
        if not structlog.is_configured():  # a program that logs its own way keeps it
            logs.configure(Log(level="warning", format=self._loaded.config.log.format))
        async with AsyncExitStack() as stack:
            self._service = await stack.enter_async_context(Service(self._loaded))
            server = self._service.inside()
            stack.push_async_callback(server.shutdown, 1.0)
            self._session = await stack.enter_async_context(_session(server))
            replace_in = self._service.replace
            await stack.enter_async_context(
                Reloader(self._read, lambda fresh, secrets: replace_in(_own(fresh), secrets), since=self._began)
            )
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._service = self._session = None
        for opened in list(self._open):  # what nobody read to its end; later there is no loop to close it in
            opened.close()
        await self._stack.aclose()

    def __enter__(self) -> Blocking:
        self._blocking = Blocking(self)
        return self._blocking

    def __exit__(self, *exc: object) -> None:
        if self._blocking is not None:
            self._blocking.close()
            self._blocking = None

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        data: Any = None,
    ) -> Reply:
        """Send one request to a route and return the API's reply, whatever its status.

        `path` is what a client would ask the proxy for, or a link of a reply; `data` is bytes, a form's fields, or
        something to stream. Redirects are not followed. Raises Fault where the proxy would answer an error of its own.
        """
        if self._session is None:
            raise closed()
        try:
            reply = await self._session.request(
                method.upper(),
                URL(BASE + _target(path), encoded=True),
                params=params,
                headers=headers,
                json=json,
                data=data,
                allow_redirects=False,
            )
        except aiohttp.ClientError as error:
            raise broken(error) from None
        if "X-Keyless-Error" in reply.headers:
            raise _fault(reply.headers["X-Keyless-Error"], await reply.json(content_type=None) or {})
        opened = Reply(reply, asyncio.get_running_loop())
        self._open.add(opened)
        return opened

    async def token(self, provider: str) -> str:
        """A provider's credential, for a program that must speak to the API by itself. It lives on for a minute, or
        half its life if that is shorter. Raises Fault.
        """
        if self._service is None:
            raise closed()
        service = self._service
        return (await hand_out(service.plan, service.cells, clock.now, provider)).access_token


# ---------------------------------------------------------------------------------------------- into the service


class _Inside(aiohttp.BaseConnector):
    """Each connection is a socket pair, and the service's server holds its other end."""

    def __init__(self, server: Server) -> None:
        super().__init__(limit=0)
        self._server = server

    async def _create_connection(self, req: Any, traces: Any, timeout: Any) -> ResponseHandler:  # noqa: ARG002, ASYNC109 -- aiohttp's signature
        ours, theirs = socket.socketpair()
        await self._loop.connect_accepted_socket(self._server, theirs)
        _, protocol = await self._loop.create_connection(self._factory, sock=ours)
        return protocol


def _session(server: Server) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=_Inside(server),
        timeout=aiohttp.ClientTimeout(total=None),  # the routes have their own
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=CIMultiDict({"User-Agent": f"keyless/{__version__}"}),
        max_line_size=_MAX_HEAD,
        max_field_size=_MAX_HEAD,
    )


def _own(loaded: Loaded) -> Loaded:
    """Who has the config in hand needs no key to it, and writes log lines as it sees fit."""
    changes = {"clients": [], "browser": Browser(), "log": loaded.config.log.model_copy(update={"access": False})}
    return replace(loaded, config=loaded.config.model_copy(update=changes))


def _target(path: str) -> str:
    """As it goes out: what can't stand in a request line is quoted, the rest stays as written."""
    target = path.removeprefix(BASE).partition("#")[0]
    if not target.startswith("/"):
        raise Fault("path_refused", "expected the path of a route, such as /crm/contacts")
    return quote(target, safe=string.punctuation)


def _fault(code: str, problem: dict[str, Any]) -> Fault:
    """The answer of the proxy's own, as what it was before it became one. That to a HEAD has no document."""
    detail, retry_after = problem.get("detail", CODES[code].title), problem.get("retry_after")
    return Fault(code, detail, provider=problem.get("provider"), retry_after=retry_after)
