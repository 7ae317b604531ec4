"""What an MCP server and its issuer would answer, by URL; a flow is played against it without a network."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import TypeAdapter

from proxy.auth.schemes import Provider, scheme_for
from proxy.auth.schemes.mcp.scheme import McpScheme
from proxy.auth.token import IssuerReply, Request

T = TypeVar("T")

HOST = "https://mcp.example.com"
SERVER = f"{HOST}/mcp"
ISSUER = "https://login.example.com/t1"
REDIRECT = "http://127.0.0.1:4711/callback"
RESOURCE_METADATA = f"{HOST}/.well-known/oauth-protected-resource/mcp"
ISSUER_METADATA = "https://login.example.com/.well-known/oauth-authorization-server/t1"
REGISTER = "https://login.example.com/register"
TOKEN = "https://login.example.com/token"

RESOURCE = {"resource": SERVER, "authorization_servers": [ISSUER], "scopes_supported": ["read", "write"]}
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://login.example.com/authorize",
    "token_endpoint": TOKEN,
    "registration_endpoint": REGISTER,
    "code_challenge_methods_supported": ["S256"],
    "token_endpoint_auth_methods_supported": ["none"],
}


def reply(status: int, document: Any = None, **headers: str) -> IssuerReply:
    body = document if isinstance(document, bytes) else b"" if document is None else json.dumps(document).encode()
    return IssuerReply(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def challenge(text: str = f'Bearer error="invalid_token", resource_metadata="{RESOURCE_METADATA}"') -> IssuerReply:
    return reply(401, www_authenticate=text)


@dataclass
class World:
    """`replies` by URL; for what is not there, 404. `asked` is what came."""

    replies: dict[str, IssuerReply] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)

    @property
    def urls(self) -> list[str]:
        return [getattr(request, "url", "") for request in self.asked]

    def play(self, flow: Generator[Any, IssuerReply, T]) -> T:
        try:
            request = next(flow)
            while True:
                self.asked.append(request)
                request = flow.send(self.replies.get(request.url, reply(404)))
        except StopIteration as stop:
            result: T = stop.value
            return result


def world(*, resource: Any = RESOURCE, metadata: Any = METADATA, **replies: IssuerReply) -> World:
    named = {SERVER: challenge(), RESOURCE_METADATA: reply(200, resource), ISSUER_METADATA: reply(200, metadata)}
    return World(named | replies)


def provider(**written: Any) -> Any:
    return TypeAdapter[Any](Provider).validate_python({"scheme": "mcp", "url": SERVER} | written)


def scheme(**written: Any) -> McpScheme:
    asked = provider(**written)
    made = scheme_for(asked, frozenset(filter(None, (asked.client_secret,))))
    assert isinstance(made, McpScheme)
    return made
