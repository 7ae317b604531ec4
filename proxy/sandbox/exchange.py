"""What every feature of the sandbox's API is given, and the ways it answers.

Owns: reading arguments, sending replies and streams, masking credentials. Must not know: which features exist.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from proxy.sandbox.reply import Reply
from proxy.sandbox.state import State
from proxy.sandbox.styles import Style
from proxy.sandbox.tokens import Token

CREDENTIAL_HEADERS = frozenset(
    (
        "authorization",
        "proxy-authorization",
        "cookie",
        "x-api-key",
        "api-key",
        "x-goog-api-key",
        "x-auth-token",
    )
)
QUERY_TOKEN = "access_token"  # noqa: S105 -- the parameter's name
MASK = "***"


@dataclass(slots=True)
class Exchange:
    """One call of the API whose token was good."""

    state: State
    request: web.Request
    style: Style
    token: Token = field(repr=False)

    def flag(self, name: str) -> bool:
        return self.request.query.get(name, "0") not in ("", "0", "false")

    def number(self, name: str, default: int, most: int) -> int:
        return whole(name, self.request.query.get(name, str(default)), most)

    def seconds(self, name: str, default: float = 0.0, most: float = 600.0) -> float:
        written = self.request.query.get(name, str(default))
        if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", written) or float(written) > most:
            raise bad(f"{name}: expected seconds from 0 to {most:g}")
        return float(written)


def bad(message: str) -> web.HTTPBadRequest:
    """The sandbox was misused: an error of its own, in the words of no vendor."""
    return web.HTTPBadRequest(text=json.dumps({"error": message}), content_type="application/json")


def whole(name: str, written: str, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", written) or int(written) > most:
        raise bad(f"{name}: expected a whole number from 0 to {most}")
    return int(written)


def send(reply: Reply) -> web.Response:
    headers = [*reply.headers, ("Content-Type", reply.content_type)]
    return web.Response(status=reply.status, body=reply.body, headers=headers)


def send_json(document: Any, status: int = 200) -> web.Response:
    return web.json_response(document, status=status)


async def stream(
    request: web.Request, chunks: AsyncIterator[bytes], headers: Mapping[str, str], status: int = 200
) -> web.StreamResponse:
    """Send chunks as they come, chunked unless the headers give a length; to HEAD the headers alone."""
    response = web.StreamResponse(status=status, headers=headers)
    await response.prepare(request)
    if request.method != "HEAD":
        async for chunk in chunks:
            await response.write(chunk)
    await response.write_eof()
    return response


async def cut_short(request: web.Request, reply: Reply) -> web.StreamResponse:
    """Announce more than is sent, then end the connection."""
    headers = [*reply.headers, ("Content-Type", reply.content_type)]
    response = web.StreamResponse(status=reply.status, headers=headers)
    response.content_length = len(reply.body) + 100
    await response.prepare(request)
    await response.write(reply.body)
    if request.transport is not None:
        request.transport.close()
    return response


def hang_up(request: web.Request) -> web.Response:
    """End the connection without a byte; the returned response goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


# ------------------------------------------------------------------------------------------- masking


def masked_headers(pairs: Iterable[tuple[str, str]], secret: str | None) -> dict[str, Any]:
    """Headers by lower-case name: credentials as how often they came, the rest as value or list of values."""
    counts: dict[str, int] = {}
    values: dict[str, list[str]] = {}
    for written, value in pairs:
        name = written.lower()
        if name in CREDENTIAL_HEADERS:
            counts[name] = counts.get(name, 0) + 1
        else:
            values.setdefault(name, []).append(value.replace(secret, MASK) if secret else value)
    return {**_unwrapped(values), **counts}


def masked_query(request: web.Request) -> dict[str, Any]:
    values: dict[str, list[str]] = {}
    for name, value in request.query.items():
        values.setdefault(name, []).append(MASK if name == QUERY_TOKEN else value)
    return _unwrapped(values)


def masked_raw_query(request: web.Request) -> str:
    """The query as it came, escapes and order kept."""
    raw = request.raw_path.partition("?")[2]
    return re.sub(rf"(^|&)({QUERY_TOKEN}=)[^&]*", rf"\1\2{MASK}", raw)


def raw_headers(request: web.Request) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers)


def _unwrapped(values: Mapping[str, list[str]]) -> dict[str, Any]:
    return {name: given[0] if len(given) == 1 else given for name, given in values.items()}
