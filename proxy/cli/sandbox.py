"""`keyless sandbox`: the issuer and the API with made-up keys, alone; and whether a config's routes want them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from urllib.parse import urlsplit

import typer

from proxy.admin.told import shown
from proxy.cli.kit.options import DEFAULT_CONFIG, UnusedConfig, command_app, fail, print_rows
from proxy.cli.kit.stop import on_signals
from proxy.config.model import Config
from proxy.sandbox import KEY, SECRET, Sandbox
from proxy.sandbox.api import FEATURES
from proxy.sandbox.server import ISSUERS
from proxy.values.listen import is_loopback

DEFAULT_PORT = 8089
"""Where the shipped config looks for it."""
PREFIX = "/sandbox"

app = command_app()


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="On 127.0.0.1; 0 takes a free one.")] = DEFAULT_PORT,
    lifetime: Annotated[float, typer.Option(min=0.001, help="Seconds that the tokens live.")] = 30.0,
    _config: UnusedConfig = DEFAULT_CONFIG,
) -> None:
    """Serve an issuer and an API with made-up keys until Ctrl-C; for first steps, and for your tests."""
    asyncio.run(_serve(Sandbox(port=port, lifetime=lifetime)))


async def _serve(sandbox: Sandbox) -> None:
    told = on_signals()
    try:
        await sandbox.start()
    except OSError as error:
        fail(f"can't listen: {error.strerror or error}")
    _introduce(sandbox)
    await told.wait()
    await sandbox.stop()


def _introduce(sandbox: Sandbox) -> None:
    print(f"sandbox on {sandbox.url}")
    print_rows(
        [
            ("key", KEY),
            ("secret", SECRET),
            *(("tokens", f"{' or '.join(methods)} {sandbox.url}{path}") for _, methods, path, _ in ISSUERS),
            ("api", f"{sandbox.url}/STYLE/api/..., where STYLE is {', '.join(style for style, *_ in ISSUERS)}"),
            ("", ", ".join(path for path in FEATURES if "{" not in path)),
            ("control", f"POST {sandbox.url}/control/void kills every token"),
        ]
    )
    print("Ctrl-C stops.", flush=True)


@asynccontextmanager
async def standing_by(config: Config) -> AsyncIterator[str]:
    """The sandbox, if the routes lead to one on this machine that isn't there yet; yields what to say of it."""
    sandbox = wanted_by(config)
    if sandbox is None:
        yield ""
        return
    try:
        await sandbox.start()
    except OSError:
        yield f"sandbox on port {sandbox.port}: not started, the port is taken; another one may run there already"
        return
    try:
        yield f"sandbox on {sandbox.url}: made-up keys, and tokens that live {shown.duration(sandbox.lifetime)}"
    finally:
        await sandbox.stop()


def wanted_by(config: Config) -> Sandbox | None:
    """One for the address that the config's `/sandbox` routes lead to, if that is on this machine."""
    styles = {style for style, *_ in ISSUERS}
    for prefix, route in config.routes.items():
        where = urlsplit(route.upstream)
        if (
            (prefix == PREFIX or prefix.startswith(f"{PREFIX}/"))
            and where.scheme == "http"
            and where.port
            and is_loopback(where.hostname or "")
            and where.path.lstrip("/").partition("/")[0] in styles
        ):
            return Sandbox(host=where.hostname or "", port=where.port)
    return None
