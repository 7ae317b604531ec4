"""A team's own presets: those in the folders that a config names with `presets:`.

Owns: where they lie, and whom they hide. Must not know: the form of a preset (presets.py), what becomes of one. All are
read, whether used or not: they are part of the config, as an included file is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proxy.config.presets import preset_of
from proxy.config.written.marks import Document
from proxy.config.written.named import NONE, Catalogue
from proxy.config.written.read import content
from proxy.errors import ConfigError, Problem
from proxy.values.where import Where, dotted, place

if TYPE_CHECKING:  # whoever has one has loaded it; others start without
    from proxy.config.written.preset import Preset

_ENDINGS = (".yaml", ".yml")


@dataclass
class OwnPresets:
    """What the folders of a config hold, by name. Goes to other processes with the config: nothing of the package's.

    `places`: the files and folders on whose change it depends. `problems`: what is wrong in them.
    """

    presets: dict[str, Preset] = field(default_factory=dict, repr=False)
    files: dict[str, Path] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def read(self, folder: Path) -> None:
        if str(folder) in self.places:
            return
        self.places.append(str(folder))
        files = (file for file in folder.iterdir() if file.suffix in _ENDINGS and not file.name.startswith("."))
        for file in sorted(files):
            self.places.append(str(file))
            try:
                self._take(file)
            except ConfigError as error:
                self.problems += error.problems

    def _take(self, file: Path) -> None:
        """Raises ConfigError."""
        first = self.files.setdefault(file.stem, file)
        if first is not file:
            raise _wrong(file, f"a second preset of this name; first in {first}")
        if file.stem == NONE:
            raise _wrong(file, "`none` is the word for a route without a credential; give the file another name")
        if file.is_fifo():  # it would be waited for; what else is no file says so when it is read
            raise _wrong(file, "no ordinary file")
        self.presets[file.stem] = read_own(file)

    def hidden(self, shipped: Catalogue) -> list[Problem]:
        """The files that hide one of the package's."""
        told = "hides the built-in preset {}; give the file another name if that one is meant"
        hiding = [name for name in self.presets if name in shipped]
        return [Problem(str(self.files[name]), 1, "file", told.format(name)) for name in hiding]


class Joined(Mapping[str, "Preset"]):
    """The catalogue of a config: its own presets, then those of the package that none of them hides."""

    def __init__(self, own: OwnPresets, shipped: Catalogue) -> None:
        self._own = own
        self._shipped = shipped

    def file_of(self, name: str) -> Path | None:
        """None for one of the package's."""
        return self._own.files.get(name)

    def __getitem__(self, name: str) -> Preset:
        return self._own.presets[name] if name in self._own.presets else self._shipped[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._own.presets
        yield from (name for name in self._shipped if name not in self._own.presets)

    def __len__(self) -> int:
        return len(self._shipped) + sum(name not in self._shipped for name in self._own.presets)

    def __contains__(self, name: object) -> bool:
        return name in self._own.presets or name in self._shipped


def own_presets(document: Document, folder: Path) -> OwnPresets:
    """Of a config whose file lies in `folder`."""
    own = OwnPresets()
    for where, name in _folders(document.tree.get("presets")):
        path = folder / name
        if "\0" in name or "${" in name or not path.is_dir():
            mark = place(where, document.marks, document.file)
            own.problems.append(Problem(*mark, dotted(where), "there is no such folder"))
        else:
            own.read(path)
    return own


def read_own(file: Path) -> Preset:
    """The preset in a file of a user's. Raises ConfigError with every mistake and its line."""
    written = content(file)
    if isinstance(written, str):
        raise _wrong(file, written)
    return preset_of(written, str(file))


def _folders(written: Any) -> Iterator[tuple[Where, str]]:
    """What is neither text nor a list of texts is told of by the model."""
    listed = enumerate(written) if isinstance(written, list) else [(None, written)]
    for index, each in listed:
        if isinstance(each, str | int | float):  # a number is taken as the text that it is written as
            yield ("presets",) if index is None else ("presets", index), str(each)


def _wrong(file: Path, message: str) -> ConfigError:
    return ConfigError([Problem(str(file), 1, "file", message)])
