"""`keyless add`: a route more in a config that is there, and what `.env` needs for it.

Nothing is written unless the config is right before and after, and says the same of all that it said before.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer
import yaml

from proxy.cli.kit.by_name.catalogue import catalogue_or_exit
from proxy.cli.kit.by_name.chosen import chosen_or_exit
from proxy.cli.kit.by_name.insertion import UnplaceableError, inserted
from proxy.cli.kit.by_name.snippet import config_lines, env_lines, provider_lines, route_lines, variables
from proxy.cli.kit.options import DEFAULT_CONFIG, ConfigOption, command_app, fail, load_or_exit, print_rows
from proxy.config.load import load
from proxy.config.loaded import Loaded
from proxy.config.secrets.texts import named
from proxy.config.written.preset import Preset
from proxy.errors import ConfigError

app = command_app()

Chosen = Mapping[str, Preset]


@app.command()
def add(
    apis: Annotated[list[str], typer.Argument(metavar="API...", help="Names of presets.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Add a route per API to a config that is there, and the variables that it needs to .env.

    Comments and order stay. Where the result would not do, nothing is written.
    """
    before = load_or_exit(config)
    catalogue = catalogue_or_exit(config)
    chosen = {name: catalogue[name] for name in chosen_or_exit(apis, catalogue)}
    _refuse_what_is_there(chosen, before, config)
    text = _read(config)
    result = _with_entries(text, chosen, before, config)
    values = {path: _with_variables(path, chosen) for path in (config.parent / ".env", config.parent / ".env.example")}
    _replace(config, result, before, chosen)
    print_rows([(f"{config}:", line.strip()) for line in _added(text, result)], indent="")
    for path, lines in values.items():
        if lines:
            _append(path, lines)
            print(f"{path}: {', '.join(_names(lines))}")
    _tell_next(config, chosen)


def _refuse_what_is_there(chosen: Chosen, before: Loaded, config: Path) -> None:
    there = [f"/{name}" for name in chosen if f"/{name}" in before.config.routes]
    if there:
        fail(f"{config} has {' and '.join(there)} already; nothing was written")
    providers = before.config.providers.keys() | before.unconfigured.keys()
    for name in chosen:
        if name in providers and before.uses.get(name) != name:
            fail(f"{config} has a provider {name} that is not the preset's; nothing was written. A route may name it.")


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        fail(f"{path}: can't be read ({error.strerror})")


# ---------------------------------------------------------------------------------------------- the config


def _with_entries(text: str, chosen: Chosen, before: Loaded, config: Path) -> str:
    """Providers first: what asks for no value of its own is completed by the route's name alone."""
    providers = before.config.providers.keys() | before.unconfigured.keys()
    wanted = {name: provider_lines(preset)[0] for name, preset in chosen.items() if name not in providers}
    lines = [line for name, needed in wanted.items() if needed for line in (f"  {name}:", f"    use: {name}", *needed)]
    routes = [line for name, preset in chosen.items() for line in route_lines(name, preset)]
    try:
        return inserted(inserted(text, "providers", lines) if lines else text, "routes", routes)
    except (UnplaceableError, yaml.YAMLError) as error:
        by_hand = "\n".join(["", *config_lines(chosen)])
        fail(f"{config}: {error if isinstance(error, UnplaceableError) else 'not YAML'}; add it by hand:\n{by_hand}")


def _replace(config: Path, text: str, before: Loaded, chosen: Chosen) -> None:
    """In one step, by a file beside it that is tried first: what it includes is found from there alone."""
    trial = None
    try:
        descriptor, trial = tempfile.mkstemp(prefix=".keyless-", suffix=".yaml", dir=config.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
        _prove(Path(trial), before, chosen, config)
        target = config.resolve()
        Path(trial).chmod(target.stat().st_mode & 0o777)
        Path(trial).replace(target)
        trial = None
    except OSError as error:
        fail(f"{config}: can't be written ({error.strerror}); nothing was changed")
    finally:
        if trial is not None:
            Path(trial).unlink()


def _prove(trial: Path, before: Loaded, chosen: Chosen, config: Path) -> None:
    """Exit code 1 unless it says what it said, and the new routes."""
    try:
        after = load(trial)
    except ConfigError as error:
        problems = "\n".join(str(problem).replace(str(trial), str(config)) for problem in error.problems)
        fail(f"with these routes the config would not do; nothing was written:\n{problems}")
    routes = {prefix: route for prefix, route in after.config.routes.items() if prefix.removeprefix("/") not in chosen}
    others = {name: provider for name, provider in after.config.providers.items() if name not in chosen}
    former = {name: provider for name, provider in before.config.providers.items() if name not in chosen}
    rest = after.config.model_copy(update={"routes": before.config.routes, "providers": before.config.providers})
    if (routes, others, rest) != (before.config.routes, former, before.config):
        by_hand = "\n".join(["", *config_lines(chosen)])
        fail(f"{config} is written in a way that can't be added to without changing it; add it by hand:\n{by_hand}")


def _added(text: str, result: str) -> list[str]:
    there = text.splitlines()
    lines = []
    for line in result.splitlines():
        if there and line.rstrip() == there[0].rstrip():
            there.pop(0)
        else:
            lines.append(line)
    return lines


# ---------------------------------------------------------------------------------------------- .env


def _with_variables(path: Path, chosen: Chosen) -> list[str]:
    """Lines for what is not named there. An example that isn't there is not made."""
    if path.name != ".env" and not path.exists():
        return []
    try:
        written = path.read_text("utf-8") if path.exists() else ""
    except (OSError, ValueError):
        fail(f"{path}: can't be read as UTF-8; nothing was written")
    wanted = env_lines(chosen, named(written))
    if not named("\n".join((written, *wanted))).issuperset(_names(wanted)):
        fail(f"{path}: quotes that don't end would hide what is added; nothing was written")
    return [*([""] if wanted and written and not written.endswith("\n") else []), *wanted]


def _names(lines: Iterable[str]) -> list[str]:
    return [line.removesuffix("=") for line in lines if line.endswith("=") and not line.startswith("#")]


def _append(path: Path, lines: list[str]) -> None:
    """In one write; a new file is the user's alone."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab", buffering=0) as file:
            file.write(("\n".join(lines) + "\n").encode())
    except OSError as error:
        fail(f"{path}: can't be written ({error.strerror}). Add to it:\n\n" + "\n".join(lines))


def _tell_next(config: Path, chosen: Chosen) -> None:
    wanted = {name: each for preset in chosen.values() for name, each in variables(preset).items()}
    if wanted:
        print(f"\nFill in the values in {config.parent / '.env'}:")
        print_rows([(name, each.console or each.help) for name, each in wanted.items()])
    print("A proxy that runs takes it over by itself. `keyless check --live` tries it.")
