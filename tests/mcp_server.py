"""A real MCP server that checks tokens, and gives them: the SDK's own, in a thread; it counts everything.

The SDK checks what the RFCs ask of a client (registration, PKCE, redirect URI, `resource`), so that one that does less
fails here.
"""

from __future__ import annotations

import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from mcp.server.auth.provider import (
    AccessToken,
    AuthorizationCode,
    AuthorizationParams,
    RefreshToken,
    construct_redirect_uri,
)
from mcp.server.auth.settings import AuthSettings, ClientRegistrationOptions, RevocationOptions
from mcp.server.mcpserver import Context, MCPServer
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from pydantic import AnyHttpUrl

PATIENCE = 20.0
SCOPE = "use"


@dataclass
class Seen:
    """A request that came, and the status that it got."""

    method: str
    path: str
    headers: dict[str, str]
    status: int = 0

    @property
    def session(self) -> str | None:
        return self.headers.get("mcp-session-id")


@dataclass
class People:
    """Who may ask: the SDK's interface of an authorization server, over dictionaries. Everyone says yes at once."""

    lifetime: int = 3600
    clients: dict[str, OAuthClientInformationFull] = field(default_factory=dict)
    codes: dict[str, AuthorizationCode] = field(default_factory=dict)
    tokens: dict[str, AccessToken] = field(default_factory=dict)
    refresh_tokens: dict[str, RefreshToken] = field(default_factory=dict)
    refreshed: int = 0

    async def get_client(self, client_id: str) -> OAuthClientInformationFull | None:
        return self.clients.get(client_id)

    async def register_client(self, client_info: OAuthClientInformationFull) -> None:
        self.clients[str(client_info.client_id)] = client_info

    async def authorize(self, client: OAuthClientInformationFull, params: AuthorizationParams) -> str:
        code = AuthorizationCode(
            code=secrets.token_urlsafe(24),
            scopes=params.scopes or [],
            expires_at=time.time() + 60,
            client_id=str(client.client_id),
            code_challenge=params.code_challenge,
            redirect_uri=params.redirect_uri,
            redirect_uri_provided_explicitly=params.redirect_uri_provided_explicitly,
            resource=params.resource,
            subject="someone",
        )
        self.codes[code.code] = code
        return construct_redirect_uri(str(params.redirect_uri), code=code.code, state=params.state)

    async def load_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: str
    ) -> AuthorizationCode | None:
        code = self.codes.get(authorization_code)
        return code if code is not None and code.client_id == client.client_id else None

    async def exchange_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: AuthorizationCode
    ) -> OAuthToken:
        del self.codes[authorization_code.code]
        return self._issue(str(client.client_id), authorization_code.scopes, authorization_code.resource)

    async def load_refresh_token(self, client: OAuthClientInformationFull, refresh_token: str) -> RefreshToken | None:
        known = self.refresh_tokens.get(refresh_token)
        return known if known is not None and known.client_id == client.client_id else None

    async def exchange_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: RefreshToken, scopes: list[str]
    ) -> OAuthToken:
        del self.refresh_tokens[refresh_token.token]
        self.refreshed += 1
        return self._issue(str(client.client_id), scopes, refresh_token.resource)

    async def load_access_token(self, token: str) -> AccessToken | None:
        return self.tokens.get(token)

    async def revoke_token(self, token: AccessToken | RefreshToken) -> None:
        self.tokens.pop(token.token, None)
        self.refresh_tokens.pop(token.token, None)

    def _issue(self, client: str, scopes: list[str], resource: str | None) -> OAuthToken:
        access, refresh = (f"{kind}-{secrets.token_hex(16)}" for kind in ("access", "refresh"))
        shared: dict[str, Any] = {"client_id": client, "scopes": scopes, "resource": resource, "subject": "someone"}
        self.tokens[access] = AccessToken(token=access, expires_at=int(time.time()) + self.lifetime, **shared)
        self.refresh_tokens[refresh] = RefreshToken(token=refresh, **shared)
        return OAuthToken(access_token=access, expires_in=self.lifetime, scope=" ".join(scopes), refresh_token=refresh)


@dataclass
class McpServer:
    url: str
    people: People = field(default_factory=People)
    seen: list[Seen] = field(default_factory=list)

    @property
    def calls(self) -> list[Seen]:
        return [each for each in self.seen if each.path == "/mcp"]

    @property
    def registered(self) -> list[OAuthClientInformationFull]:
        return list(self.people.clients.values())

    @property
    def secrets(self) -> list[str]:
        known = [*self.people.tokens, *self.people.refresh_tokens]
        return known + [each.client_secret for each in self.registered if each.client_secret]

    def kill_tokens(self) -> None:
        self.people.tokens.clear()

    def application(self, app: Any) -> Any:
        async def noted(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
            seen = Seen(scope["method"], scope["path"], headers)
            self.seen.append(seen)

            async def answer(message: Any) -> None:
                if message["type"] == "http.response.start":
                    seen.status = message["status"]
                await send(message)

            await app(scope, receive, answer)

        return noted


def _server(origin: str, people: People) -> MCPServer[Any]:
    auth = AuthSettings(
        issuer_url=AnyHttpUrl(origin),
        resource_server_url=AnyHttpUrl(f"{origin}/mcp"),
        validate_token_resource=True,
        required_scopes=[SCOPE],
        client_registration_options=ClientRegistrationOptions(
            enabled=True, valid_scopes=[SCOPE], default_scopes=[SCOPE]
        ),
        revocation_options=RevocationOptions(enabled=True),
    )
    server: MCPServer[Any] = MCPServer("tools", auth=auth, auth_server_provider=people, log_level="ERROR")

    @server.tool()
    async def add(a: int, b: int) -> int:
        """The sum."""
        return a + b

    @server.tool()
    async def count(to: int, ctx: Context[Any]) -> str:
        """Tells how far it is, in notifications of this request."""
        for step in range(1, to + 1):
            await ctx.report_progress(step, to)
        return "counted"

    @server.tool()
    async def announce(ctx: Context[Any]) -> str:
        """Has something said to the whole session: over the stream that the client keeps open by a GET."""
        await ctx.session.send_tool_list_changed()
        return "announced"

    return server


@contextmanager
def serving() -> Iterator[McpServer]:
    listener = socket.create_server(("127.0.0.1", 0))
    running = McpServer(f"http://127.0.0.1:{listener.getsockname()[1]}")
    app = running.application(_server(running.url, running.people).streamable_http_app())
    config = uvicorn.Config(app, log_level="critical", lifespan="on", timeout_graceful_shutdown=1, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield running
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        listener.close()
