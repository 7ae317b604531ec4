"""By what the replies on a route are judged.

Owns: which of a provider's rules count. Must not know: how a rule reads a reply.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from proxy.auth.refusal.refusal import Refusals
from proxy.auth.schemes import Provider
from proxy.plan.admission.passing import Passing


class Judged(NamedTuple):
    """Fields as of RoutePlan."""

    refusals: Refusals | None = None
    skewed: Refusals | None = None
    final: bool = False
    passing: Passing | None = None

    @classmethod
    def compile(cls, provider: Provider | None, passed: Sequence[str]) -> Judged:
        """What is told of a credential's death counts only where nothing can be renewed."""
        if provider is None:
            return cls(passing=Passing.compile(passed, ()))
        refused, skewed = provider.effective_refusals, provider.effective_skewed
        rules = refused or provider.effective_dead
        return cls(
            Refusals.compile(rules) if rules else None,
            Refusals.compile(skewed) if skewed else None,
            bool(rules) and not refused,
            Passing.compile(passed, rules),
        )
