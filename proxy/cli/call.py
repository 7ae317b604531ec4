"""`keyless call`: one request through the config without a server, as curl would send it.

The same service as `run`'s serves it, in this process: nothing listens.
"""

from __future__ import annotations

import asyncio
import re
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated, NamedTuple

import aiohttp
import typer
from multidict import CIMultiDict
from yarl import URL

from proxy import __version__
from proxy.app import Service
from proxy.cli.kit.options import DEFAULT_CONFIG, ConfigOption, command_app, fail, load_or_exit, method_of, target_of
from proxy.cli.kit.standby import standing_by
from proxy.config.loaded import Loaded
from proxy.config.model import Browser, Log
from proxy.errors import Fault
from proxy.http.grammar import TOKEN
from proxy.library.inside import BASE, inside
from proxy.logs import setup
from proxy.plan.router import Router
from proxy.plan.target import split_path

_HEADER = re.compile(rf"({TOKEN.pattern}):[ \t]*([^\r\n\0]*)")

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
    """Send one request through the config without a server, as curl would; the reply's body goes to stdout.

    A status of 400 or more is exit code 1.
    """
    method = method_of(method)
    if data and json is not None:
        fail("give one of --data and --json, not both", 2)
    more, body = _body(data, json)
    headers = CIMultiDict(map(_header, header or []))
    for name, value in {"User-Agent": f"keyless/{__version__}", **more}.items():
        headers.setdefault(name, value)
    loaded = load_or_exit(config)
    setup.configure(Log(level="error"))
    status = asyncio.run(_call(loaded, Request(method, target_of(path, loaded.config.doors), headers, body), include))
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


def narrowed(loaded: Loaded, target: str) -> Loaded:
    """The config for this one request: only its route, so that no other issuer is asked; whoever runs this may ask."""
    routes = loaded.config.routes
    try:
        path, _ = split_path(target.encode("utf-8", "surrogateescape"))
        matched = Router({prefix: prefix for prefix in routes}).match(path)
    except Fault:
        matched = None  # the service says so too, in its own words
    taken = [matched[0]] if matched else []
    only = loaded.only(routes=taken, providers=[routes[prefix].provider for prefix in taken])
    return only.with_config(clients=[], browser=Browser(), log=Log(access=False))


async def _call(loaded: Loaded, request: Request, include: bool) -> int:
    """Bytes as they come: what was asked for with `Accept-Encoding` is printed as it is."""
    options = {"auto_decompress": False, "skip_auto_headers": ("Accept-Encoding", "Content-Type")}
    only = narrowed(loaded, request.target)
    async with standing_by(only.config), Service(only) as service:
        try:
            async with inside(service, **options) as session, _sent(session, request) as reply:
                return await _print(reply, include)
        except (aiohttp.ClientError, ValueError) as error:
            fail(f"the exchange broke: {type(error).__name__}")


def _sent(session: aiohttp.ClientSession, request: Request) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
    url = URL(BASE + request.target, encoded=True)
    return session.request(request.method, url, headers=request.headers, data=request.body, allow_redirects=False)


async def _print(reply: aiohttp.ClientResponse, include: bool) -> int:
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
