"""Which environment variables hold secrets of a config, so that whoever is to see none can be spared them.

Owns: the judgement by where a variable is used, and by what a preset calls its parameter. Must not know: who is spared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from proxy.config.secrets.sensitive import is_secret
from proxy.config.written.expanded import Expanded
from proxy.config.written.reference import KEY_VARIABLE, Reference, references
from proxy.values.where import Where

_SECTIONS = frozenset(("store", "store_key", "clients", "admin", "audit"))
"""Besides providers and routes, where a variable is taken for a secret."""
WITH_SECRETS: Final[Mapping[str, tuple[str, ...]]] = {
    "vault": ("VAULT_TOKEN", "VAULT_SECRET_ID"),
    "aws-sm": ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
}
"""By source, what opens it: whoever has that has the secrets, too."""


def secret_variables(expanded: Expanded, values: Mapping[Reference, str]) -> frozenset[str]:
    """Set or not: of several that a parameter may be read from, those that lost as well."""
    return frozenset((KEY_VARIABLE, *_of_parameters(expanded), *_referred_to(expanded, values)))


def _of_parameters(expanded: Expanded) -> Iterator[str]:
    for preset in expanded.presets.values():
        for parameter in preset.parameters.values():
            if parameter.secret is not False:
                yield from parameter.of_vendor


def _referred_to(expanded: Expanded, values: Mapping[Reference, str]) -> Iterator[str]:
    for where, reference in references(expanded.tree):
        yield from WITH_SECRETS.get(reference.kind, ())
        if reference.kind == "env" and _may_be_secret(where, values.get(reference, ""), expanded):
            yield reference.name


def _may_be_secret(where: Where, value: str, expanded: Expanded) -> bool:
    if where[0] not in ("providers", "routes"):
        return where[0] in _SECTIONS
    return is_secret(where, value, expanded.secret, expanded.public)
