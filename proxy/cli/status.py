"""`keyless status`: how the running proxy's tokens are."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from proxy.cli.kit import shown
from proxy.cli.kit.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    command_app,
    load_or_exit,
    print_json,
    print_rows,
)
from proxy.cli.kit.running import ask_or_exit

app = command_app()


@app.command()
def status(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Show the providers and routes of the proxy that runs with this config."""
    document = ask_or_exit(load_or_exit(config), "GET", "status")
    if as_json:
        print_json(document)
        return
    print(f"keyless {document['version']}")
    head = ("provider", "state", "generation", "expires", "mints", "replays", "")
    print_rows([head, *(_provider(name, each, time.time()) for name, each in document["providers"].items())])
    routes = document["routes"].items()
    print_rows([("route", "provider", "upstream"), *((p, r["provider"] or "none", r["upstream"]) for p, r in routes)])


def _provider(name: str, known: Mapping[str, Any], now: float) -> tuple[str, ...]:
    trouble = [known["last_error"]] if known["last_error"] else []
    if known["next_attempt_at"] is not None:
        trouble.append(f"next try in {shown.duration(known['next_attempt_at'] - now)}")
    numbers = (str(known[key]) for key in ("mints", "replays"))
    return (name, known["state"], str(known["generation"]), _left(known, now), *numbers, "; ".join(trouble))


def _left(known: Mapping[str, Any], now: float) -> str:
    if known["expires_at"] is None:
        return "never" if known["state"] == "static" else "-"
    left = known["expires_at"] - now
    return f"in {shown.duration(left)}" if left > 0 else f"{shown.duration(-left)} ago"
