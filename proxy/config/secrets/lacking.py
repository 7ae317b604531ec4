"""What keeps a provider asleep: what nobody has set, and what a source can't give.

Owns: the sentences about it, for clients and for operators. Must not know: how secrets are looked for.
"""

from __future__ import annotations

from typing import NamedTuple


class Reason(NamedTuple):
    """Why a source has no value. `detail` is for operators only."""

    text: str
    detail: str = ""

    @property
    def whole(self) -> str:
        return f"{self.text} ({self.detail})" if self.detail else self.text


class Lacking(NamedTuple):
    """What a provider lacks: `names` that nobody has set, and `reasons` of sources that have no value."""

    names: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()

    def unset(self) -> str:
        """What keeps it asleep, in words that clients may read."""
        unset = [f"{' and '.join(self.names)} {'is' if len(self.names) == 1 else 'are'} not set"] if self.names else []
        return "; ".join((*unset, *(reason.text for reason in self.reasons)))

    def asleep(self) -> str:
        """How to wake it up, or why that can't be helped: a source that fails is asked again by itself."""
        wanted = ["set " + " and ".join(self.names)] if self.names else []
        return "asleep: " + "; ".join((*wanted, *(reason.whole for reason in self.reasons)))

    def listed(self) -> list[str]:
        """For scripts."""
        return [*self.names, *(reason.text for reason in self.reasons)]

    def joined(self, other: Lacking) -> Lacking:
        """Both, each thing said once."""
        names, reasons = (*self.names, *other.names), (*self.reasons, *other.reasons)
        return Lacking(tuple(dict.fromkeys(names)), tuple(dict.fromkeys(reasons)))
