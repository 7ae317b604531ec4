"""Headers of a client's own that reach the API beside the credential: a signed-in user's JWT, a session's token.

Owns: which do, and that a refusal which the user's may have earned says nothing of the provider's. Pure. Must not know:
client keys, which are gone from them by now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from proxy.auth.keys.provider import RefusalRule
from proxy.auth.refusal.refusal import Refusals
from proxy.http.fields import named_by_connection
from proxy.plan.headers import Head
from proxy.values.record import record


@record
class Passing:
    """`names` as the config writes them, by their lower case. `refusals`: those that hold where one has passed."""

    names: Mapping[bytes, bytes]
    refusals: Refusals | None

    def __repr__(self) -> str:
        return f"<Passing {len(self.names)}>"

    @classmethod
    def compile(cls, names: Sequence[str], rules: Sequence[RefusalRule]) -> Passing | None:
        """`rules` are those of the provider."""
        if not names:
            return None
        about_bodies = [rule for rule in rules if rule.json_ or rule.message or rule.body]
        written = {name.lower().encode("ascii"): name.encode("ascii") for name in names}
        return cls(written, Refusals.compile(about_bodies) if about_bodies else None)

    def along(self, head: Head) -> Head | None:
        """The head with them; None where the client sent none, or named it as its connection's own."""
        dropped = named_by_connection(head.facts.get(b"connection", b""))
        lines = [
            b"%b: %b\r\n" % (written, head.facts[name])
            for name, written in self.names.items()
            if name in head.facts and name not in dropped
        ]
        return Head([*head.lines, *lines], head.facts) if lines else None
