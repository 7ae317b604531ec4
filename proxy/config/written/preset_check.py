"""What must fit together in a preset.

Owns: every rule between two of its parts, and what its texts may hold. Must not know: files, lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from proxy.config.written.preset import PARAMETER, Preset, Sdk
from proxy.values.names import did_you_mean
from proxy.values.template import Template
from proxy.values.where import Finding, Where

IN_SDK = ("base", "host", "path", "key")
"""What the texts of an `sdk` row know: the route's address, its host and port, and the key for the client."""
_MADE = frozenset(
    (
        *("token", "basic", "reply", "refresh_token", "identity", "jwt", "upstream", "issuer"),
        *("now", "now_ms", "exp", "exp_ms", "nbf", "jti", "fingerprint", "x5t_s256"),
    )
)
"""What the texts of a provider know besides the preset's parameters, and what its logins keep."""
_OWN_NAMES = ("values", "keep", "digest", "stand_in")
"""Keys of a provider whose texts, or names, are of another language than parameters."""


def check_preset(preset: Preset) -> Iterator[Finding]:
    """Every mistake between the parts of a preset."""
    yield from _bases(preset)
    yield from _sdk(preset.sdk)
    yield from _sdk_bases(preset)
    if preset.live and preset.live.base is not None and preset.live.base not in (preset.bases or {}):
        yield Finding(("live", "base"), "no such base", did_you_mean(preset.live.base, preset.bases or {}))
    if preset.live and preset.base() is None:
        yield Finding(("live",), "a live path stands below an upstream, and there is none; add `upstream` or `bases`")
    yield from _misspelt(preset)
    if preset.dead and preset.provider.get("scheme") not in ("static", "signed", "http_digest", None):
        yield Finding(("dead",), "only for a credential that is never renewed; write `refused` into the provider")


def _bases(preset: Preset) -> Iterator[Finding]:
    if preset.upstream and preset.bases:
        yield Finding(("upstream",), "the first of `bases` is the upstream; leave this out")
    if preset.bases and "base" in preset.parameters:
        yield Finding(("parameters", "base"), "`base` picks one of `bases`; give the parameter another name")
    yield from _texts((("upstream",), preset.upstream or ""), preset)
    for name, url in (preset.bases or {}).items():
        yield from _texts((("bases", name), url), preset)
    for index, each in enumerate(preset.hosts):
        yield from _texts((("hosts", index, "host"), each.host), preset)
    if preset.live:
        yield from _texts((("live", "path"), preset.live.path), preset)


def _texts(written: tuple[Where, str], preset: Preset) -> Iterator[Finding]:
    where, text = written
    for name in PARAMETER.findall(text):
        if name not in preset.parameters and name not in ("token", "basic", "upstream"):
            hint = did_you_mean(name, preset.parameters)
            yield Finding(where, f"{{{name}}} is no parameter of this preset{hint}")
        elif where[0] in ("upstream", "bases") and name in preset.parameters and preset.parameters[name].secret:
            yield Finding(
                where, f"{{{name}}} is a secret, which is seen here; let it be the provider's token: {{token}}"
            )


def _misspelt(preset: Preset) -> Iterator[Finding]:
    """A brace may be meant as one, in JSON or a body, but hardly around what is nearly a parameter's name."""
    made = _MADE.union(_kept(preset.provider))
    for where, text in _written(preset.provider, ("provider",)):
        for name in PARAMETER.findall(text):
            if name not in preset.parameters and name not in made and (hint := did_you_mean(name, preset.parameters)):
                yield Finding(where, f"{{{name}}} is no parameter of this preset", hint)


def _written(tree: Any, where: Where) -> Iterator[tuple[Where, str]]:
    if isinstance(tree, str):
        yield where, tree
    elif isinstance(tree, dict | list):
        for key, inner in tree.items() if isinstance(tree, dict) else enumerate(tree):
            if key not in _OWN_NAMES:
                yield from _written(inner, (*where, key))


def _kept(tree: Any) -> Iterator[str]:
    """The names of what is made or kept for the texts that follow."""
    if isinstance(tree, dict | list):
        for key, inner in tree.items() if isinstance(tree, dict) else enumerate(tree):
            if key in ("values", "keep") and isinstance(inner, dict):
                yield from map(str, inner)
            yield from _kept(inner)


def _sdk(rows: Iterable[Sdk]) -> Iterator[Finding]:
    for index, row in enumerate(rows):
        texts = {("env", name): text for name, text in row.env.items()} | ({("base",): row.base} if row.base else {})
        for below, text in texts.items():
            try:
                Template.parse(text, IN_SDK)
            except ValueError as error:
                yield Finding(("sdk", index, *below), str(error))
        if not row.env and row.setting is None:
            yield Finding(("sdk", index), "expected env, the variables that the SDK reads, or setting, in words")


def _sdk_bases(preset: Preset) -> Iterator[Finding]:
    """A variable can have one text only, wherever the route leads."""
    texts: dict[tuple[str, str], str] = {}
    for index, row in enumerate(preset.sdk):
        for base in row.bases:
            if base not in (preset.bases or {}):
                yield Finding(("sdk", index, "bases"), "no such base", did_you_mean(base, preset.bases or {}))
        for name, text in row.env.items():
            if any(texts.setdefault((name, base), text) != text for base in row.bases or ("", *(preset.bases or {}))):
                yield Finding(("sdk", index, "env", name), "another row gives this variable another text")
