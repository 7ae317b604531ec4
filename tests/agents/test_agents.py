"""Coding agents as they are, through `keyless exec`, at a task of several turns whose tokens die in the middle.

They are installed in folders of their own: `make agents`. One that can't be is skipped, and named.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agents import stage
from tests.agents.install import is_installed, places
from tests.agents.programs import AGENTS, Agent
from tests.agents.turns import AFTER, DONE, FILE
from tests.agents.vendor import DEATHS, Vendor, serving

HOME = os.environ.get("KEYLESS_AGENTS", "")
PATIENCE = 180.0

pytestmark = pytest.mark.skipif(not HOME, reason="the agents are not installed here: `make agents` runs these")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Below no folder where others may write: agents trust no settings there."""
    with tempfile.TemporaryDirectory(dir=Path.home(), prefix=".keyless-", ignore_cleanup_errors=True) as path:
        yield Path(path).resolve()


def done(folder: Path, name: str, agent: Agent, vendor: Vendor) -> stage.Ended:
    home = Path(HOME).resolve()
    if not is_installed(home, name):
        pytest.skip(f"{agent.package} could not be installed")
    stage.prepared(folder, agent)
    with serving(vendor) as url:
        config = stage.written(folder, agent, url, stage.provider_of(agent.speaks, url))
        return stage.run(folder, name, agent, config, places(home, name), PATIENCE)


@pytest.mark.parametrize("name", AGENTS)
def test_it_does_the_whole_task_while_tokens_die(name: str, folder: Path) -> None:
    vendor = Vendor(str(folder / "work"))
    ended = done(folder, name, AGENTS[name], vendor)
    seen = f"{ended}\n{vendor.steps} {vendor.refused} {vendor.mints} {vendor.offered}"
    assert ended.code == 0, seen
    assert (folder / "work" / FILE).read_text() == AFTER, seen
    assert DONE in " ".join(ended.said.split()), seen
    assert stage.SECRET not in ended.said
    assert sorted(vendor.refused) == list(DEATHS), seen
    assert vendor.mints == 1 + len(DEATHS), seen
    assert not vendor.leaks, seen
