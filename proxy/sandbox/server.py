"""The sandbox as a server on loopback.

Owns: the listener's life, the token endpoints' HTTP side, and the index page. Must not know: which replies are right.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from functools import partial
from typing import Self
from urllib.parse import parse_qsl

from aiohttp import web

from proxy.sandbox import api, control, issuer
from proxy.sandbox.exchange import cut_short, hang_up, send, send_json
from proxy.sandbox.issuer import Ask, Desk
from proxy.sandbox.oauth2 import discovery, oauth2
from proxy.sandbox.reply import Reply, json_reply
from proxy.sandbox.state import State

Grant = Callable[[Ask, Desk], Reply]

MAX_BODY = 4 * 1024 * 1024
"""Of bodies that are read whole (token requests, chats, /control); uploads and echo have no bound."""
GRACE = 0.05
"""Seconds that calls in flight have when the sandbox stops. Tests stop it with calls held on purpose."""

ISSUERS: tuple[tuple[str, tuple[str, ...], str, Grant], ...] = (
    ("baidu", ("GET", "POST"), "/baidu/oauth/2.0/token", issuer.baidu),
    ("aiob", ("POST",), "/aiob/api/v2/getToken", issuer.aiob),
    ("session", ("POST",), "/session/auth/session", issuer.session),
    ("oauth2", ("POST",), "/oauth2/token", oauth2),
)


class Sandbox(State):
    """An issuer and an API on one port; its attributes are the switches and counters of `State`.

    Port 0 takes a free one. After `stop()`, `start()` listens on the same port again with the same tokens, as an API
    that was down for a while.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        lifetime: float = 30.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(lifetime=lifetime, clock=clock)
        self.host = host
        self.port = port
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        if not self.port:
            raise RuntimeError("the sandbox has no address before start()")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    async def start(self) -> None:
        if self._runner is not None:
            raise RuntimeError("the sandbox is already started")
        runner = web.AppRunner(application(self), access_log=None, handler_cancellation=True, shutdown_timeout=GRACE)
        await runner.setup()
        try:
            await web.TCPSite(runner, self.host, self.port).start()
        except BaseException:
            await runner.cleanup()
            raise
        self._runner, self.port = runner, runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


def application(state: State) -> web.Application:
    """Every path of the sandbox; also for those who serve it in an application of their own."""
    app = web.Application(client_max_size=MAX_BODY)
    for style, methods, path, grant in ISSUERS:
        for method in methods:
            app.router.add_route(method, path, partial(hand_out, state, style, grant))
    app.router.add_get("/oauth2/.well-known/openid-configuration", _discover)
    app.router.add_get("/", _index)
    app.router.add_routes([*api.routes(state), *control.routes(state)])
    return app


async def hand_out(state: State, style: str, grant: Grant, request: web.Request) -> web.StreamResponse:
    """One token request: counted, held back, and spoiled as the switches say; else granted or denied."""
    state.token_requests[style] += 1
    state.changed()
    ask = await _ask(request)
    await state.gate.wait()
    if state.issuer_delay:
        await asyncio.sleep(state.issuer_delay)
    if state.issuer_down == "close":
        return hang_up(request)
    if state.issuer_down is not False:
        return send(unavailable(503 if state.issuer_down is True else state.issuer_down, state.retry_after))
    if state.broken_reply is not None:
        return await _broken(state, state.broken_reply, request)
    now = state.clock()
    mint = partial(state.mint, style, now)
    return send(grant(ask, Desk(now, state.keys, mint, state.refresh_tokens, state.rotate_refresh)))


def unavailable(status: int, retry_after: float | None) -> Reply:
    headers = () if retry_after is None else (("Retry-After", f"{retry_after:g}"),)
    return json_reply(status, {"error": "temporarily_unavailable"}, *headers)


async def _broken(state: State, body: bytes, request: web.Request) -> web.StreamResponse:
    headers = () if state.broken_encoding is None else (("Content-Encoding", state.broken_encoding),)
    reply = Reply(200, body, state.broken_type, headers)
    return await cut_short(request, reply) if state.broken_cut else send(reply)


async def _ask(request: web.Request) -> Ask:
    body = await request.read()
    form = parse_qsl(body.decode(errors="replace"), keep_blank_values=True)
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    is_form = request.content_type == "application/x-www-form-urlencoded"
    return Ask(request.query, dict(form) if is_form else {}, document, request.headers.get("Authorization"))


async def _discover(request: web.Request) -> web.Response:
    return send(discovery(str(request.url.with_path("/oauth2"))))


async def _index(_request: web.Request) -> web.Response:
    document = {
        "keys": {"key": issuer.KEY, "secret": issuer.SECRET},
        "issuers": [f"{' or '.join(methods)} {path}" for _, methods, path, _ in ISSUERS],
        "api": [f"/STYLE/api/{path}" for path in api.FEATURES],
        "sdks": [path for _, path, _ in api.FOR_SDKS],
        "control": [
            "GET /control/state",
            "GET /control/requests",
            *(f"POST /control/{n}" for n in ("void", "set", "reset")),
        ],
    }
    return send_json(document)
