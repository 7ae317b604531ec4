"""The naive proxy itself: `python -m bench.peers.naive_app PORT UPSTREAM TOKEN CA_FILE`.

On uvloop, as Keyless is, so that what differs is the code and not the loop.
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import AsyncIterator

import uvloop
from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "host",
    "authorization",
}


def passed(headers: object) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}  # type: ignore[attr-defined]


def application(upstream: str, token: str, authority: str) -> web.Application:
    async def session(app: web.Application) -> AsyncIterator[None]:
        connector = TCPConnector(limit=0, ssl=ssl.create_default_context(cafile=authority))
        app[SESSION] = ClientSession(connector=connector, auto_decompress=False, timeout=ClientTimeout(total=None))
        yield
        await app[SESSION].close()

    async def forward(request: web.Request) -> web.StreamResponse:
        headers = passed(request.headers)
        headers["Authorization"] = f"Bearer {token}"
        body = request.content if request.body_exists else None
        async with request.app[SESSION].request(
            request.method, upstream + request.path_qs, headers=headers, data=body, allow_redirects=False
        ) as reply:
            response = web.StreamResponse(status=reply.status, reason=reply.reason, headers=passed(reply.headers))
            await response.prepare(request)
            async for chunk in reply.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
            return response

    app = web.Application(client_max_size=0)
    app.cleanup_ctx.append(session)
    app.router.add_route("*", "/{path:.*}", forward)
    return app


SESSION = web.AppKey("session", ClientSession)

if __name__ == "__main__":
    port, upstream, token, authority = sys.argv[1:5]
    uvloop.install()
    web.run_app(application(upstream, token, authority), host="127.0.0.1", port=int(port), print=None, backlog=1024)
