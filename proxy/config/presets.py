"""The catalogue in the package: one file per preset, read when somebody asks for it.

Owns: where preset files lie, and in which line a wrong one is wrong. Must not know: what a preset is used for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from importlib import resources
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from proxy.config.model.keys import keys_below
from proxy.config.rules.problems import message, translate
from proxy.config.written.marks import QUICK, Document, parse
from proxy.errors import ConfigError, Problem
from proxy.values.where import Finding, dotted, place

if TYPE_CHECKING:  # whoever has one has loaded it; others start without
    from proxy.config.written.preset import Preset

_ENDING = ".yaml"


class Shipped(Mapping[str, "Preset"]):
    """The presets of a folder, by the names of their files. Only those that are used cost reading."""

    def __init__(self, folder: Traversable) -> None:
        files = sorted((file.name, file) for file in folder.iterdir() if file.name.endswith(_ENDING))
        self._files = {name.removesuffix(_ENDING): file for name, file in files}
        self._read: dict[str, Preset] = {}

    def __getitem__(self, name: str) -> Preset:
        """Raises KeyError, and ConfigError for a file that is no preset."""
        if name not in self._read:
            file = self._files[name]
            self._read[name] = preset_of(file.read_bytes(), file.name, QUICK)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, name: object) -> bool:
        return name in self._files


@cache
def presets() -> Shipped:
    """The package's own."""
    return Shipped(resources.files("proxy").joinpath("presets"))


def preset_of(written: bytes, file: str, loader: type[Any] = yaml.SafeLoader) -> Preset:
    """The preset that is written in a file. Raises ConfigError with every mistake and its line."""
    from proxy.config.written.preset import Preset, read_preset  # noqa: PLC0415 -- 10 ms that only presets need
    from proxy.config.written.preset_check import check_preset  # noqa: PLC0415 -- as above

    document = parse(written, file, loader)
    if document.problems:
        raise ConfigError(document.problems)
    try:
        preset = read_preset(document.tree)
    except ValidationError as error:
        keys = partial(keys_below, Preset, document.tree)
        raise ConfigError(problems_of(translate(error, document.tree, keys), document)) from None
    if problems := problems_of(check_preset(preset), document):
        raise ConfigError(problems)
    return preset


def problems_of(findings: Iterable[Finding], document: Document) -> list[Problem]:
    """In the lines where a preset file has them."""
    placed = ((place(each.where, document.marks, document.file), each) for each in findings)
    problems = [Problem(*mark, dotted(each.where) or "file", message(each, document.tree)) for mark, each in placed]
    return sorted(problems, key=lambda problem: problem.line)
