"""The proof of a cell as processes share it: a note beside the record in the store (docs/lifecycle.md#who-counts).

Owns: its shape and its version. Must not know: how it is sealed or where it lies. Times are Unix seconds: machines that
share a store have no other clock in common.
"""

from __future__ import annotations

import json
import math
from dataclasses import field, fields
from typing import Any

from proxy.auth.life.brake import UNUSED, Pauses
from proxy.auth.life.proof import Proof
from proxy.values.now import Now
from proxy.values.record import record

VERSION = 1


@record
class Note:
    generation: int
    streak: int
    since: float = 0.0
    pauses: dict[str, Pauses] = field(default_factory=dict)  # by route

    @classmethod
    def of(cls, proof: Proof, now: Now) -> Note:
        ahead = now.wall - now.boot
        used = {route: brake.pauses.on_clock(ahead) for route, brake in proof.brakes.items() if brake.used}
        return cls(proof.generation, proof.streak, proof.since + ahead, used)

    def onto(self, proof: Proof, now: Now) -> None:
        """Take it over, but for what `proof` has not said; an acceptance that was no news was never said."""
        proof.generation = max(proof.generation, self.generation)
        ahead = now.boot - now.wall
        proof.streak, proof.since = self.streak, self.since + ahead
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
        known = {"v": VERSION, "cell": cell, **{part.name: getattr(self, part.name) for part in fields(self)}}
        return json.dumps(known, separators=(",", ":")).encode("utf-8")

    @classmethod
    def from_bytes(cls, data: bytes, cell: str) -> Note:
        """Raises ValueError for anything that is not a note of this version and cell."""
        try:
            known = json.loads(data)
            if (known["v"], known["cell"]) != (VERSION, cell):
                raise ValueError("not a note of this version and cell")
            pauses = {str(route): _pauses(row) for route, row in known["pauses"].items()}
            return cls(_count(known["generation"]), _count(known["streak"]), _time(known["since"]), pauses)
        except (TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(f"not a note ({type(error).__name__})") from None


def _pauses(row: list[Any]) -> Pauses:
    if len(row) != len(Pauses._fields):
        raise ValueError("a note's pauses are seven numbers")
    until, pause, lifting, judged, permitted, last_unreplayed, unsettled = row
    return Pauses(
        _time(until),
        _time(pause),
        _count(lifting),
        _count(judged),
        _time(permitted),
        _time(last_unreplayed),
        _count(unsettled),
    )


def _time(number: Any) -> float:
    if type(number) not in (int, float) or math.isnan(number):
        raise ValueError("a note's times are numbers")
    return float(number)


def _count(number: Any) -> int:
    if type(number) is not int or number < 0:
        raise ValueError("a note's counts are whole numbers")
    return number
