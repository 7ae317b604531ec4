"""Presets: providers written once, completed by a user's parameters.

Owns: what `use:` and the name of a preset turn into, and which variables are read where nobody says a parameter. Must
not know: the form of a preset file (preset.py), where they lie, the values of variables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from proxy.config.written.expanded import Expanded
from proxy.config.written.filling import Filling
from proxy.config.written.named import Catalogue, name_providers, name_upstreams
from proxy.config.written.overlay import merged
from proxy.values.names import did_you_mean
from proxy.values.where import Finding, Where

if TYPE_CHECKING:  # whoever has one has loaded it; others start without
    from proxy.config.written.preset import Parameter, Preset

FirstSet = Callable[[Sequence[str]], str | None]
"""Which of some variables is the first that is set."""


def expand(tree: Mapping[str, Any], catalogue: Catalogue, first_set: FirstSet = lambda _: None) -> Expanded:
    """The tree with every `use:` of a provider, and every route that is a name, spelled out."""
    expanded = Expanded(dict(tree))
    name_providers(expanded, catalogue)
    providers = expanded.tree.get("providers")
    if not isinstance(providers, dict):
        return expanded
    fillings: dict[str, Filling] = {}
    spelled_out = {}
    for name, written in providers.items():
        where = ("providers", name)
        filling = _filling(where, written, catalogue, expanded, first_set)
        if filling is not None:
            fillings[name] = filling
            expanded.presets[name] = filling.preset
            expanded.uses[name] = filling.use
        spelled_out[name] = written if filling is None else _provider(where, written, filling)
    expanded.tree["providers"] = spelled_out
    name_upstreams(expanded, fillings)
    return expanded


def _filling(
    where: Where, written: Any, catalogue: Catalogue, expanded: Expanded, first_set: FirstSet
) -> Filling | None:
    """None for a provider that uses no preset."""
    if not isinstance(written, dict) or "use" not in written:
        return None
    use = written["use"]
    preset = catalogue.get(use) if isinstance(use, str) else None
    if preset is None:
        expanded.unfilled.add(where)
        hint = did_you_mean(use, catalogue)
        expanded.findings.append(Finding((*where, "use"), "no such preset", hint, got=True))
        return None
    given = {name: value for name, value in written.items() if name in preset.parameters and value is not None}
    unasked = {name: f"${{{variable}}}" for name, variable in _unasked(preset, given, first_set)}
    for name, reference in unasked.items():
        expanded.filled[*where, name] = f"{reference}, which preset {use} names"
    given |= unasked
    lacking = {name: one for name, one in preset.parameters.items() if one.required and name not in given}
    expanded.findings += (_missing if where not in expanded.origins else _needed)(where, use, lacking)
    return Filling(where, use, preset, given, expanded)


def _unasked(preset: Preset, given: Mapping[str, Any], first_set: FirstSet) -> Iterator[tuple[str, str]]:
    """Parameters that nobody gave, and whence each is read; what has a default needs a variable that is set."""
    for name, parameter in preset.parameters.items():
        if name not in given and (variables := preset.unasked(name)):
            variable = first_set(variables) or (variables[0] if parameter.required else None)
            if variable is not None:
                yield name, variable


def _provider(where: Where, written: Mapping[str, Any], filling: Filling) -> Any:
    preset = filling.preset
    own = {key: value for key, value in written.items() if key not in preset.parameters}
    lists: dict[str, Sequence[BaseModel]] = {"dead": preset.dead, "hosts": preset.hosts}
    brought = {
        key: [each.model_dump(by_alias=True, exclude_unset=True) for each in several]
        for key, several in lists.items()
        if several
    }
    return filling.value(merged(preset.provider | brought, own), where)


def _missing(where: Where, use: str, lacking: Mapping[str, Parameter]) -> Iterator[Finding]:
    for name, parameter in lacking.items():
        advice = f"add {_written(name, parameter)}" if parameter.env else f"preset {use} needs it"
        yield Finding((*where, name), f"missing; {advice}")


def _needed(where: Where, use: str, lacking: Mapping[str, Parameter]) -> Iterator[Finding]:
    """The same where there is no provider yet, only a route that names the preset."""
    if lacking:
        keys = ", ".join(_written(name, parameter) for name, parameter in lacking.items())
        yield Finding(where, f"this preset needs {', '.join(lacking)}; write a provider with {{use: {use}, {keys}}}")


def _written(name: str, parameter: Parameter) -> str:
    return f"{name}: ${{{parameter.variables[0]}}}" if parameter.env else f"{name}: ..."
