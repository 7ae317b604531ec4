"""`keyless store`: what the store holds, and its keys. It shows no token, and needs no running proxy."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer

from proxy.admin.told import shown
from proxy.auth.life.record import Record
from proxy.cli.kit.audited import write_down
from proxy.cli.kit.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    command_app,
    fail,
    load_or_exit,
    print_json,
    print_rows,
)
from proxy.cli.kit.progress import Progress
from proxy.config.loaded import Loaded
from proxy.config.place import state_folder
from proxy.config.secrets.seal import Unsealable
from proxy.tokens.records import Records
from proxy.tokens.store import StoreDown
from proxy.tokens.store.open import keeps_nothing, open_records
from proxy.tokens.store.state import LOGINS, open_logins

T = TypeVar("T")

app = command_app(no_args_is_help=True)


@app.callback()
def store() -> None:
    """List, clear or seal anew the stored tokens."""


@app.command("list")
def list_(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """List the stored records: whose they are, how long their tokens live, whether there is a refresh token."""
    known = _with_records(load_or_exit(config), _listed)
    if as_json:
        print_json(known)
    elif not known:
        print("the store is empty")
    else:
        print_rows([_row(each) for each in known], indent="")


@app.command()
def clear(
    provider: Annotated[str | None, typer.Argument(help="Only this provider's records.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing, though logins may be lost.")] = False,
) -> None:
    """Remove records; a refresh token that goes with one needs a new login. A running proxy keeps what it has."""

    async def remove(records: Records) -> int:
        wanted = [each for each in await _listed(records) if provider is None or provider in each["providers"]]
        if not yes and any(each["refresh_token"] for each in wanted):
            fail("this would remove refresh tokens, that is logins; with --yes it does", 2)
        if not yes and (closed := sum(each["problem"] is not None for each in wanted)):
            fail(f"{closed} that can't be opened may hold logins; with --yes they are removed", 2)
        with Progress("records", len(wanted)) as progress:
            for each in wanted:
                await progress.after(records.forget(each["key"]))
        return len(wanted)

    loaded = load_or_exit(config)
    removed = _with_records(loaded, remove)
    if removed:
        write_down(loaded, "admin", provider or "*", f"{removed} removed", action="store_clear")
    if provider is not None and not removed:
        fail(f"the store holds nothing of {provider}")
    print(f"{removed} removed")


@app.command("rotate-key")
def rotate_key(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Seal every record with the first of the store keys; then the others can go."""

    async def rotate(records: Records) -> tuple[int, list[str]]:
        done, failed = 0, []
        keys = await records.keys()
        with Progress("records", len(keys)) as progress:
            for key in keys:
                try:
                    done += await progress.after(records.rotate_key(key))
                except (Unsealable, ValueError):
                    failed.append(key)
        return done, failed

    done, failed = _with_records(load_or_exit(config), rotate)
    print(f"{done} sealed with the first key")
    if failed:
        fail(f"{len(failed)} can't be opened with any of the keys: " + ", ".join(key[:12] for key in failed))


def _with_records(loaded: Loaded, does: Callable[[Records], Awaitable[T]]) -> T:
    aside = keeps_nothing(loaded.config.store)
    if aside and not (state_folder(os.environ) / LOGINS).exists():
        fail("store: memory holds nothing outside of the running proxy but logins; see docs/stores.md")

    async def run() -> T:
        config = loaded.config
        records = open_logins(os.environ) if aside else open_records(config.store, config.store_key, loaded.folder)
        try:
            return await does(records)
        finally:
            await records.close()

    try:
        return asyncio.run(run())
    except StoreDown as down:
        fail(str(down))


async def _listed(records: Records) -> list[dict[str, Any]]:
    keys = await records.keys()
    with Progress("records", len(keys)) as progress:
        return [await progress.after(_known(key, records)) for key in keys]


async def _known(key: str, records: Records) -> dict[str, Any]:
    """Times are Unix seconds. No token is in it, nor any part of one."""
    try:
        record = await records.peek(key) or Record(0)
        problem = None
    except Unsealable as error:
        record, problem = Record(0), str(error)
    except ValueError:
        record, problem = Record(0), "damaged"
    return {
        "key": key,
        "providers": list(record.names),
        "generation": record.generation,
        "expires_at": None if record.value is None else round(record.expires, 3),
        "refresh_token": record.refresh_token is not None,
        "interrupted": record.intent is not None,
        "problem": problem,
    }


def _row(known: dict[str, Any]) -> tuple[str, ...]:
    if known["problem"]:
        return (known["key"][:12], "?", known["problem"])
    left = None if known["expires_at"] is None else known["expires_at"] - time.time()
    token = "no token" if left is None else "expired" if left <= 0 else f"expires in {shown.duration(left)}"
    more = [
        word for word, holds in (("refresh token", "refresh_token"), ("interrupted", "interrupted")) if known[holds]
    ]
    return (known["key"][:12], ", ".join(known["providers"]), ", ".join([token, *more]))
