"""Presets: providers written once, completed by a user's parameters.

Owns: what `use:` turns into. Must not know: the form of a preset file (preset.py), where they lie, secrets' values. A
parameter is replaced as text, before any `${...}` is resolved, so a preset never sees a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from proxy.config.written.preset import Preset
from proxy.config.written.reference import escape_literals
from proxy.values.names import did_you_mean
from proxy.values.template import is_template
from proxy.values.where import Finding, Where

Catalogue = Mapping[str, Preset]


@dataclass
class Expanded:
    """A tree whose providers are spelled out.

    `origins` leads from a text that a parameter filled back to what the user wrote; `secret` and `public` are the texts
    whose parameter says that it is, or is not, a secret. `unfilled` are the places that lack a parameter.
    """

    tree: dict[str, Any] = field(default_factory=dict, repr=False)
    origins: dict[Where, Where] = field(default_factory=dict)
    secret: set[Where] = field(default_factory=set)
    public: set[Where] = field(default_factory=set)
    unfilled: set[Where] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)


def expand(tree: Mapping[str, Any], catalogue: Catalogue) -> Expanded:
    """The tree with every `use:` of a provider carried out."""
    expanded = Expanded(dict(tree))
    providers = tree.get("providers")
    if isinstance(providers, dict):
        expanded.tree["providers"] = {
            name: _provider(("providers", name), written, catalogue, expanded) for name, written in providers.items()
        }
    return expanded


def _provider(where: Where, written: Any, catalogue: Catalogue, expanded: Expanded) -> Any:
    if not isinstance(written, dict) or "use" not in written:
        return written
    use = written["use"]
    preset = catalogue.get(use) if isinstance(use, str) else None
    if preset is None:
        expanded.unfilled.add(where)
        hint = did_you_mean(use, catalogue)
        expanded.findings.append(Finding((*where, "use"), "no such preset", hint, got=True))
        return written
    given = {name: value for name, value in written.items() if name in preset.parameters and value is not None}
    own = {key: value for key, value in written.items() if key not in preset.parameters}
    expanded.findings += _missing(where, use, preset, given)
    return _Filling(where, preset, given, expanded).value(merged(preset.provider, own), where)


def _missing(where: Where, use: str, preset: Preset, given: Mapping[str, Any]) -> Iterator[Finding]:
    for name, parameter in preset.parameters.items():
        if parameter.required and name not in given:
            advice = f"add {name}: ${{{parameter.variables[0]}}}" if parameter.env else f"preset {use} needs it"
            yield Finding((*where, name), f"missing; {advice}")


def merged(under: Any, over: Any) -> Any:
    """Mappings merge deeply; null takes out what is under it; anything else of `over` replaces it (RFC 7396)."""
    if isinstance(under, dict) and isinstance(over, dict):
        removed = {key for key, value in over.items() if value is None and key in under}
        added = {key: merged(under.get(key), value) for key, value in over.items() if key not in removed}
        return {key: value for key, value in under.items() if key not in removed} | added
    return over


class _Filling:
    """Replaces the parameters of one provider, and remembers where each one went."""

    def __init__(self, provider: Where, preset: Preset, given: Mapping[str, Any], expanded: Expanded) -> None:
        self._provider = provider
        self._parameters = preset.parameters
        self._given = given
        self._values = {name: each.default for name, each in preset.parameters.items() if not each.required} | dict(
            given
        )
        self._expanded = expanded
        names = "|".join(map(re.escape, preset.parameters)) or r"(?!)"
        self._whole = re.compile(rf"\{{({names})\}}")
        # `{{name}}` in a template is the text `{name}`
        self._in_template = re.compile(rf"\{{\{{|\}}\}}|\{{({names})\}}")

    def value(self, written: Any, where: Where) -> Any:
        if isinstance(written, dict):
            filled = {}
            for key, inner in written.items():
                own = (*where, self._key(key, where))
                filled[own[-1]] = self.value(inner, own)
            return filled
        if isinstance(written, list):
            return [self.value(item, (*where, index)) for index, item in enumerate(written)]
        return self._text(written, where) if isinstance(written, str) else written

    def _key(self, key: str, where: Where) -> str:
        return self._whole.sub(lambda match: self._replacement(match, (*where, key), False), key)

    def _text(self, written: str, where: Where) -> Any:
        template = is_template(where)
        whole = self._whole.fullmatch(written)
        if whole and not template and whole[1] in self._values:
            self._note(whole[1], where)
            return self._values[whole[1]]
        pattern = self._in_template if template else self._whole
        return pattern.sub(lambda match: self._replacement(match, where, template), written)

    def _replacement(self, match: re.Match[str], where: Where, template: bool) -> str:
        name = match[1]
        if name is None:
            return match[0]
        self._note(name, where)
        value = self._values.get(name)
        if isinstance(value, dict | list):
            self._expanded.findings.append(Finding((*self._provider, name), "expected text"))
            self._expanded.unfilled.add(where)
            return ""
        if value is None:
            return "" if name in self._values else match[0]
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return escape_literals(text) if template else text

    def _note(self, name: str, where: Where) -> None:
        """A text with several parameters is led back to the first one that the user gave."""
        if name in self._given:
            self._expanded.origins.setdefault(where, (*self._provider, name))
        elif self._parameters[name].required:
            self._expanded.unfilled.add(where)
        if self._parameters[name].secret:
            self._expanded.secret.add(where)
        elif self._parameters[name].secret is False:
            self._expanded.public.add(where)
