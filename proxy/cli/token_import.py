"""`keyless token import`: a token that was made elsewhere goes into the store, as the provider's next one.

It comes on stdin, never as an argument: other programs of the machine can read those. A proxy that shares the store
takes it over at once.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import re
import sys
from dataclasses import replace
from typing import Annotated, Any, NamedTuple

import typer

from proxy import clock
from proxy.admin.told import shown
from proxy.auth.life.lifecycle import Lifecycle, State
from proxy.auth.life.record import Record
from proxy.auth.reading.lifetime import jwt_end
from proxy.auth.reading.reply import LONGEST_TOKEN
from proxy.auth.reading.times import LONGEST, absolute
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.token import Minted
from proxy.cli.kit.audited import write_down
from proxy.cli.kit.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    awake_or_exit,
    command_app,
    fail,
    load_or_exit,
    print_json,
)
from proxy.config.loaded import Loaded
from proxy.config.model import Log
from proxy.logs import setup
from proxy.plan.compile import compile_plan
from proxy.tokens.records import Records, new_login
from proxy.tokens.store import StoreDown
from proxy.tokens.store.open import keeps_nothing, open_records
from proxy.tokens.store.state import open_logins
from proxy.values import units

_VISIBLE = re.compile(r"[!-~](?:[ -~]*[!-~])?")

app = command_app()


class Given(NamedTuple):
    """`expires` is Unix time, None for a refresh token."""

    value: str
    expires: float | None

    def __repr__(self) -> str:
        return f"Given(expires={self.expires})"


@app.command("import")
def import_(
    provider: Annotated[str, typer.Argument(help="A provider of the config.")],
    config: ConfigOption = DEFAULT_CONFIG,
    refresh_token: Annotated[
        bool, typer.Option("--refresh-token", help="It is a refresh token; the next access token is got with it.")
    ] = False,
    expires_in: Annotated[str | None, typer.Option(metavar="DURATION", help="How long it lives: 1h, 30d.")] = None,
    expires_at: Annotated[str | None, typer.Option(metavar="TIME", help="When it dies: 2030-01-31T12:00:00Z.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Put a token that was made elsewhere into the store; it is read from stdin."""
    expires = _told(expires_in, expires_at)
    if refresh_token and expires is not None:
        fail("a refresh token has no expiry here: the issuer says when it has died", 2)
    loaded = load_or_exit(config)
    awake_or_exit(provider, loaded)
    setup.configure(Log(level="error"))
    scheme, life = _parts(provider, loaded)
    _check_place(provider, scheme, life, loaded.config.store)
    if refresh_token and not scheme.one_shot:
        fail(f"the login of {provider} uses no refresh token; import an access token", 2)
    value = _read()
    given = Given(value, None if refresh_token else _expiry(value, expires))
    try:
        record = asyncio.run(_keep(loaded, provider, scheme, life, given))
    except StoreDown as down:
        write_down(loaded, "token_import", provider, "not_kept")
        fail(f"the store can't be used: {down}")
    write_down(loaded, "token_import", provider, "kept", kind="refresh_token" if refresh_token else "access_token")
    _tell(provider, record, as_json)


def _told(expires_in: str | None, expires_at: str | None) -> float | None:
    """Unix time, or None if nothing was said."""
    if expires_in is not None and expires_at is not None:
        fail("give one of --expires-in and --expires-at, not both", 2)
    if expires_in is not None:
        try:
            return clock.now().wall + units.duration(expires_in)
        except ValueError as error:
            fail(f"--expires-in: {error}", 2)
    moment = None if expires_at is None else absolute(expires_at, "iso")
    if expires_at is not None and moment is None:
        fail("--expires-at: expected a time such as 2030-01-31T12:00:00Z", 2)
    return moment


def _check_place(provider: str, scheme: Scheme, life: Lifecycle, store: str) -> None:
    if life.state(clock.now()) is State.STATIC:
        fail(f"{provider} is static: its token stands in the config, and nothing takes its place", 2)
    if keeps_nothing(store) and scheme.by_person is None:
        fail("with `store: memory` nothing is kept; set `store: file:DIR`, or a Redis URL, then import", 2)


def _parts(provider: str, loaded: Loaded) -> tuple[Scheme, Lifecycle]:
    """What a proxy with this config would keep the token by."""
    only = loaded.only(providers=[provider]).with_config(clients=[])
    plan = compile_plan(only, clock.draw, clock.now()).providers[provider]
    if plan.scheme is None or plan.life is None:
        fail(f"{provider} can't be used")
    return plan.scheme, plan.life()


def _read() -> str:
    """One line from stdin, unseen where a person types it."""
    written = getpass.getpass("token: ") if sys.stdin.isatty() else sys.stdin.read(2 * LONGEST_TOKEN)
    value = written.strip()
    if not value:
        fail("nothing came on stdin; pipe the token in", 2)
    if len(value) > LONGEST_TOKEN or not _VISIBLE.fullmatch(value):
        fail("what came on stdin is no token: it is too long, or holds characters that no header can carry", 2)
    return value


def _expiry(value: str, told: float | None) -> float:
    """The JWT's own end, or what was said; the earlier of the two."""
    ends = [end for end in (jwt_end(value), told) if end is not None]
    if not ends:
        fail("the token doesn't tell when it dies; say so with --expires-in or --expires-at", 2)
    now = clock.now().wall
    if min(ends) <= now:
        fail(f"the token has died at {shown.moment(min(ends))}")
    return min(*ends, now + LONGEST)


async def _keep(loaded: Loaded, provider: str, scheme: Scheme, life: Lifecycle, given: Given) -> Record:
    """Under the lease, so that no flight is in the air. Raises StoreDown."""
    records = _records(loaded, scheme)
    try:
        async with records.lease(scheme.identity):
            found = await records.find(scheme.identity)
            record = _next(found or Record(0, names=(provider,)), life, given)
            record = replace(record, login=new_login())  # of whichever account
            await _written(records, scheme.identity, record)
            return record
    finally:
        await records.close()


def _records(loaded: Loaded, scheme: Scheme) -> Records:
    store = loaded.config.store
    if keeps_nothing(store) and scheme.by_person is not None:
        return open_logins(os.environ)
    return open_records(store, loaded.config.store_key, loaded.folder)


def _next(found: Record, life: Lifecycle, given: Given) -> Record:
    """The next generation. A refresh token waits to be used, an access token leaves the refresh token as it is."""
    if given.expires is None:
        return Record(found.generation + 1, refresh_token=given.value, names=found.names)
    now = clock.now()
    minted = Minted(given.value, given.expires - now.wall, refresh_token=found.refresh_token)
    return Record.of(life.draft(now, minted, found.generation), found.names)


async def _written(records: Records, key: str, record: Record) -> None:
    if not await records.keep(key, record):
        raise StoreDown("another process has kept a later token meanwhile; try again")


def _tell(provider: str, record: Record, as_json: bool) -> None:
    known: dict[str, Any] = {"provider": provider, "generation": record.generation}
    known["expires_at"] = round(record.expires, 3) if record.value is not None else None
    if as_json:
        print_json(known | {"kind": "refresh_token" if record.value is None else "access_token"})
    elif record.value is None:
        print(f"{provider}: refresh token imported; the next request gets an access token with it")
    else:
        print(f"{provider}: token imported; it expires {shown.moment(record.expires)}")
