"""`keyless explain`: what a request would get, without sending anything (admin/told/explained.py), for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from proxy.admin.told import rules, shown
from proxy.admin.told.explained import explained
from proxy.cli.kit.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    command_app,
    fail,
    load_or_exit,
    method_of,
    print_json,
    print_rows,
    target_of,
)
from proxy.errors import Fault
from proxy.plan.compile import compile_plan
from proxy.values.now import Now

app = command_app()

WIDTH = 100
_CONSENTS = {"private": "be in a private network (private: true)", "plain_http": "be plain http (plain_http: true)"}


@app.command()
def explain(
    method: Annotated[str, typer.Argument(help="GET, POST, ...")],
    url: Annotated[str, typer.Argument(help="A path of the proxy such as /sandbox/echo, or its whole URL.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Tell which route, provider, upstream URL, headers and rules a request would get."""
    method, loaded = method_of(method), load_or_exit(config)
    target = target_of(url, loaded.config.doors)
    if target.startswith(loaded.config.admin.path):
        _tell_own(as_json)
        return
    try:
        told = explained(loaded, compile_plan(loaded, lambda: 0.0, Now(0.0, 0.0)), method, target)
    except Fault as fault:
        _refuse(fault, as_json)
    if as_json:
        print_json(told)
    else:
        print_rows([row for row in _rows(told) if row[1]], indent="")
    if told["provider"]["missing"]:
        raise typer.Exit(1)


def _tell_own(as_json: bool) -> None:
    answered = "the proxy itself (admin.path)"
    if as_json:
        print_json({"answered_by": answered})
    else:
        print(f"answered by {answered}")


def _refuse(fault: Fault, as_json: bool) -> None:
    problem = fault.problem()
    if as_json:
        print_json(problem)
        raise typer.Exit(1)
    fail(f"{fault.status} {fault.code}: {fault.detail}. {problem['hint']}")


# ---------------------------------------------------------------------------------------------- for people


def _rows(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    provider, replay = told["provider"], told["replay"]
    return [
        ("route", told["route"]),
        ("provider", _told_provider(provider)),
        ("upstream", f"{told['method']} {told['upstream']}"),
        ("named by", f"the issuer, one of {', '.join(told['named'])}" if told["named"] else ""),
        ("upstream may", _told_consent(told["reach"]["upstream"])),
        ("issuer may", _told_consent(told["reach"]["issuer"])),
        ("certificates", ", ".join(f"{key} {file}" for key, file in (told["tls"] or {}).items())),
        ("filled in", "\n".join(f"{where}: {source}" for where, source in told["filled"].items())),
        ("note", told["ended"] or ""),
        ("answered by", told["answered_by"]),
        ("client", "needs a client key" if told["client_key"] else ""),
        ("removed", textwrap.fill(", ".join(told["headers"]["removed"]), WIDTH, break_on_hyphens=False)),
        ("set", ", ".join(told["headers"]["set"])),
        ("injected", "\n".join(_places(told["injected"]))),
        ("refused if", _either(told["refused"]) or _never(provider)),
        ("dead if", _either(told["dead"])),
        ("replay", f"once, bodies up to {shown.size(replay['max_body'])}" if replay else _never(provider)),
        ("cached", shown.cache(told["cache"]) if told["cache"] else ""),
        ("timeout", ", ".join(f"{name} {shown.duration(seconds)}" for name, seconds in told["timeout"].items())),
    ]


def _told_provider(provider: Mapping[str, Any]) -> str:
    if provider["missing"]:
        return f"{provider['name']}, {provider['asleep']}; until then the answer is 424 provider_unconfigured"
    return f"{provider['name']} ({provider['scheme']})" if provider["scheme"] else "none: goes without a credential"


def _told_consent(consent: Mapping[str, bool] | None) -> str:
    return " and ".join(text for key, text in _CONSENTS.items() if consent and consent[key])


def _either(told: Sequence[Mapping[str, Any]]) -> str:
    return "\nor ".join(map(rules.text, told))


def _never(provider: Mapping[str, Any]) -> str:
    return "never" if not provider["missing"] else ""


def _places(injected: Mapping[str, Mapping[str, str]]) -> list[str]:
    lines = {"header": "{}: {}", "query": "query {}={}", "cookie": "cookie {}={}", "path": "path"}
    return [
        lines.get(place, place + " {}: {}").format(name, value)
        for place, slots in injected.items()
        for name, value in slots.items()
    ]
