"""What expanding a config comes to: everything spelled out, and where each text came from.

Owns: the record. Must not know: how it comes about (catalogue.py, named.py, filling.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from proxy.values.where import Finding, Where

if TYPE_CHECKING:  # whoever has one has loaded it; others start without
    from proxy.config.written.preset import Live, Preset


@dataclass
class Expanded:
    """A tree whose providers and routes are spelled out.

    `origins` leads from what a preset or a name brought back to what the user wrote; `secret` and `public` are the
    texts whose parameter says that it is, or is not, a secret. `unfilled` are the places that lack a parameter.
    `presets` are those in use, by provider, `uses` their names; `of_provider` leads from a route's upstream that a
    preset brought to the provider whose preset it was; `live` are the harmless calls below such an upstream, by prefix.
    `filled` tells of what nobody wrote: where it stands, and where it came from. `remarks` are no mistakes, but worth
    saying.
    """

    tree: dict[str, Any] = field(default_factory=dict, repr=False)
    origins: dict[Where, Where] = field(default_factory=dict)
    secret: set[Where] = field(default_factory=set)
    public: set[Where] = field(default_factory=set)
    unfilled: set[Where] = field(default_factory=set)
    presets: dict[str, Preset] = field(default_factory=dict)
    uses: dict[str, str] = field(default_factory=dict)
    of_provider: dict[Where, str] = field(default_factory=dict)
    live: dict[str, Live] = field(default_factory=dict, repr=False)
    filled: dict[Where, str] = field(default_factory=dict)
    remarks: list[Finding] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def provider_of(self, where: Where) -> str | None:
        """Whose a text is: the provider's that it stands in, or whose preset brought it."""
        if where[:1] == ("providers",) and len(where) > 1:
            return str(where[1])
        return self.of_provider.get(where)
