"""`keyless env`: what `exec` sets, for a shell that is there already."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from proxy.cli.exec import roots
from proxy.cli.exec.place import NoConfig, find
from proxy.cli.kit.options import command_app, fail
from proxy.config.model.client import NO_KEY
from proxy.errors import Fault
from proxy.process import asking, runtime
from proxy.process.lending.offer import Offer
from proxy.process.lending.tools import table
from proxy.process.lending.variables import ClaimedTwice, bypass, variables
from proxy.values import units

USUAL = "8h"


class Shell(Enum):
    SH = "sh"
    FISH = "fish"
    POWERSHELL = "powershell"
    JSON = "json"


app = command_app()


@app.command()
def env(
    routes: Annotated[list[str] | None, typer.Argument(metavar="ROUTE...", help="Only these routes.")] = None,
    shell: Annotated[Shell, typer.Option(help="The shell whose syntax to print.")] = Shell.SH,
    lifetime: Annotated[
        str, typer.Option("--for", metavar="TIME", help="How long a key is good, where the proxy asks for one.")
    ] = USUAL,
    revoke: Annotated[str | None, typer.Option(metavar="NAME", help="Take back a key that `status` lists.")] = None,
    config: Annotated[Path | None, typer.Option("--config", "-c", metavar="FILE", help="The config file.")] = None,
) -> None:
    """Print what `exec` sets, for `eval "$(keyless env)"`. A proxy must run.

    Where it has `clients`, a key is lent for the time of --for; `keyless status` lists it, --revoke takes it back.
    """
    path = _running_or_exit(config)
    if revoke is not None:
        print(f"{' '.join(_ask(path, 'revoke', revoke)['revoked'])}: taken back")
        return
    seconds = _seconds(lifetime)
    prefixes = list(routes or ())
    document = _ask(path, "routes", *prefixes)
    key = NO_KEY
    if _offer(document).clients:
        document = _ask(path, "lend", "env", str(seconds), *prefixes)
        key = document["key"]
    offer = _offer(document).holding(os.environ)
    try:
        given = variables(offer, key, table().sdks) | bypass(os.environ)
    except ClaimedTwice as error:
        fail(str(error).replace("--route ", "keyless env "), 2)
    print(written(given | _trusted(offer), shell))


def _offer(document: dict[str, Any]) -> Offer:
    try:
        return Offer.read(document["offer"])
    except (KeyError, ValueError):
        fail("the proxy that runs is of a release that this one doesn't know; restart it")


def _trusted(offer: Offer) -> dict[str, str]:
    if not offer.local_tls:
        return {}
    try:
        roots.write(os.environ)
    except roots.Untrusted as error:
        fail(str(error))
    return roots.variables(os.environ)


def _running_or_exit(config: Path | None) -> Path:
    try:
        place = find(config, os.environ)
    except NoConfig as error:
        fail(str(error), 2)
    if not place.runs:
        fail(f"no proxy runs with {place.config}; `keyless run` starts one, and `keyless exec` needs none")
    return place.config


def _seconds(lifetime: str) -> int:
    try:
        seconds = int(units.duration(lifetime))
    except ValueError as error:
        fail(f"--for: {error}", 2)
    if seconds < 1:
        fail("--for: expected a second at least", 2)
    return seconds


def _ask(path: Path, *words: str) -> dict[str, Any]:
    try:
        return asyncio.run(asking.ask(runtime.path_of(path, os.environ), *words))
    except Fault as fault:
        fail(fault.detail, 2 if words[0] == "routes" and fault.code == "no_route" else 1)
    except (OSError, ValueError):
        fail(f"the proxy that runs with {path} does not answer")


def written(given: dict[str, str], shell: Shell) -> str:
    """Lines for a shell to evaluate, or one object."""
    if shell is Shell.JSON:
        return json.dumps(given, indent=2, sort_keys=True)
    return "\n".join(_line(name, value, shell) for name, value in sorted(given.items()))


def _line(name: str, value: str, shell: Shell) -> str:
    if shell is Shell.FISH:
        quoted = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"set -gx {name} '{quoted}'"
    if shell is Shell.POWERSHELL:
        quoted = value.replace("'", "''")
        return f"$env:{name} = '{quoted}'"
    return f"export {name}={shlex.quote(value)}"
