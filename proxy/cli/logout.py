"""`keyless logout`: revokes what `keyless login` has brought, and forgets it."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from proxy.cli.kit.audited import write_down
from proxy.cli.kit.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    command_app,
    fail,
    load_or_exit,
    print_json,
    provider_of,
)
from proxy.cli.login import for_person_or_exit, signing_in
from proxy.config.loaded import Loaded
from proxy.errors import IssuerError
from proxy.tokens.signin import sign_out
from proxy.tokens.store import StoreDown

app = command_app()


@app.command()
def logout(
    provider: Annotated[str, typer.Argument(help="A provider of the config, or a route's prefix.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Log out of PROVIDER: its tokens are revoked and removed. A running proxy stops using them."""
    loaded = load_or_exit(config)
    provider = provider_of(provider, loaded)
    for_person_or_exit(provider, loaded)
    try:
        failed = asyncio.run(_logout(loaded, provider))
    except StoreDown as error:
        fail(f"{provider}: the store can't be used: {error}")
    outcome = "nobody" if failed is None else "not_revoked" if failed else "logged_out"
    write_down(loaded, "logout", provider, outcome)
    reasons = None if failed is None else [error.message for error in failed]
    if as_json:
        print_json({"provider": provider, "logged_out": reasons is not None, "revoked": reasons == []})
    _tell(provider, reasons, as_json)


async def _logout(loaded: Loaded, provider: str) -> list[IssuerError] | None:
    async with signing_in(loaded, provider) as terms:
        return await sign_out(terms)


def _tell(provider: str, reasons: list[str] | None, as_json: bool) -> None:
    if not as_json and reasons is None:
        print(f"{provider}: nobody was logged in")
    elif not as_json:
        print(f"{provider}: logged out, the tokens are removed" + ("" if reasons else " and revoked"))
    if reasons:
        why = "; ".join(dict.fromkeys(reasons))
        print(
            f"warning: they could not be revoked ({why}), so the issuer takes them until they expire; "
            "withdraw the access in your account there",
            file=sys.stderr,
        )
