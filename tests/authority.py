"""An authorization server for tests: logins by browser and by device, rotation, revocation; it counts everything.

It checks what the RFCs ask of it (PKCE S256, redirect URI, single-use codes, client, rotation), so that a client that
does less fails here.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

CLIENT = "a-client"
SCOPE = "read offline_access"


@dataclass
class Authority:
    """Switches first, then the logs of what came."""

    iss: str | None = "right"
    """What a redirect says of the issuer: `right`, None, or another URL."""
    denies: str | None = None
    denies_unnamed: bool = False
    """A refusal does not say which issuer it comes from."""
    gives_refresh_token: bool = True
    polls: list[str] = field(default_factory=list)
    """What the next device polls answer; then they bring tokens."""
    revokes: int = 200
    lifetime: float = 3600.0
    interval: float = 5.0

    authorized: list[dict[str, str]] = field(default_factory=list)
    token_calls: list[dict[str, str]] = field(default_factory=list)
    revoked: list[tuple[str, str]] = field(default_factory=list)
    metadata_calls: int = 0
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    refresh_tokens: set[str] = field(default_factory=set)
    url: str = ""
    issued: list[str] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._metadata)
        app.router.add_get("/authorize", self._authorize)
        app.router.add_post("/device", self._device)
        app.router.add_post("/token", self._token)
        app.router.add_post("/revoke", self._revoke)
        app.router.add_get("/api", self._api)
        return app

    def provider(self, **more: Any) -> dict[str, Any]:
        """What a config says of it."""
        return {
            "scheme": "oauth2",
            "grant": "authorization_code",
            "issuer": self.url,
            "client_id": CLIENT,
            "client_auth": "none",
            "scope": SCOPE,
        } | more

    async def _metadata(self, _request: web.Request) -> web.Response:
        self.metadata_calls += 1
        return web.json_response(
            {
                "issuer": self.url,
                "token_endpoint": f"{self.url}/token",
                "authorization_endpoint": f"{self.url}/authorize",
                "device_authorization_endpoint": f"{self.url}/device",
                "revocation_endpoint": f"{self.url}/revoke",
                "authorization_response_iss_parameter_supported": self.iss is not None,
            }
        )

    async def _authorize(self, request: web.Request) -> web.Response:
        """The person says yes at once."""
        query = dict(request.query)
        self.authorized.append(query)
        wrong = [name for name in ("state", "code_challenge") if len(query.get(name, "")) < 32]
        fixed = {"response_type": "code", "client_id": CLIENT, "code_challenge_method": "S256"}
        wrong += [name for name, value in fixed.items() if query.get(name) != value]
        if wrong:
            return web.Response(status=400, text=f"wrong: {wrong}")
        answer = {"state": query["state"]}
        if self.denies is not None:
            answer |= {"error": "access_denied", "error_description": self.denies}
        else:
            code = secrets.token_urlsafe(16)
            self.codes[code] = query
            answer["code"] = code
        if self.iss is not None and not self.denies_unnamed:
            answer["iss"] = self.url if self.iss == "right" else self.iss
        raise web.HTTPFound(f"{query['redirect_uri']}?{urlencode(answer)}")

    async def _device(self, request: web.Request) -> web.Response:
        form = dict(await request.post())
        assert form == {"client_id": CLIENT, "scope": SCOPE}
        return web.json_response(
            {
                "device_code": "the-device-code",
                "user_code": "WDJB-MJHT",
                "verification_uri": f"{self.url}/activate",
                "verification_uri_complete": f"{self.url}/activate?user_code=WDJB-MJHT",
                "expires_in": 1800,
                "interval": self.interval,
            }
        )

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.token_calls.append(form)
        error = self._objection(form)
        if error is not None:
            return web.json_response({"error": error}, status=400)
        return web.json_response(self._tokens())

    def _objection(self, form: dict[str, str]) -> str | None:
        if form.get("client_id") != CLIENT:
            return "invalid_client"
        objections = {
            "authorization_code": self._to_code,
            "urn:ietf:params:oauth:grant-type:device_code": self._to_device,
            "refresh_token": self._to_refresh,
        }
        objection = objections.get(form.get("grant_type", ""))
        return "unsupported_grant_type" if objection is None else objection(form)

    def _to_code(self, form: dict[str, str]) -> str | None:
        asked = self.codes.pop(form.get("code", ""), {})
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proved = base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked.get("code_challenge")
        return None if proved and form.get("redirect_uri") == asked.get("redirect_uri") else "invalid_grant"

    def _to_device(self, form: dict[str, str]) -> str | None:
        if form.get("device_code") != "the-device-code":
            return "invalid_grant"
        return self.polls.pop(0) if self.polls else None

    def _to_refresh(self, form: dict[str, str]) -> str | None:
        """It rotates: each works once."""
        known = form.get("refresh_token", "")
        if known not in self.refresh_tokens:
            return "invalid_grant"
        self.refresh_tokens.remove(known)
        return None

    def _tokens(self) -> dict[str, Any]:
        access = f"access-{secrets.token_hex(8)}"
        self.issued.append(access)
        tokens: dict[str, Any] = {"access_token": access, "expires_in": self.lifetime, "scope": SCOPE}
        if self.gives_refresh_token:
            tokens["refresh_token"] = f"refresh-{secrets.token_hex(8)}"
            self.refresh_tokens.add(tokens["refresh_token"])
        return tokens

    async def _revoke(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        assert form.get("client_id") == CLIENT
        if self.revokes == 200:
            self.revoked.append((form["token_type_hint"], form["token"]))
            self.refresh_tokens.discard(form["token"])
            self.issued = [token for token in self.issued if token != form["token"]]
        return web.Response(status=self.revokes)

    async def _api(self, request: web.Request) -> web.Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return web.Response(status=200 if token in self.issued else 401, text="an answer")


@asynccontextmanager
async def serving(authority: Authority) -> AsyncIterator[Authority]:
    runner = web.AppRunner(authority.app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    authority.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield authority
    finally:
        await runner.cleanup()
