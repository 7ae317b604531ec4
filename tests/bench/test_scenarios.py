"""Which scenarios a run has, and what stands in their rows."""

from __future__ import annotations

import argparse

import pytest

from bench.__main__ import usual
from bench.peers import PEERS
from bench.scenarios import PROXIES, SCENARIOS, STARTS
from bench.stand import QUICK, Pace


def options(*, quick: bool = False, everything: bool = False) -> argparse.Namespace:
    return argparse.Namespace(quick=quick, all=everything)


def test_what_has_to_be_asked_for_is_in_no_usual_run() -> None:
    asked = {start.name for start in STARTS.values() if start.asked}
    assert asked == {"make-run"}
    assert set(usual(options())) == {*STARTS, *SCENARIOS} - asked
    assert usual(options(everything=True)) == [*STARTS, *SCENARIOS]


def test_a_quick_run_has_nothing_slow() -> None:
    assert not {name for name in usual(options(quick=True, everything=True)) if (STARTS | SCENARIOS)[name].slow}


@pytest.mark.parametrize(("name", "full", "quick"), [("get500", 3, 1), ("policies", 6, 2), ("idle", 1, 1)])
def test_rounds(name: str, full: int, quick: int) -> None:
    assert (SCENARIOS[name].rounds(Pace()), SCENARIOS[name].rounds(QUICK)) == (full, quick)


def test_whose_instructions_are_counted_runs_under_callgrind() -> None:
    for scenario in SCENARIOS.values():
        assert {contender.counted for contender in scenario.contenders(PEERS)} == {scenario.counted}


def test_proxies_are_proxies() -> None:
    assert "direct" not in PROXIES
    assert {"keyless", "envoy", "nginx", "nginx-lua", "haproxy", "caddy", "naive"} == set(PROXIES)
