"""What a login keeps of the reply to one of its steps, for the requests that follow.

Must not know: what is done with it. A stranger's bytes come in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from proxy.auth.paths import Path
from proxy.auth.reading.failure import Diagnosis
from proxy.auth.reading.located import Located, Ok, paths_of
from proxy.auth.rules import texts
from proxy.auth.token import IssuerReply
from proxy.values.kinds import Scalar
from proxy.values.record import record


@record
class KeptReader:
    """`keep`: locators by the name that each value is known by."""

    keep: Mapping[str, str]
    ok: Ok
    form: str | None
    diagnosis: Diagnosis = field(repr=False)
    paths: Mapping[str, Path] = field(repr=False)

    @classmethod
    def compile(
        cls, keep: Mapping[str, str], ok: Mapping[str, list[Scalar]], form: str | None, diagnosis: Diagnosis
    ) -> KeptReader:
        """Raises ValueError for a path that is not JMESPath."""
        rules = tuple((locator, texts(wanted)) for locator, wanted in ok.items())
        return cls(keep, rules, form, diagnosis, paths_of((*keep.values(), *ok)))

    def read(self, reply: IssuerReply, wall: float, secrets: frozenset[str]) -> dict[str, Any]:
        """All that is to be kept, by name. Raises IssuerError; `secrets` are kept out of its message."""
        located = Located.of(reply, self.form, self.paths, wall)
        why = located.objection(self.ok)
        if why is None:
            kept = {name: located.find(locator) for name, locator in self.keep.items()}
            missing = next((self.keep[name] for name, value in kept.items() if value is None or value == ""), None)
            if missing is None:
                return kept
            why = located.lacks(missing)
        raise self.diagnosis.explain(reply, located.document, why, wall, secrets, refreshing=False)
