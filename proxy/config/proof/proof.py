"""What one example proves: what should come out, and what did. Must not know: presets, how it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from proxy.values.where import Where

Compared = dict[str, Any]


class Proof(NamedTuple):
    """One example: where it stands in the preset, what should come out, and what did."""

    where: Where
    about: str
    expected: Compared
    got: Compared

    @property
    def holds(self) -> bool:
        return self.expected == self.got

    def differences(self) -> Iterator[tuple[str, Any, Any]]:
        """What, expected, got."""
        for key in self.expected | self.got:
            expected, got = self.expected.get(key), self.got.get(key)
            if expected != got:
                yield key, expected, got
