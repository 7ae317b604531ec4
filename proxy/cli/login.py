"""`keyless login`: a person logs in, in the browser or on another device; the store keeps the sealed refresh token."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, Any

import typer

from proxy.admin.told import shown
from proxy.app import Service
from proxy.auth.schemes import scheme_for
from proxy.auth.schemes.oauth2.device import Device
from proxy.auth.schemes.person import PersonLogin
from proxy.auth.token import Token
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
    print_rows,
    provider_of,
)
from proxy.config.loaded import Loaded
from proxy.config.model import Log
from proxy.config.place import state_folder
from proxy.errors import IssuerError
from proxy.logs import setup
from proxy.tokens import signin
from proxy.tokens.store import StoreDown
from proxy.tokens.store.open import keeps_nothing
from proxy.tokens.store.state import LOGINS

_NOT_REFRESHED = (
    "the issuer gave no refresh token, so this login ends with the token; many issuers give one for the scope "
    "`offline_access`, Google for `authorization_params: {access_type: offline, prompt: consent}`"
)

app = command_app()


@app.command()
def login(
    provider: Annotated[str, typer.Argument(help="A provider of the config, or a route's prefix.")],
    config: ConfigOption = DEFAULT_CONFIG,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the URL instead of opening it.")] = False,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Where the browser comes back to; 0 takes a free port.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for the browser.")] = signin.PATIENCE,
    as_json: JsonOption = False,
) -> None:
    """Log in to PROVIDER with a person's account. A running proxy takes the login over by itself."""
    loaded = load_or_exit(config)
    provider = provider_of(provider, loaded)
    person = for_person_or_exit(provider, loaded)
    port = person.redirect_port if port is None else port
    try:
        token = asyncio.run(_login(loaded, provider, person, port, timeout, no_browser))
    except IssuerError as error:
        write_down(loaded, "login", provider, str(error.failure))
        fail(f"{provider}: not logged in: {error.message}" + (f". {error.hint}" if error.hint else ""))
    except StoreDown as error:
        write_down(loaded, "login", provider, "not_kept")
        fail(f"{provider}: the login can't be kept: {error}")
    except OSError as error:
        fail(f"can't listen on 127.0.0.1:{port} for the browser: {error.strerror or error}; choose another --port")
    write_down(loaded, "login", provider, "logged_in", by="device_code" if person.by_device else "authorization_code")
    _tell(provider, token, as_json)
    if keeps_nothing(loaded.config.store):
        where = state_folder(os.environ) / LOGINS
        print(f"`store: memory` keeps nothing, so this login is kept in {where}, sealed", file=sys.stderr)


async def _login(loaded: Loaded, name: str, person: PersonLogin, port: int, patience: float, no_browser: bool) -> Token:
    async with signing_in(loaded, name) as terms:
        if person.by_device:
            return await signin.by_device(terms, _show_code)
        return await signin.by_browser(terms, partial(_show_url, no_browser), port=port, patience=patience)


@asynccontextmanager
async def signing_in(loaded: Loaded, name: str) -> AsyncIterator[signin.SignIn]:
    """What a login or a logout of this provider works with. Raises StoreDown."""
    setup.configure(Log(level="error"))
    async with Service(loaded.only(providers=[name])) as service:
        plan = service.plan.providers[name]
        assert plan.scheme is not None  # noqa: S101 -- for_person_or_exit has seen to it
        assert plan.life is not None  # noqa: S101 -- likewise
        person = plan.scheme.by_person
        assert person is not None  # noqa: S101 -- likewise
        yield signin.SignIn(name, person, plan.life, service.issuer, service.keeper.records_of(plan.scheme))


def for_person_or_exit(name: str, loaded: Loaded) -> PersonLogin:
    """Exit code 2 if there is nothing to log in to."""
    awake_or_exit(name, loaded)
    person = scheme_for(loaded.config.providers[name], loaded.secrets.get(name, frozenset())).by_person
    if person is None:
        fail(f"{name} needs no one to log in: that is for scheme mcp, and grant authorization_code and device_code", 2)
    return person


def _show_url(no_browser: bool, url: str) -> None:
    """To stderr: stdout is for the result. The browser's own words don't belong there either."""
    opening = "" if no_browser else "; a browser should open"
    print(f"Log in at this address{opening}:\n\n  {url}\n", file=sys.stderr, flush=True)
    if not no_browser:
        # A browser in the terminal blocks until it is left, and a thread of asyncio's own would be waited for.
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def _show_code(device: Device) -> None:
    print(f"Open {device.url} on any device and type the code\n\n  {device.user_code}\n", file=sys.stderr)
    if device.complete_url is not None:
        print(f"or open {device.complete_url} and compare the code.\n", file=sys.stderr)
    print(f"Waiting; the code lives {shown.duration(device.lifetime)}.", file=sys.stderr, flush=True)


def _tell(name: str, token: Token, as_json: bool) -> None:
    lasting = token.refresh_token is not None
    known: dict[str, Any] = {
        "provider": name,
        "expires_at": round(token.expires.wall, 3),
        "scope": token.scope,
        "refresh_token": lasting,
    }
    if as_json:
        print_json(known)
    else:
        left = f"{shown.moment(token.expires.wall)}, in {shown.duration(token.expires.wall - time.time())}"
        rows = [("token until", left), ("scope", token.scope), ("refresh token", "yes" if lasting else "no")]
        print(f"{name}: logged in")
        print_rows([(key, value) for key, value in rows if value])
    if not lasting:
        print(f"warning: {_NOT_REFRESHED}", file=sys.stderr)
