"""Requests to a service in this process: over socket pairs, whose other ends the service's own server holds.

Owns: these connections. So one set of rules holds for all, nothing listens, and nobody else can connect. Must not know:
rules, who asks.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from multidict import CIMultiDict

from proxy.app import Service
from proxy.version import __version__
from proxy.wire.inbound.server import Server

BASE = "http://keyless"
"""What the URL of a request begins with, and so the links in replies."""
_MAX_HEAD = 256 * 1024  # the API's are bounded already, in wire/outbound
_DRAIN = 1.0


class _End(ResponseHandler):
    """Ours of a connection. Once it closes nobody will read on, which a half-closed socket would not say."""

    def __init__(self, loop: asyncio.AbstractEventLoop, served: Any) -> None:
        """`served` is the transport of the other end: asyncio's types don't say that it can be aborted."""
        super().__init__(loop)
        self._served = served

    def close(self) -> None:
        transport = self.transport
        super().close()
        if transport is not None:
            transport.abort()  # an upload that was given up is not sent to its end

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self._served.abort()


class _Inside(aiohttp.BaseConnector):
    """Each connection is a socket pair."""

    def __init__(self, server: Server) -> None:
        super().__init__(limit=0)
        self._server = server

    async def _create_connection(self, req: Any, traces: Any, timeout: Any) -> ResponseHandler:  # noqa: ARG002, ASYNC109 -- aiohttp's signature
        ours, theirs = socket.socketpair()
        served, _ = await self._loop.connect_accepted_socket(self._server, theirs)
        _, protocol = await self._loop.create_connection(partial(_End, self._loop, served), sock=ours)
        return protocol


@asynccontextmanager
async def inside(service: Service, **options: Any) -> AsyncIterator[aiohttp.ClientSession]:
    """Requests to URLs below BASE go into the service. `options` are those of aiohttp.ClientSession."""
    server = service.inside()
    async with aiohttp.ClientSession(
        connector=_Inside(server),
        timeout=aiohttp.ClientTimeout(total=None),  # the routes have their own
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=CIMultiDict({"User-Agent": f"keyless/{__version__}"}),
        max_line_size=_MAX_HEAD,
        max_field_size=_MAX_HEAD,
        **options,
    ) as session:
        try:
            yield session
        finally:
            await session.close()
            await server.shutdown(_DRAIN)


@asynccontextmanager
async def undecoded(session: aiohttp.ClientSession) -> AsyncIterator[aiohttp.ClientSession]:
    """The same way in, for clients that say and read all themselves."""
    async with aiohttp.ClientSession(
        connector=session.connector,
        connector_owner=False,
        timeout=session.timeout,
        cookie_jar=session.cookie_jar,
        auto_decompress=False,
        max_line_size=_MAX_HEAD,
        max_field_size=_MAX_HEAD,
    ) as raw:
        yield raw
