"""What a person sees who runs an agent or an SDK and has a credential that only a person can mend, and after how long.

`python -m tests.agents.errors FOLDER` prints the rows of docs/errors.md.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.agents import stage
from tests.agents.install import places
from tests.agents.programs import AGENTS, SDKS, Agent
from tests.agents.vendor import Vendor, serving

PATIENCE = 120.0


class Case(NamedTuple):
    """`words`: what names the cause. `provider`: what differs from one that works."""

    words: str
    provider: Mapping[str, Any] = {}
    trouble: str | None = None


CASES = {
    "missing": Case("NOT_SET_HERE", {"client_secret": "${NOT_SET_HERE}"}),
    "wrong": Case("invalid_client", trouble="invalid_client"),
    "login": Case("keyless login vendor", {"grant": "refresh_token", "refresh_token": "made-up"}, "invalid_grant"),
    "dead key": Case("expired"),
}


def lasting(preset: str) -> dict[str, Any]:
    """A key that lasts, by the preset; the API will have none of it."""
    return {"use": preset, "api_key": stage.SECRET}


def tried(home: Path, name: str, agent: Agent, case: str, patience: float = PATIENCE) -> stage.Ended:
    with tempfile.TemporaryDirectory(dir=Path.home(), prefix=".keyless-", ignore_cleanup_errors=True) as path:
        folder = Path(path).resolve()
        stage.prepared(folder, agent)
        with serving(Vendor(str(folder / "work"), CASES[case].trouble)) as url:
            provider = stage.provider_of(agent.speaks, url) | dict(CASES[case].provider)
            if case == "dead key":
                provider = lasting(agent.speaks)
            config = stage.written(folder, agent, url, provider)
            return stage.run(folder, agent.named or name, agent, config, places(home, agent.folder or name), patience)


def row(home: Path, name: str, agent: Agent) -> str:
    cells = []
    for case, known in CASES.items():
        ended = tried(home, name, agent, case)
        seconds = ended.shown(known.words)
        end = "" if ended.code is not None else ", goes on"
        cells.append(f"not shown{end}" if seconds is None else f"{seconds:.1f} s{end}")
        print(f"--- {name} {case} {ended.code} {ended.lines[-1:]}\n{ended.said}", file=sys.stderr, flush=True)
    return f"| {name} | {agent.package} | {' | '.join(cells)} |"


def main() -> None:
    home, *names = sys.argv[1:]
    for name, agent in (SDKS | AGENTS).items():
        if name in names or not names:
            print(row(Path(home).resolve(), name, agent), flush=True)


if __name__ == "__main__":
    main()
