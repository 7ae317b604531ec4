"""A preset's texts with a user's parameters in them.

Owns: how a parameter gets into a text, and what is remembered of where each one went. Must not know: which texts a
preset has. A parameter is replaced as text, before any `${...}` is resolved, so a preset never sees a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from proxy.config.written.expanded import Expanded
from proxy.config.written.reference import escape_literals
from proxy.values.template import is_template
from proxy.values.where import Finding, Where

if TYPE_CHECKING:  # whoever has one has loaded it; others start without
    from proxy.config.written.preset import Preset


class Filling:
    """Replaces the parameters of one provider, which uses the preset of that name.

    `given` are those that have a value, of the user's or a variable's.
    """

    def __init__(self, provider: Where, use: str, preset: Preset, given: Mapping[str, Any], expanded: Expanded) -> None:
        self.preset = preset
        self.use = use
        self._provider = provider
        self._given = given
        parameters = preset.parameters
        self._values = {name: one.default for name, one in parameters.items() if not one.required} | dict(given)
        self._expanded = expanded
        names = "|".join(map(re.escape, parameters)) or r"(?!)"
        self._whole = re.compile(rf"\{{({names})\}}")
        # `{{name}}` in a template is the text `{name}`
        self._in_template = re.compile(rf"\{{\{{|\}}\}}|\{{({names})\}}")

    def value(self, written: Any, where: Where) -> Any:
        """`written` with its parameters replaced; `where` it will stand."""
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
        if whole and whole[1] in self._values and (not template or self._values[whole[1]] is None):
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
        """A text with several parameters is led back to the first one that has a value."""
        written = (*self._provider, name)
        if name in self._given:
            if where != written:  # a key that is called as its parameter: it would lead back to itself for ever
                self._expanded.origins.setdefault(where, written)
        elif self.preset.parameters[name].required:
            self._expanded.unfilled.add(where)
        if self.preset.parameters[name].secret:
            self._expanded.secret.add(where)
        elif self.preset.parameters[name].secret is False:
            self._expanded.public.add(where)
