"""`keyless call`: one request through the config without a server, as curl would send it.

The same service as `run`'s serves it, on a free loopback port, for one client with a key that nobody else has.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, NamedTuple

import aiohttp
import typer
from multidict import CIMultiDict
from yarl import URL

from proxy import __version__, logs
from proxy.app import Service
from proxy.cli.kit.options import DEFAULT_CONFIG, ConfigOption, command_app, fail, load_or_exit, method_of, target_of
from proxy.cli.sandbox import standing_by
from proxy.config.loaded import Loaded
from proxy.config.model import Browser, Client, ClientKey, Log
from proxy.errors import Fault
from proxy.http.grammar import TOKEN
from proxy.plan.headers import KEYS
from proxy.plan.router import Router
from proxy.plan.target import split_path

_HEADER = re.compile(rf"({TOKEN.pattern}):[ \t]*([^\r\n\0]*)")
_OWN_KEY = frozenset(name.decode() for name in KEYS)

app = command_app()


class Request(NamedTuple):
    method: str
    target: str
    headers: CIMultiDict[str]
    body: bytes | None

    def __repr__(self) -> str:
        return f"Request({self.method})"


@app.command()
def call(
    method: Annotated[str, typer.Argument(help="GET, POST, ...")],
    path: Annotated[str, typer.Argument(help="A path of the proxy such as /sandbox/echo, or its whole URL.")],
    config: ConfigOption = DEFAULT_CONFIG,
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data", "-d", metavar="DATA", help="A form's fields, or any body; @FILE reads it, @- from stdin."
        ),
    ] = None,
    json: Annotated[str | None, typer.Option("--json", metavar="DATA", help="A JSON body; @FILE and @- too.")] = None,
    header: Annotated[list[str] | None, typer.Option("--header", "-H", metavar="'NAME: VALUE'")] = None,
    include: Annotated[bool, typer.Option("--include", "-i", help="Print status and headers too.")] = False,
) -> None:
    """Send one request as curl would; the reply's body goes to stdout. A status of 400 or more is exit code 1."""
    method = method_of(method)
    if data and json is not None:
        fail("give one of --data and --json, not both", 2)
    more, body = _body(data, json)
    headers = CIMultiDict(map(_header, header or []))
    for name, value in {"User-Agent": f"keyless/{__version__}", **more}.items():
        headers.setdefault(name, value)
    loaded = load_or_exit(config)
    logs.configure(Log(level="error"))
    status = asyncio.run(_call(loaded, Request(method, target_of(path), headers, body), include))
    raise typer.Exit(int(status >= 400))


def _body(data: list[str] | None, json: str | None) -> tuple[dict[str, str], bytes | None]:
    """The body, and the headers that curl adds for it."""
    if json is not None:
        return {"Content-Type": "application/json", "Accept": "application/json"}, _read(json)
    if not data:
        return {}, None
    return {"Content-Type": "application/x-www-form-urlencoded"}, b"&".join(map(_read, data))


def _read(written: str) -> bytes:
    if not written.startswith("@"):
        return written.encode("utf-8", "surrogateescape")
    if written == "@-":
        return sys.stdin.buffer.read()
    try:
        return Path(written[1:]).read_bytes()
    except OSError as error:
        fail(f"{written[1:]}: {error.strerror}", 2)


def _header(written: str) -> tuple[str, str]:
    match = _HEADER.fullmatch(written)
    if match is None:
        fail("a header is written 'Name: value'", 2)
    return match[1], match[2].rstrip()


def narrowed(loaded: Loaded, target: str, key: str) -> Loaded:
    """The config for this one request: only its route, so that no other issuer is asked; only this client."""
    config = loaded.config
    try:
        path, _ = split_path(target.encode("utf-8", "surrogateescape"))
        matched = Router({prefix: prefix for prefix in config.routes}).match(path)
    except Fault:
        matched = None  # the service says so too, in its own words
    routes = {matched[0]: config.routes[matched[0]]} if matched else {}
    used = {route.provider for route in routes.values()}
    changes = {
        "listen": ["127.0.0.1:0"],
        "routes": routes,
        "providers": {name: each for name, each in config.providers.items() if name in used},
        "clients": [Client(name="call", key=[ClientKey(key=key)])],
        "browser": Browser(),
        "log": Log(access=False),
    }
    unconfigured = {name: missing for name, missing in loaded.unconfigured.items() if name in used}
    return replace(loaded, config=config.model_copy(update=changes), unconfigured=unconfigured)


async def _call(loaded: Loaded, request: Request, include: bool) -> int:
    key = secrets.token_urlsafe(32)
    # The proxy takes all of these off; here they would hide the key that opens it.
    headers = CIMultiDict((name, value) for name, value in request.headers.items() if name.lower() not in _OWN_KEY)
    headers["Authorization"] = f"Bearer {key}"
    own = narrowed(loaded, request.target, key)
    async with standing_by(own.config), Service(own) as service:
        url = (await service.listen())[0].url
        try:
            return await _exchange(url, request._replace(headers=headers), include)
        except (aiohttp.ClientError, ValueError) as error:
            fail(f"the exchange broke: {type(error).__name__}")


async def _exchange(url: str, request: Request, include: bool) -> int:
    """Bytes as they come: what was asked for with `Accept-Encoding` is printed as it is."""
    async with (
        aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            skip_auto_headers=("Accept-Encoding", "Content-Type"),
        ) as session,
        session.request(
            request.method,
            URL(url + request.target, encoded=True),
            headers=request.headers,
            data=request.body,
            allow_redirects=False,
        ) as reply,
    ):
        out = sys.stdout.buffer
        if include:
            out.write(_head(reply))
        async for chunk in reply.content.iter_any():
            out.write(chunk)
            out.flush()
        out.flush()
        return reply.status


def _head(reply: aiohttp.ClientResponse) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} {reply.reason}".encode("latin-1", "replace")]
    return b"\n".join([*lines, *(b"%b: %b" % pair for pair in reply.raw_headers), b"", b""])
