"""Two workers as clients see them: what a refusal costs is the same as with one, and each mint is told once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.cli.conftest import PATIENCE, control, crm
from tests.cli.run.test_run_workers import Crew, crew, issuer, until

__all__ = ["issuer"]
CALLS = 40


def status(running: Crew, path: str) -> int:
    """On a connection of its own, so that the kernel picks a worker each time."""
    try:
        with urlopen(f"{running.url}{path}", timeout=PATIENCE) as reply:
            reply.read()
            return int(reply.status)
    except HTTPError as error:
        with error:
            return error.code


def calls_at(issuer: str) -> int:
    return int(control(issuer, "state")["token_requests"]["oauth2"])


def told(folder: Path) -> list[dict[str, Any]]:
    lines = (json.loads(line) for line in (folder / "audit.jsonl").read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line["event"] == "token_mint"]


@pytest.fixture
def running(folder: Path, issuer: str) -> Iterator[Crew]:
    control(issuer, "set", lifetime=3600)
    with crew(folder, crm(issuer, audit="audit.jsonl")) as started:
        until(lambda: started.generations() == [1, 1])
        yield started
        if started.process.popen.poll() is None:
            started.process.popen.terminate()
            started.process.end()


def test_a_token_that_dies_in_a_pause_costs_two_refusals_whoever_sees_them(running: Crew, issuer: str) -> None:
    assert status(running, "/crm/status/401") == 401  # a permission error that looks like expiry: the route pauses
    until(lambda: running.generations() == [2, 2])
    assert [status(running, "/crm/echo") for _ in range(CALLS)] == [200] * CALLS
    control(issuer, "void")
    seen = Counter(status(running, "/crm/echo") for _ in range(CALLS))
    assert seen[401] <= 2, "the third refusal in a row is believed"
    assert seen[200] == CALLS - seen[401]
    assert calls_at(issuer) == 3


def test_a_route_that_always_refuses_costs_one_mint_per_pause(running: Crew, folder: Path, issuer: str) -> None:
    assert Counter(status(running, "/crm/status/401") for _ in range(CALLS)) == {401: CALLS}
    assert calls_at(issuer) == 2
    running.process.popen.terminate()
    said = running.process.end().err
    assert said.count("token minted") == len(told(folder)) == 2


def test_good_calls_between_forbidden_ones_keep_the_pause(running: Crew, issuer: str) -> None:
    for _ in range(CALLS):
        assert status(running, "/crm/status/401") == 401
        assert status(running, "/crm/echo") == 200
    assert calls_at(issuer) == 2


def test_a_dead_token_is_minted_once_and_told_once(running: Crew, folder: Path, issuer: str) -> None:
    for _ in range(3):
        control(issuer, "void")
        assert {status(running, "/crm/echo") for _ in range(CALLS // 2)} == {200}
    running.process.popen.terminate()
    said = running.process.end().err
    assert calls_at(issuer) == 4
    assert [line["generation"] for line in told(folder)] == [1, 2, 3, 4]
    assert said.count("token minted") == 4
