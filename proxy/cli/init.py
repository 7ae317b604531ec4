"""`keyless init`: a config of one line per API, and an `.env` that wants nothing but the values."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from dotenv import dotenv_values

from proxy.admin.told import shown
from proxy.cli.kit.by_name.catalogue import catalogue_or_exit
from proxy.cli.kit.by_name.chosen import chosen_or_exit
from proxy.cli.kit.by_name.search import named, search
from proxy.cli.kit.by_name.snippet import LISTEN, config_lines, env_lines, variables
from proxy.cli.kit.options import DEFAULT_CONFIG, NewConfigOption, command_app, fail, print_rows
from proxy.config.model.client import NO_KEY
from proxy.config.own_presets import Joined
from proxy.config.place import named as told_place
from proxy.config.place import own, usual
from proxy.config.secrets.pem import utc_now
from proxy.config.written.preset import Preset
from proxy.process.lending.variables import filled_in

MOST_CHOICES = 9
_PROMPT = "Which API? (a name or words, English or 中文; empty when done) "

app = command_app()

Chosen = Mapping[str, Preset]


@app.command()
def init(
    apis: Annotated[list[str] | None, typer.Argument(metavar="[API]...", help="Names of presets.")] = None,
    config: NewConfigOption = DEFAULT_CONFIG,
) -> None:
    """Write a config of one line per API, and an .env to fill in. Without names it asks.

    A file that is there stays as it is, and what to add to it is said.
    """
    catalogue = catalogue_or_exit(config)
    names = chosen_or_exit(apis, catalogue) if apis else list(ask(_read, catalogue))
    if not names:
        fail("name the APIs, as in `keyless init openai deepseek`; `keyless presets WORDS` searches", 2)
    chosen = {name: catalogue[name] for name in names}
    if os.path.lexists(config):
        _refuse(config, chosen)
    if config.absolute() == own(os.environ).absolute():
        _make_folder(config.parent)
    _write(config, "\n".join([LISTEN, *config_lines(chosen), ""]), 0o644)
    print(f"{config}: {len(chosen)} route{'' if len(chosen) == 1 else 's'}")
    _write_env(config.parent, chosen)
    _tell_next(config, chosen)


# ---------------------------------------------------------------------------------------------- asking


def _read(prompt: str) -> str:
    try:
        return input(prompt)
    except EOFError:
        return ""


def ask(read: Callable[[str], str], catalogue: Joined) -> Iterator[str]:
    """The APIs that a person picks. `read` shows a prompt and gives the line that is typed; an empty one ends."""
    while words := read(_PROMPT).strip():
        name = named(words, catalogue) or _picked(search(words, catalogue)[:MOST_CHOICES], read, catalogue)
        if name is not None:
            print(shown.wrapped(f"  {name}: {catalogue[name].title}", shown.room()))
            yield name


def _picked(names: list[str], read: Callable[[str], str], catalogue: Joined) -> str | None:
    if len(names) <= 1:
        if not names:
            print("  nothing fits; try another word")
        return next(iter(names), None)
    room = shown.room() - max(map(len, names)) - 8
    print_rows([(str(at), name, shown.wrapped(catalogue[name].title, room)) for at, name in enumerate(names, 1)])
    number = read(f"Which one? (1 to {len(names)}; empty for none) ").strip()
    return names[int(number) - 1] if number.isdecimal() and 1 <= int(number) <= len(names) else None


# ---------------------------------------------------------------------------------------------- writing


def _refuse(config: Path, chosen: Chosen) -> NoReturn:
    said = [f"{config} is there already and stays as it is; `keyless add` adds to it:", "", *config_lines(chosen)]
    if lines := env_lines(chosen, _set_in(config.parent / ".env")):
        said += ["", f"and to {config.parent / '.env'}:", "", *lines]
    fail("\n".join(said))


def _make_folder(path: Path) -> None:
    """The user's own place is known, so it may be missing; any other that is is mistyped."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        fail(f"{path}: can't be made ({error.strerror})")


def _write(path: Path, text: str, mode: int) -> None:
    """A file that wasn't there, also not as a link to nowhere."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except OSError as error:
        fail(f"{path}: can't be written ({error.strerror})")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _write_env(folder: Path, chosen: Chosen) -> None:
    path, example = folder / ".env", folder / ".env.example"
    if not os.path.lexists(example):
        _write(example, "\n".join([*env_lines(chosen, frozenset()), ""]), 0o644)
        print(f"{example}: the same without values, to be shared")
    if not os.path.lexists(path):
        _write(path, "\n".join([*env_lines(chosen, frozenset()), ""]), 0o600)
        print(f"{path}: fill in the values; keep this file out of version control")
        wanted = {name: each for preset in chosen.values() for name, each in variables(preset).items()}
        print_rows([(name, each.console or each.help) for name, each in wanted.items()])
    elif lines := env_lines(chosen, _set_in(path)):
        print("\n".join([f"{path} is there already and stays as it is. Add to it:", "", *lines]))
    else:
        print(f"{path} is there already, and has all that is needed")


def _set_in(path: Path) -> frozenset[str]:
    """The variables that have a value there."""
    try:
        return frozenset(name for name, value in dotenv_values(path, interpolate=False).items() if value)
    except (OSError, ValueError):
        return frozenset()


# ---------------------------------------------------------------------------------------------- what next


def _tell_next(config: Path, chosen: Chosen) -> None:
    option = "" if config == usual(os.environ) else f" -c {config}"
    alone = "" if config in (told_place(os.environ), own(os.environ)) else f" -c {config}"
    print(f"\nThen `keyless run{option}`, or for one program `keyless exec{alone} -- COMMAND`.")
    print("What programs take in place of the API's address:")
    room = shown.room() - max(map(len, chosen)) - 5
    rows = [
        (f"/{name}", "\n".join(shown.wrapped(line, room) for line in _told(name, preset)))
        for name, preset in chosen.items()
    ]
    print_rows(rows)


def _told(name: str, preset: Preset) -> Iterator[str]:
    base = f"http://127.0.0.1:8080/{name}"
    yield base
    if preset.live and preset.live.method == "GET":
        yield f"curl {base}{preset.live.path}"
    for row in preset.sdk:
        yield from (f"{variable}={filled_in(text, base, NO_KEY)}" for variable, text in row.env.items())
        if row.setting:
            yield f"{row.name}, {row.setting}: {filled_in(row.base or base, base, NO_KEY)}"
    if preset.base() is None:
        yield "put the API's own address in the place of https://api.example.com"
    if preset.ended is not None:
        yield preset.ended.told(f"{utc_now():%Y-%m-%d}")
    if preset.template:
        yield "a template: so much of it is guessed that you have to try it"
