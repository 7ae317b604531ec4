"""An aim says something only where a run has measured all of it."""

from __future__ import annotations

import pytest

from bench.aims import AIMS, BEFORE, Aim
from bench.machine import Machine
from bench.measure import Figure, Sample
from bench.peers import PEERS
from bench.results import Results
from bench.scenarios import SCENARIOS, STARTS
from bench.stand import Contender


def aim(text: str) -> Aim:
    (one,) = [one for one in AIMS if one.text == text]
    return one


def results(scenario: str, **samples: list[Sample]) -> Results:
    one = Results(Machine("a CPU", 2, "6.1", "3.11.7", "2026-01-01 00:00 UTC"), "wrk", "nginx", 3)
    one.samples[scenario] = {
        label.replace("_", "+", 1).replace("_", "-"): several for label, several in samples.items()
    }
    return one


def test_the_rate_of_many_connections_is_nginxs_share_and_the_cost_is_our_own() -> None:
    run = results("busy1000", keyless=[{"rps": 6.0, "cpu_us": 39.0, "few_cpu_us": 30.0}], nginx=[{"rps": 10.0}])
    rate, cost = (
        aim("1,000 busy connections: rate, of nginx's"),
        aim("1,000 busy connections: CPU per request, of that with 32"),
    )
    assert rate.figure(run) == pytest.approx(0.6)
    assert rate.met(0.6)
    assert not rate.met(0.4)
    assert cost.figure(run) == pytest.approx(1.3)
    assert not cost.met(1.31)


def test_a_rate_does_not_hide_who_was_never_served() -> None:
    run = results("busy2000", keyless=[{"failed": 0.0}, {"failed": 30.0}, {"failed": 12.0}])
    failed = aim("2,000 busy connections: failed requests")
    assert failed.figure(run) == 12
    assert not failed.met(12)


def test_instructions_are_held_against_those_before() -> None:
    run = results("instructions", keyless=[{"instructions": BEFORE["keyless"] * 0.6}])
    counted = aim("GET: user-space instructions, of those at 6e731b4")
    assert counted.figure(run) == pytest.approx(0.6)
    assert counted.met(0.65)
    assert counted.figure(results("instructions", envoy=[{"instructions": 1.0}])) is None


@pytest.mark.parametrize(("peer", "ratio"), [("Envoy", 1.5), ("nginx", 0.75)])
def test_the_slowest_of_a_hundred_is_held_against_two_peers(peer: str, ratio: float) -> None:
    run = results("get500", keyless=[{"p99_us": 1500.0}], envoy=[{"p99_us": 1000.0}], nginx=[{"p99_us": 2000.0}])
    assert aim(f"GET, 32 connections: p99, of {peer}'s").figure(run) == pytest.approx(ratio)


def test_policies_are_all_on_against_all_off() -> None:
    run = results(
        "policies", keyless=[{"cpu_us": 9.0}], keyless_all_on=[{"cpu_us": 11.0}], keyless_all_off=[{"cpu_us": 10.0}]
    )
    policies = aim("Client key, Origin and access log: CPU per request, of the same without them")
    assert policies.figure(run) == pytest.approx(1.1)
    assert not policies.met(1.13)


@pytest.mark.parametrize(
    ("text", "scenario", "metric"),
    [
        ("One worker at rest, memory", "memory", "resident_mib"),
        ("Start to listening", "start", "start_s"),
        ("`make run` in a fresh clone, to the first answer", "make-run", "first_answer_s"),
    ],
)
def test_what_is_held_against_a_number_is_keylesss_own(text: str, scenario: str, metric: str) -> None:
    run = results(scenario, keyless=[{metric: 7.0}], envoy=[{metric: 1.0}])
    assert aim(text).figure(run) == 7


class Asked(Results):
    """Has every figure, and remembers of whom they were."""

    asked: set[tuple[str, str]]

    def figure(self, scenario: str, contender: str, metric: str) -> Figure:
        self.asked.add((scenario, contender))
        return Figure(1e9, 1e9, 1e9)


@pytest.mark.parametrize("one", AIMS, ids=lambda one: one.text)
def test_every_aim_is_about_who_is_measured(one: Aim) -> None:
    run = Asked(**vars(results("")))
    run.asked = set()
    one.figure(run)
    measured = {
        (scenario.name, contender.label) for scenario in SCENARIOS.values() for contender in scenario.contenders(PEERS)
    }
    started = {(start.name, Contender(PEERS["keyless"], start.feature).label) for start in STARTS.values()}
    assert run.asked
    assert run.asked <= measured | started


def test_many_routes_are_held_against_few() -> None:
    run = results("routes", keyless_10000_routes=[{"cpu_us": 33.0}], keyless_10_routes=[{"cpu_us": 30.0}])
    assert aim("10,000 routes, GET with a query: CPU per request, of ten routes'").figure(run) == pytest.approx(1.1)


@pytest.mark.parametrize(
    ("connections", "failed", "ratio"), [(9_500.0, 0.0, 1.25), (2_000.0, 0.0, None), (9_500.0, 1.0, None)]
)
def test_memory_counts_as_given_back_only_after_all_connections_were_busy(
    connections: float, failed: float, ratio: float | None
) -> None:
    sample = {"before_mib": 80.0, "after_mib": 100.0, "connections": connections, "failed": failed}
    run = results("after-busy", keyless_image=[sample])
    assert aim("9,500 connections were busy and have gone: memory, of before").figure(run) == ratio


@pytest.mark.parametrize(
    ("requests", "workers", "mib"), [(20_000.0, 2.0, 21.5), (19_999.0, 2.0, None), (20_000.0, 1.0, None)]
)
def test_a_workers_memory_counts_once_all_of_them_have_worked(
    requests: float, workers: float, mib: float | None
) -> None:
    run = results("workers", keyless_2_workers=[{"worker_mib": 21.5, "requests": requests, "workers": workers}])
    assert aim("A further worker, memory").figure(run) == mib
