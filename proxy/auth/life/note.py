"""The proof of a cell as processes share it: a note beside the record in the store (docs/lifecycle.md#who-counts).

Owns: its shape and its version. Must not know: how it is sealed or where it lies. Times are Unix seconds: machines that
share a store have no other clock in common.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field

from proxy.auth.life.brake import UNUSED, Pauses
from proxy.auth.life.proof import Proof
from proxy.values.now import Now

VERSION = 1


@dataclass(frozen=True, slots=True)
class Note:
    generation: int
    streak: int
    pauses: dict[str, Pauses] = field(default_factory=dict)  # by route

    @classmethod
    def of(cls, proof: Proof, now: Now) -> Note:
        ahead = now.wall - now.boot
        used = {route: brake.pauses.on_clock(ahead) for route, brake in proof.brakes.items() if brake.used}
        return cls(proof.generation, proof.streak, used)

    def onto(self, proof: Proof, now: Now) -> None:
        """Take it over, but for what `proof` has not said; an acceptance that was no news was never said."""
        proof.generation = max(proof.generation, self.generation)
        proof.streak = self.streak
        ahead = now.boot - now.wall
        for route in {*proof.brakes, *self.pauses}:
            shared = self.pauses.get(route)
            proof.brake(route).resume(now.boot, UNUSED if shared is None else shared.on_clock(ahead))
        proof.reapply()

    @property
    def newest(self) -> int:
        """The newest generation that it says something of; a flight has brought that."""
        return max(self.generation, *(pauses.judged for pauses in self.pauses.values()), 0)

    def to_bytes(self, cell: str) -> bytes:
        """`cell` goes under the seal, too, as with records."""
        known = {"v": VERSION, "cell": cell, "generation": self.generation, "streak": self.streak}
        return json.dumps({**known, "pauses": self.pauses}, separators=(",", ":")).encode("utf-8")

    @classmethod
    def from_bytes(cls, data: bytes, cell: str) -> Note:
        """Raises ValueError for anything that is not a note of this version and cell."""
        try:
            known = json.loads(data)
            if (known["v"], known["cell"]) != (VERSION, cell):
                raise ValueError("not a note of this version and cell")
            pauses = {str(route): _pauses(row) for route, row in known["pauses"].items()}
            return cls(_count(known["generation"]), _count(known["streak"]), pauses)
        except (TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(f"not a note ({type(error).__name__})") from None


def _pauses(row: list[float]) -> Pauses:
    if len(row) != len(Pauses._fields):
        raise ValueError("a note's pauses are seven numbers")
    until, pause, lifting, judged, permitted, last_unreplayed, unsettled = row
    times = [float(time) for time in (until, pause, permitted, last_unreplayed)]
    if any(map(math.isnan, times)):
        raise ValueError("a note's times are numbers")
    return Pauses(times[0], times[1], _count(lifting), _count(judged), times[2], times[3], _count(unsettled))


def _count(number: object) -> int:
    if type(number) is not int or number < 0:
        raise ValueError("a note's counts are whole numbers")
    return number
