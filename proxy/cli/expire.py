"""`keyless expire`: kills a token of the running proxy on purpose, to rehearse its death."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from proxy.admin.report import ProviderReport
from proxy.cli.kit.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    command_app,
    fail,
    load_or_exit,
    named_or_exit,
    print_json,
)
from proxy.cli.kit.running import Wanted, ask_or_exit, read_or_exit

app = command_app()


@app.command()
def expire(
    provider: Annotated[str, typer.Argument(help="A provider of the running proxy.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Let the proxy that runs with this config take PROVIDER's token for dead; the next request gets a new one."""
    loaded = load_or_exit(config)
    named_or_exit(provider, loaded)  # whether it's asleep is for the running proxy to say: its environment may differ
    page = f"providers/{quote(provider, safe='')}/expire"
    document = ask_or_exit(config, loaded, Wanted("expire", (provider,), "POST", page))
    report = read_or_exit(ProviderReport.read, document)
    if report.state == "static":
        fail(f"{provider} is static: its credential never expires")
    if as_json:
        print_json(document)
    elif report.state == "refused":
        print(f"{provider}: token {report.generation} counts as dead; the next request gets a new one")
    else:
        print(f"{provider}: has no token to kill, its state is {report.state}")
