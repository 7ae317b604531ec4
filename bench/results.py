"""The record of one run: what was measured, on what, by whom, and what was left out. Survives as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.machine import Machine
from bench.measure import Figure, Sample, figures


@dataclass
class Results:
    machine: Machine
    generator: str
    upstream: str
    rounds: int
    seconds: float = 0.0
    versions: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    samples: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)
    failures: dict[str, dict[str, str]] = field(default_factory=dict)

    def figure(self, scenario: str, contender: str, metric: str) -> Figure | None:
        found = self.samples.get(scenario, {}).get(contender)
        return figures(found).get(metric) if found else None

    def contenders(self, scenario: str) -> list[str]:
        return [label for label, samples in self.samples.get(scenario, {}).items() if samples]

    def save(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


def read(file: Path) -> Results:
    written = json.loads(file.read_text(encoding="utf-8"))
    return Results(**(written | {"machine": Machine(**written["machine"])}))
