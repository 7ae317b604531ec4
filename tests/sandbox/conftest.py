"""A sandbox on loopback, a client, and a clock that only the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from proxy.sandbox import KEY, SECRET, Sandbox

STYLES = ("baidu", "aiob", "session", "oauth2")


@dataclass
class Clock:
    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class User:
    """Someone who knows each vendor's manners: how a token is asked for and where it goes."""

    http: aiohttp.ClientSession
    url: str

    async def ask(self, style: str, key: str = KEY, secret: str = SECRET) -> aiohttp.ClientResponse:
        query = {"grant_type": "client_credentials", "client_id": key, "client_secret": secret}
        requests: dict[str, tuple[str, dict[str, Any]]] = {
            "baidu": ("/baidu/oauth/2.0/token", {"params": query}),
            "aiob": ("/aiob/api/v2/getToken", {"json": {"accessKey": key, "secretKey": secret}}),
            "session": ("/session/auth/session", {"json": {"clientKey": key}}),
            "oauth2": ("/oauth2/token", {"data": query}),
        }
        path, options = requests[style]
        return await self.http.post(self.url + path, **options)

    async def login(self, style: str) -> str:
        document = await (await self.ask(style)).json()
        data = document.get("data", document)
        token = data.get("access_token") or data["accessToken"]
        assert isinstance(token, str)
        return token

    def call(self, style: str, path: str, token: str | None, **options: Any) -> Any:
        """GET unless `method` says otherwise, with the token in its vendor's place."""
        method = options.pop("method", "GET")
        query, headers = {**options.pop("params", {})}, {**options.pop("headers", {})}
        if token is not None and style == "baidu":
            query["access_token"] = token
        elif token is not None:
            headers["Authorization"] = token if style == "aiob" else f"Bearer {token}"
        url = path if path.startswith("/") else f"/{style}/api/{path}"
        return self.http.request(method, self.url + url, params=query, headers=headers, **options)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sandbox(clock: Clock) -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=clock) as running:
        yield running


@pytest.fixture
async def user(sandbox: Sandbox) -> AsyncIterator[User]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
        yield User(http, sandbox.url)


@pytest.fixture(params=STYLES)
def style(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name
