"""`keyless sandbox`: the issuer and the API with made-up keys, alone."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from proxy.cli.kit.options import DEFAULT_CONFIG, UnusedConfig, command_app, fail, print_rows
from proxy.cli.kit.stop import on_signals
from proxy.sandbox import KEY, SECRET, Sandbox
from proxy.sandbox.api import FEATURES
from proxy.sandbox.server import ISSUERS

DEFAULT_PORT = 8089
"""Where the shipped config looks for it."""

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
