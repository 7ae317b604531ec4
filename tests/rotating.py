"""An authorization server that rotates refresh tokens, detects their reuse, allows a short grace, and counts."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web


@dataclass
class RotatingIssuer:
    """`newest` is the only refresh token that is good; the one before it still is for `grace` seconds (RFC 9700 §4.14).

    Any other one is a theft: the whole family is revoked. `again` makes it answer without a refresh token, as issuers
    that don't rotate do.
    """

    grace: float = 10.0
    lifetime: int = 3600
    rotates: bool = True
    counts: Counter[str] = field(default_factory=Counter)
    newest: str = "refresh-0"
    revoked: bool = False
    url: str = ""
    _previous: str | None = None
    _rotated_at: float = 0.0
    _live: set[str] = field(default_factory=set)
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes([web.post("/token", self._token), web.get("/api", self._api)])
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def provider(self) -> dict[str, Any]:
        """What a config says of it."""
        return {
            "scheme": "oauth2",
            "grant": "refresh_token",
            "token_url": f"{self.url}/token",
            "client_id": "app",
            "client_auth": "none",
            "refresh_token": "refresh-0",
        }

    def good(self, access_token: str) -> bool:
        return access_token in self._live

    def void(self) -> None:
        self._live.clear()

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        given = str(form.get("refresh_token"))
        self.counts["calls"] += 1
        verdict = self._judge(given)
        self.counts[verdict] += 1
        if verdict in ("revoked", "reuse"):
            return web.json_response({"error": "invalid_grant", "error_description": verdict}, status=400)
        if verdict == "rotation" and self.rotates:
            self._previous, self._rotated_at = self.newest, time.monotonic()
            self.newest = f"refresh-{self.counts['rotation']}-{secrets.token_hex(4)}"
        access = f"access-{self.counts['calls']}-{secrets.token_hex(4)}"
        self._live.add(access)
        told = {"refresh_token": self.newest} if self.rotates else {}
        return web.json_response({"access_token": access, "expires_in": self.lifetime, **told})

    def _judge(self, given: str) -> str:
        if self.revoked:
            return "revoked"
        if given == self.newest:
            return "rotation"
        if given == self._previous and time.monotonic() - self._rotated_at < self.grace:
            return "grace"
        self.revoked = True
        return "reuse"

    async def _api(self, request: web.Request) -> web.Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.counts["api"] += 1
        return web.json_response({"ok": True}) if token in self._live else web.Response(status=401)
