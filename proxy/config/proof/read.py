"""A preset file and its examples, from the file to proofs.

Owns: in which line each mistake is, and each example. Must not know: how it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from proxy.config.model.keys import keys_below
from proxy.config.own_presets import read_own
from proxy.config.presets import problems_of
from proxy.config.proof.examples import Examples, read_examples
from proxy.config.proof.made_up import parameters_of
from proxy.config.proof.proof import Proof
from proxy.config.proof.prove import Proven
from proxy.config.rules import validate
from proxy.config.rules.problems import translate
from proxy.config.written.catalogue import expand
from proxy.config.written.marks import Document, parse
from proxy.config.written.preset import Preset
from proxy.config.written.read import content
from proxy.errors import ConfigError
from proxy.values.names import did_you_mean
from proxy.values.where import Finding, Where, place

_GIVEN: Where = ("examples", "with")
_BESIDE = ("dead", "hosts")
"""Keys of a preset that become the provider's."""


def proofs_of(file: Path) -> Iterator[tuple[int, Proof]]:
    """Each example of a preset file with its line. Raises ConfigError with every mistake of the file."""
    preset = read_own(file)
    written = content(file)
    document = parse(written if isinstance(written, bytes) else b"", str(file))
    if problems := problems_of(_mistakes(file.stem, preset, document.tree), document):
        raise ConfigError(problems)
    proven = Proven(file.stem, preset)
    return ((_line(proof.where, document), proof) for proof in proven.proofs())


def _line(where: Where, document: Document) -> int:
    return place(where, document.marks, document.file).line


def _mistakes(name: str, preset: Preset, tree: dict[str, Any]) -> Iterable[Finding]:
    """Those of the examples' form, else of their values, else of the provider that they make."""
    return [*_of_form(preset, tree)] or [*_of_values(preset)] or [*_of_provider(name, preset)]


def _of_form(preset: Preset, tree: dict[str, Any]) -> Iterator[Finding]:
    try:
        read_examples(preset.examples)
    except ValidationError as error:
        examples = tree.get("examples") or {}
        for finding in translate(error, examples, partial(keys_below, Examples, examples)):
            yield finding._replace(where=("examples", *finding.where))


def _of_values(preset: Preset) -> Iterator[Finding]:
    given = preset.examples.get("with") or {}
    for name in given:
        if name not in preset.parameters:
            hint = did_you_mean(name, preset.parameters)
            yield Finding((*_GIVEN, name), "no parameter of this preset", hint)
    for name, parameter in preset.parameters.items():
        if parameter.required and name not in given:
            yield Finding((*_GIVEN, name), "missing; the examples need a value, a made-up one, for this parameter")


def _of_provider(name: str, preset: Preset) -> Iterator[Finding]:
    """What the config would be told of, were these values a user's."""
    tree = {"providers": {name: {"use": name, **parameters_of(preset)}}, "routes": {"/x": name}}
    if preset.base() is None:
        tree["routes"] = {}
    expanded = expand(tree, {name: preset})
    for finding in (*expanded.findings, *validate.findings(expanded.tree, expanded.tree, {name: preset})):
        yield finding._replace(where=_in_preset(finding.where, name))


def _in_preset(where: Where, name: str) -> Where:
    """A provider's text is the preset's `provider`, or stands beside that; a route's upstream is the preset's."""
    if where[:2] == ("providers", name) and where[2:3] and where[2] in _BESIDE:
        return where[2:]
    if where[:2] == ("providers", name):
        return ("provider", *where[2:])
    return ("upstream",)
