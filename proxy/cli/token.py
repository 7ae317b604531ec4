"""`keyless token`: gets a token and tells what is known of it, or shows what would be sent for it.

`keyless token import` is another command, in token_import.py. For a provider of that name: `keyless token -- import`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import parse_qsl, quote

import typer
from typer.core import TyperCommand
from typer.main import get_command

from proxy.admin.told import shown
from proxy.auth.life.lifecycle import State
from proxy.auth.schemes import scheme_for
from proxy.auth.token import CommandRequest, FileRequest, IssuerRequest, Request
from proxy.cli.kit.audited import write_down
from proxy.cli.kit.minted import Denied, Got, mint, rows
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
)
from proxy.cli.kit.running import UnansweredError, ask
from proxy.config.loaded import Loaded
from proxy.errors import IssuerError

GIVEN_UP = frozenset((State.LATCHED, State.BACKING_OFF, State.LOGIN_REQUIRED))

app = command_app()


class TokenCommand(TyperCommand):
    """Hands over to `import` where that is the first word; imported then, as commands are."""

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:
        at = _first_word(args)
        if at is None or args[at] != "import":
            return super().make_context(info_name, args, parent, **extra)
        from proxy.cli import token_import  # noqa: PLC0415 -- `keyless token` needs none of it

        words = [*args[:at], *args[at + 1 :]]
        return get_command(token_import.app).make_context(f"{info_name} import", words, parent, **extra)


def _first_word(args: Sequence[str]) -> int | None:
    """Where the first argument that is no option stands; None behind a `--`, which ends the reading of words."""
    skip = False
    for index, arg in enumerate(args):
        if arg == "--":
            return None
        if not skip and not arg.startswith("-"):
            return index
        skip = arg in ("-c", "--config")
    return None


@app.command(cls=TokenCommand)
def token(
    provider: Annotated[str, typer.Argument(help="A provider of the config.")],
    config: ConfigOption = DEFAULT_CONFIG,
    reveal: Annotated[bool, typer.Option("--reveal", help="Print the token itself, alone on stdout.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be sent; no network.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Get a token from PROVIDER's issuer. A running proxy that had given up on the issuer tries again."""
    loaded = load_or_exit(config)
    awake_or_exit(provider, loaded)
    if dry_run:
        _print(_planned(loaded, provider), as_json)
        return
    answer, revived = asyncio.run(_get(loaded, provider))
    if isinstance(answer, Denied):
        fail(f"{answer.code}: {answer.said}")
    if revived:
        print(f"the running proxy had given up on it, and has tried again: {revived}", file=sys.stderr)
    if reveal:
        write_down(loaded, "token_read", provider, "given")
    _tell(answer, reveal, as_json)


def _tell(got: Got, reveal: bool, as_json: bool) -> None:
    """`--reveal` prints for `$(keyless token NAME --reveal)`: the rest goes to stderr."""
    secret = {"token": got.credential, "refresh_token": got.refresh_token} if reveal else {}
    if as_json:
        print_json(got.known | secret)
    elif not reveal:
        print_rows(rows(got.known), indent="")
    else:
        print(got.credential)
        told = rows(got.known) + ([("refresh token", got.refresh_token)] if got.refresh_token else [])
        print("\n".join(f"{key}: {value}" for key, value in told), file=sys.stderr)


async def _get(loaded: Loaded, provider: str) -> tuple[Got | Denied, str | None]:
    answer = (await mint(loaded, [provider]))[provider]
    return answer, None if isinstance(answer, Denied) else await _revive(loaded, provider)


async def _revive(loaded: Loaded, provider: str) -> str | None:
    """Clear what keeps a running proxy from asking this issuer (docs/lifecycle.md#states); its state, if it was so."""
    try:
        states = (await ask(loaded, "GET", "status")).get("providers", {})
        if states.get(provider, {}).get("state") not in GIVEN_UP:
            return None
        return str((await ask(loaded, "POST", f"providers/{quote(provider, safe='')}/refresh")).get("state"))
    except UnansweredError:
        return None


# ---------------------------------------------------------------------------------------------- what would be sent


def _print(planned: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(planned)
        return
    lines = [(key, ", ".join(value) if isinstance(value, list) else str(value)) for key, value in planned.items()]
    print_rows([(key, value) for key, value in lines if value], indent="")


def _planned(loaded: Loaded, provider: str) -> dict[str, Any]:
    """The first request of a login: names only, not one value."""
    definition = loaded.config.providers[provider]
    scheme = scheme_for(definition, loaded.secrets.get(provider, frozenset()))
    known: dict[str, Any] = {"provider": provider, "scheme": definition.scheme}
    try:
        request = next(scheme.login(time.time(), None))
    except StopIteration:
        return known | {"request": None, "note": "the credential is in the config; nothing is sent for it"}
    except IssuerError as error:  # nobody has logged in
        return known | {"request": None, "note": error.hint}
    note = {"note": "a token request follows"} if scheme.discovers else {}
    return known | _of_request(request, loaded) | note


def _of_request(request: Request, loaded: Loaded) -> dict[str, Any]:
    if isinstance(request, CommandRequest):
        return {"command": request.argv[0], "variables": sorted(request.variables)}
    if isinstance(request, FileRequest):
        return {"file": request.path, "note": "a token request follows"}
    return {
        "method": request.method,
        "url": shown.url(request.url, shown.Mask(shown.secrets_of(loaded))),
        "headers": [name for name, _ in request.headers],
        "body": body_names(request),
    }


def body_names(request: IssuerRequest) -> list[str]:
    """The keys of a JSON or form body, dotted where they nest; of any other only its size."""
    if not request.body:
        return []
    try:
        document = json.loads(request.body)
    except ValueError:
        kinds = (value for name, value in request.headers if name.lower() == "content-type")
        if any("form-urlencoded" in kind for kind in kinds):
            return [name for name, _ in parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)]
        return [f"{len(request.body)} bytes"]
    return list(_keys(document, ())) or [f"{len(request.body)} bytes"]


def _keys(document: Any, above: tuple[str, ...]) -> Iterable[str]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield from _keys(value, (*above, key))
    elif above:
        yield ".".join(above)
