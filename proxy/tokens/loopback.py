"""The one page of this machine that a browser comes back to after a login (RFC 8252 §7.3).

Owns: its socket, and which requests are heard at all: GET, the exact path, our own Host, a navigation. Must not know:
what a callback means; `answer` does. Any page that the person has open can send requests here, so what is refused ends
nothing, and nothing of a request is repeated unescaped.
"""

from __future__ import annotations

import asyncio
import html
import socket
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import NamedTuple, Self

from aiohttp import web

PATH = "/callback"
GRACE = 1.0
"""Seconds that the page may take to reach the browser before the port is freed."""

Query = list[tuple[str, str]]


class Page(NamedTuple):
    """What the browser shows. After a `final` one nothing more is heard."""

    status: int
    title: str
    text: str
    final: bool = False


Answer = Callable[[Query], Awaitable[Page]]

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # the address bar holds the code
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}
_HTML = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<body style="font: 1.1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 20vh auto; padding: 0 1rem">
<h1 style="font-size: 1.5rem">{title}</h1><p>{text}</p></body></html>
"""
_REFUSED = Page(403, "Not for you", "Only the issuer's own redirect is heard here.")


class Loopback:
    """`async with` it: bound to 127.0.0.1 from the start, heard once `answer` is there, freed at the end."""

    def __init__(self, port: int = 0) -> None:
        """0 takes a free port. Raises OSError if it is taken."""
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port = int(self._socket.getsockname()[1])
        self.redirect_uri = f"http://127.0.0.1:{self.port}{PATH}"
        self._ended = asyncio.Event()
        self._answer: Answer | None = None
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=GRACE)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.SockSite(self._runner, self._socket).start()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()
        self._socket.close()

    def hear(self, answer: Answer) -> None:
        self._answer = answer

    async def ended(self) -> None:
        """Until a final page is out."""
        await self._ended.wait()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        answer = self._answer
        if answer is None or self._ended.is_set() or not _heard(request, self.port):
            return await _send(request, _REFUSED)
        final = True  # a bug in `answer` must not leave the person waiting
        try:
            page = await answer(list(request.query.items()))
            final = page.final
            return await _send(request, page)
        finally:
            if final:
                self._ended.set()


def _heard(request: web.BaseRequest, port: int) -> bool:
    """A redirect is a top-level navigation: it has no Origin, and browsers say what it is (Fetch Metadata).

    The Host is compared, so that a foreign name that resolves to this machine (DNS rebinding) is not ours.
    """
    headers = request.headers
    return (
        request.method == "GET"
        and request.rel_url.raw_path == PATH
        and headers.getall("Host", []) == [f"127.0.0.1:{port}"]
        and "Origin" not in headers
        and headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
        and headers.get("Sec-Fetch-Dest", "document") == "document"
    )


async def _send(request: web.BaseRequest, page: Page) -> web.StreamResponse:
    body = _HTML.format(title=html.escape(page.title), text=html.escape(page.text))
    response = web.Response(status=page.status, text=body, content_type="text/html", headers=_HEADERS)
    await response.prepare(request)
    await response.write_eof()
    return response
