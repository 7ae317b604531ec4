"""Whoever has a credential that only a person can mend reads so, in the agent's or the SDK's own words, and soon.

Run as test_agents.py is; docs/errors.md has what was seen.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.agents.errors import CASES, tried
from tests.agents.install import is_installed
from tests.agents.programs import AGENTS, SDKS

HOME = os.environ.get("KEYLESS_AGENTS", "")
PATIENCE = 60.0
"""Seconds. Retries in silence take minutes; the slowest of these starts in ten."""

pytestmark = pytest.mark.skipif(not HOME, reason="the agents are not installed here: `make agents` runs these")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", SDKS | AGENTS)
def test_the_cause_is_shown(name: str, case: str) -> None:
    agent = (SDKS | AGENTS)[name]
    home = Path(HOME).resolve()
    if not is_installed(home, agent.folder or name):
        pytest.skip(f"{agent.package} could not be installed")
    ended = tried(home, name, agent, case, PATIENCE)
    assert ended.code is not None, f"it goes on: {ended.said}"
    assert ended.shown(CASES[case].words) is not None, ended.said
