"""`keyless check`: every problem of the config, who is asleep, and with --live a token per provider."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from proxy.admin.told import shown
from proxy.auth.scope import lacking
from proxy.cli.kit.live import Tried, chosen, try_live
from proxy.cli.kit.minted import Denied, Got, line, mint
from proxy.cli.kit.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    StrictOption,
    command_app,
    print_json,
    print_rows,
    print_warnings,
)
from proxy.cli.kit.progress import Progress
from proxy.config.load import load
from proxy.config.loaded import Loaded
from proxy.errors import ConfigError
from proxy.tokens.store import StoreDown
from proxy.tokens.store.open import open_records

app = command_app()
Answers = dict[str, Got | Denied]


@app.command()
def check(
    config: ConfigOption = DEFAULT_CONFIG,
    live: Annotated[
        bool, typer.Option("--live", help="Also try the store, get one token per provider, and call what is harmless.")
    ] = False,
    strict: StrictOption = False,
    as_json: JsonOption = False,
) -> None:
    """List every problem of the config, as file:line: path: message."""
    try:
        loaded = load(config, strict=strict)
    except ConfigError as error:
        _refuse(error, as_json)
    with Progress("store"):
        store = asyncio.run(_store_problem(loaded)) if live else None
    answers = asyncio.run(mint(loaded, loaded.config.providers)) if live else {}
    calls = asyncio.run(try_live(loaded, _worth_trying(loaded, answers)))
    missing = _missing_scopes(loaded, answers)
    if as_json:
        document = _document(loaded, answers, missing, live) | _told(calls)
        print_json(document if store is None else document | {"ok": False, "store": store})
    else:
        tried = "" if live or not loaded.config.providers else "; no credential was tried, see --live"
        print(f"{config}: ok, {_counted(loaded)}{tried}")
        print_warnings(loaded)
        lines = [(name, line(answer)) for name, answer in answers.items()]
        lacks = [(route, f"its token lacks the scope {' '.join(scopes)}") for route, scopes in missing.items()]
        lines += [(prefix, tried.said) for prefix, tried in calls.items()]
        told = [] if store is None else [("store", store)]
        keeps = [(prefix, f"keeps {shown.cache(kept)}") for prefix, kept in _cached(loaded).items()]
        if rows := [*told, *_asleep(loaded), *keeps, *lines, *lacks]:
            print_rows(rows)
    wrong = any(isinstance(answer, Denied) for answer in answers.values()) or not all(
        each.ok for each in calls.values()
    )
    if missing or store is not None or wrong:
        raise typer.Exit(1)


def _worth_trying(loaded: Loaded, answers: Answers) -> dict[str, str]:
    """Where there is a credential to try: the prefix, by provider."""
    return {name: prefix for name, prefix in chosen(loaded).items() if isinstance(answers.get(name), Got)}


def _told(calls: Mapping[str, Tried]) -> dict[str, Any]:
    if not calls:
        return {}
    told: dict[str, Any] = {"calls": {prefix: tried._asdict() for prefix, tried in calls.items()}}
    return told if all(tried.ok for tried in calls.values()) else told | {"ok": False}


async def _store_problem(loaded: Loaded) -> str | None:
    """Why the store can't be used, if it can't: tried by all that it will be asked for."""
    config = loaded.config
    try:
        records = open_records(config.store, config.store_key, loaded.folder)
        try:
            await records.prove()
        finally:
            await records.close()
    except StoreDown as down:
        return str(down)
    return None


def _refuse(error: ConfigError, as_json: bool) -> None:
    """To stdout: the problems are what was asked for."""
    if as_json:
        print_json({"ok": False, "problems": [problem._asdict() for problem in error.problems]})
    else:
        print("\n".join(map(str, error.problems)))
    raise typer.Exit(2)


def _counted(loaded: Loaded) -> str:
    counts = {"route": len(loaded.config.routes), "provider": len(loaded.config.providers) + len(loaded.unconfigured)}
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for word, count in counts.items())


def _asleep(loaded: Loaded) -> list[tuple[str, str]]:
    return [(name, lacking.asleep()) for name, lacking in loaded.unconfigured.items()]


def _cached(loaded: Loaded) -> dict[str, dict[str, Any]]:
    """By route: which replies it keeps."""
    return {
        prefix: route.cache.model_dump() for prefix, route in loaded.config.routes.items() if route.cache is not None
    }


def _missing_scopes(loaded: Loaded, answers: Answers) -> dict[str, list[str]]:
    """By route: what its token is known to lack of `require_scope`."""
    missing = {}
    for prefix, route in loaded.config.routes.items():
        answer = answers.get(route.provider)
        if isinstance(answer, Got) and (scopes := lacking(route.require_scope or (), answer.scopes)):
            missing[prefix] = list(scopes)
    return missing


def _document(loaded: Loaded, answers: Answers, missing: dict[str, list[str]], live: bool) -> dict[str, Any]:
    unconfigured = {name: lacking.listed() for name, lacking in loaded.unconfigured.items()}
    warnings = [warning._asdict() for warning in loaded.warnings]
    document: dict[str, Any] = {"ok": True, "problems": [], "warnings": warnings, "unconfigured": unconfigured}
    if cached := _cached(loaded):
        document["cached"] = cached
    if live:
        failed = [answer for answer in answers.values() if isinstance(answer, Denied)]
        document["ok"] = not failed and not missing
        if missing:
            document["missing_scopes"] = missing
        document["live"] = {
            name: {"ok": False} | answer._asdict() if isinstance(answer, Denied) else {"ok": True} | answer.known
            for name, answer in answers.items()
        }
    return document
