"""kill -9 at every step of a rotation: the next start has a working token, or says why it can't (docs/traps.md 15)."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.rotating import RotatingIssuer
from tests.tokens.child import STEPS

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
KILLS = int(os.environ.get("KEYLESS_KILLS", "40"))
"""1,000 take a few minutes."""
KILLED = -signal.SIGKILL
SPENT = ("after the call", "before the keep")
"""The issuer has rotated, and nobody has the new refresh token."""


class Children:
    """Processes that refresh, one after the other."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, issuer: RotatingIssuer) -> None:
        self._process = process
        self._folder = folder
        self._issuer = issuer

    async def run(
        self, die: str | None = None, forced: int = 0, kill_after: float | None = None
    ) -> list[dict[str, Any]]:
        """What it said, its end last."""
        provider = self._issuer.provider()
        job = {"store": str(self._folder), "provider": provider, "die": die, "forced": forced}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job).encode() + b"\n")
        pid = (await self._said())["pid"]
        killing = None
        if kill_after is not None:
            killing = asyncio.get_running_loop().call_later(kill_after, _kill, pid)
        said = [await self._said()]
        while "ended" not in said[-1]:
            said.append(await self._said())
        if killing is not None:
            killing.cancel()
        return said

    async def _said(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), PATIENCE)
        said: dict[str, Any] = json.loads(line)
        return said


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):  # it was faster; its parent has said so, or will
        os.kill(pid, signal.SIGKILL)


@asynccontextmanager
async def children(folder: Path, issuer: RotatingIssuer) -> AsyncIterator[Children]:
    command = (sys.executable, "-m", "tests.tokens.child")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, cwd=ROOT)
    try:
        yield Children(process, folder / "store", issuer)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.wait_for(process.wait(), PATIENCE)


@pytest.mark.parametrize("first", [True, False], ids=["the first refresh", "a later one"])
@pytest.mark.parametrize("step", STEPS)
async def test_a_restart_after_a_crash_has_a_working_token(step: str, first: bool, tmp_path: Path) -> None:
    async with RotatingIssuer() as issuer, children(tmp_path, issuer) as run:
        if not first:
            await run.run()
        said = await run.run(step, forced=0 if first else 1)
        assert said[-1] == {"ended": KILLED}
        calls = issuer.counts["calls"]
        (token, end) = await run.run()
        assert end == {"ended": 0}
        assert issuer.good(token["token"])
        # What was kept is used as it is; else one attempt is made, at once: the grace is short.
        kept = step in ("after the keep", "publishing") or (step == "before the intent" and not first)
        assert issuer.counts["calls"] == calls + (not kept)
        assert (issuer.counts["reuse"], issuer.counts["grace"]) == (0, int(step in SPENT))
        (_, after, _) = await run.run(forced=1)  # and so it goes on
        assert issuer.good(after["token"])
        assert not issuer.revoked


@pytest.mark.parametrize("step", STEPS)
async def test_an_issuer_without_a_grace_makes_a_login_necessary_and_that_is_said(step: str, tmp_path: Path) -> None:
    async with RotatingIssuer(grace=0.0) as issuer, children(tmp_path, issuer) as run:
        await run.run(step)
        (said, end) = await run.run()
        assert end == {"ended": 0}
        if step in SPENT:
            for told in (said, (await run.run())[0]):  # the next start still knows the reason
                assert told["fault"] == "login_required"
                assert "was interrupted after the issuer may have rotated the refresh token" in told["why"]
        else:
            assert issuer.good(said["token"])


async def test_a_live_token_serves_on_where_the_refresh_token_is_lost(tmp_path: Path) -> None:
    async with RotatingIssuer(grace=0.0) as issuer, children(tmp_path, issuer) as run:
        (before, _) = await run.run()
        await run.run("after the call", forced=1)
        calls = issuer.counts["calls"]
        (after, _) = await run.run()
        assert (after["token"], issuer.counts["calls"]) == (before["token"], calls + 1)


async def test_a_refresh_token_that_the_issuer_never_rotates_survives_all(tmp_path: Path) -> None:
    async with RotatingIssuer(rotates=False) as issuer, children(tmp_path, issuer) as run:
        for step in STEPS:
            await run.run(step, forced=1)
        (said, _) = await run.run()
        assert issuer.good(said["token"])
        assert issuer.newest == "refresh-0"


async def test_kill_9_at_random_moments_loses_no_login(tmp_path: Path) -> None:
    """Each child refreshes over and over until it is killed; what comes next must find a login that works."""
    dice = random.Random(4)
    async with RotatingIssuer() as issuer, children(tmp_path, issuer) as run:
        for number in range(KILLS):
            said = await run.run(forced=10_000, kill_after=dice.uniform(0.0, 0.15))
            assert said[-1] == {"ended": KILLED}
            assert not [line for line in said if "fault" in line], f"kill {number}"
        (token, _) = await run.run()
        assert issuer.good(token["token"])
        assert (issuer.revoked, issuer.counts["reuse"]) == (False, 0)
        print(f"{KILLS} kills: {dict(issuer.counts)}")
