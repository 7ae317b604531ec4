"""What all commands share: their options, the config or the way out, printing for scripts and for people.

Must not know: what any of it is for.
"""

from __future__ import annotations

import json
import os
import string
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn
from urllib.parse import quote

import typer

from proxy.config.place import HERE, named, usual
from proxy.errors import ConfigError
from proxy.http.grammar import TOKEN
from proxy.values.listen import PAGES, Door, parse
from proxy.values.names import did_you_mean

if TYPE_CHECKING:
    from proxy.config.loaded import Loaded


def _usual(context: typer.Context, option: typer.CallbackParam, told: Path) -> Path:
    return told if _is_told(context, option) else usual(os.environ)


def _new(context: typer.Context, option: typer.CallbackParam, told: Path) -> Path:
    return told if _is_told(context, option) else named(os.environ) or told


def _is_told(context: typer.Context, option: typer.CallbackParam) -> bool:
    source = context.get_parameter_source(option.name or "")
    return source is not None and source.name != "DEFAULT"  # by its name: typer has a copy of click, or has it not


DEFAULT_CONFIG = HERE
ConfigOption = Annotated[Path, typer.Option("--config", "-c", metavar="FILE", help="The config file.", callback=_usual)]
NewConfigOption = Annotated[
    Path, typer.Option("--config", "-c", metavar="FILE", help="The config file to write.", callback=_new)
]
UnusedConfig = Annotated[Path, typer.Option("--config", "-c", hidden=True)]
"""For commands that need no config: `-c` works with every one."""
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
StrictOption = Annotated[bool, typer.Option("--strict", help="Take a provider's missing secret for a problem.")]


def command_app(**settings: Any) -> typer.Typer:
    """What the `app` of a command's file is made of."""
    return typer.Typer(rich_markup_mode=None, add_completion=False, **settings)


def load_or_exit(path: Path, *, strict: bool = False) -> Loaded:
    """The config; or every problem of it on stderr, one a line, and exit code 2."""
    from proxy.config.load import load  # noqa: PLC0415 -- a sixth of a second that `exec` beside a proxy does without

    try:
        return load(path, strict=strict)
    except ConfigError as error:
        fail("\n".join(map(str, error.problems)), 2)


def named_or_exit(provider: str, loaded: Loaded) -> None:
    """Exit code 2 if the config has no such provider."""
    names = [*loaded.config.providers, *loaded.unconfigured]
    if provider not in names:
        others = did_you_mean(provider, names) or f"; the config has {', '.join(names) or 'none'}"
        fail(f"there is no provider '{provider}'{others}", 2)


def provider_of(named: str, loaded: Loaded) -> str:
    """The provider of that name, or of the route with that prefix. Exit code 2 if there is none."""
    if not named.startswith("/"):
        return named
    routes = loaded.config.routes
    route = routes.get(named.rstrip("/") or "/") or routes.get(named)
    if route is None:
        others = did_you_mean(named, routes) or f"; the config has {', '.join(routes) or 'none'}"
        fail(f"there is no route '{named}'{others}", 2)
    if route.provider == "none":
        fail(f"{named} goes without a credential, so there is nothing to log in to", 2)
    return route.provider


def awake_or_exit(provider: str, loaded: Loaded) -> None:
    """Exit code 2 if the config has no such provider, 1 if it's asleep."""
    named_or_exit(provider, loaded)
    if provider in loaded.unconfigured:
        fail(f"{provider} is {loaded.unconfigured[provider].asleep()}")


def method_of(written: str) -> str:
    """In capitals; exit code 2 if no method can look like this."""
    if not TOKEN.fullmatch(written):
        fail(f"expected a method such as GET, got {written!r}", 2)
    return written.upper()


def target_of(url: str, doors: Sequence[Door]) -> str:
    """What a client would send as the request target for a path or a URL of the proxy: browsers escape like this.

    A route that has one of the `doors` for itself leaves its prefix out there; it stands in the target.
    """
    target, prefix = url.partition("#")[0], ""
    if "://" in target.partition("?")[0]:
        scheme, _, rest = target.partition("://")
        end = min((at for at in map(rest.find, "/?") if at >= 0), default=len(rest))
        prefix, target = _prefix_at(f"{scheme}://{rest[:end]}", doors), rest[end:]
    target = target if target.startswith("/") else f"/{target}"
    return quote(prefix + target, safe=string.punctuation, errors="surrogateescape")


def _prefix_at(address: str, doors: Sequence[Door]) -> str:
    try:
        asked = parse(address)
    except ValueError:  # without a port, say
        return ""
    for door in doors:
        if door.route not in (None, PAGES) and door.listener.meets(asked):
            return (door.route or "").rstrip("/")
    return ""


def fail(message: str, code: int = 1) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(code)


def warning_lines(loaded: Loaded) -> list[str]:
    """What weakens security, addressed as problems are."""
    return [f"{file}:{line}: warning: {path}: {message}" for file, line, path, message in loaded.warnings]


def print_warnings(loaded: Loaded) -> None:
    for line in warning_lines(loaded):
        print(line)


def print_json(document: Any) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2))


def print_rows(rows: Sequence[Sequence[str]], indent: str = "  ") -> None:
    for line in row_lines(rows, indent):
        print(line)


def row_lines(rows: Sequence[Sequence[str]], indent: str = "  ") -> Iterator[str]:
    """Columns as wide as they need to be; what follows a line break stands under the last one."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    margin = indent + " " * sum(width + 2 for width in widths)
    for *cells, last in rows:
        start = indent + "".join(cell.ljust(width + 2) for cell, width in zip(cells, widths, strict=True))
        yield (start + last.replace("\n", f"\n{margin}")).rstrip()
