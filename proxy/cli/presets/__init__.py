"""`keyless presets`: which APIs there are, how to use one, and whether a preset does what its examples say."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from proxy.admin.told import shown
from proxy.cli.kit.by_name.catalogue import catalogue_or_exit
from proxy.cli.kit.by_name.search import named, search
from proxy.cli.kit.options import DEFAULT_CONFIG, ConfigOption, JsonOption, command_app, fail, print_json, print_rows
from proxy.cli.presets.page import document, paragraphs
from proxy.cli.presets.tested import test
from proxy.config.families import FAMILIES
from proxy.config.own_presets import Joined

OWN = "Your own"

app = command_app()


@app.command()
def presets(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[WORDS]... | NAME | test FILE", help="What to look for, or the name of one."),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """List the APIs that need one line, search them, or show one.

    WORDS, English or Chinese, list those that fit. NAME shows one in full, with lines to paste. `test FILE` runs the
    examples of a preset of your own through its rules.
    """
    if words and words[0] == "test":
        _test(words[1:], as_json)
        return
    catalogue = catalogue_or_exit(config)
    name = named(words[0], catalogue) if words and len(words) == 1 else None
    if name is not None:
        _show(name, catalogue, as_json)
    elif not words:
        _list(catalogue, as_json)
    elif names := search(" ".join(words), catalogue):
        _found(names, catalogue, as_json)
    else:
        fail(f"there is no preset for '{' '.join(words)}'; `keyless presets` lists all")


def _test(words: list[str], as_json: bool) -> None:
    if len(words) != 1:
        fail("expected one file: keyless presets test FILE", 2)
    test(Path(words[0]), as_json)


def _show(name: str, catalogue: Joined, as_json: bool) -> None:
    if as_json:
        print_json(document(name, catalogue[name]))
    else:
        print("\n\n".join(paragraphs(name, catalogue[name], catalogue.file_of(name))))


def _found(names: list[str], catalogue: Joined, as_json: bool) -> None:
    if as_json:
        _print_titles(names, catalogue)
        return
    _print_table(names, catalogue)
    print(f"\n`keyless presets {names[0]}` shows that one, `keyless init {names[0]}` sets it up.")


def _list(catalogue: Joined, as_json: bool) -> None:
    """By family, in the order of docs/presets.md; a team's own first."""
    if as_json:
        _print_titles(catalogue, catalogue)
        return
    own = [name for name in catalogue if catalogue.file_of(name)]
    families = {OWN: own} | {
        heading: sorted(name for name in catalogue if catalogue[name].family == family and name not in own)
        for family, heading in FAMILIES.items()
    }
    for heading, names in families.items():
        if names:
            print(heading)
            _print_table(names, catalogue)
            print()
    print("`keyless presets WORDS` searches (English, 中文), NAME shows one in full.")


def _print_titles(names: Iterable[str], catalogue: Joined) -> None:
    print_json({name: {"title": catalogue[name].title, "summary": catalogue[name].summary} for name in names})


def _print_table(names: list[str], catalogue: Joined) -> None:
    room = shown.room() - max(map(len, names)) - 4
    print_rows([(name, shown.wrapped(_title(catalogue, name), room)) for name in names])


def _title(catalogue: Joined, name: str) -> str:
    preset = catalogue[name]
    remarks = ["a template"] * preset.template + ([f"said to end on {preset.ended.on}"] if preset.ended else [])
    return ", ".join([preset.title, *remarks])
