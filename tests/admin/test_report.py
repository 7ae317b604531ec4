"""One status of several workers: what merging means; and the JSON of it, written and read."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from proxy.admin.report import AuditReport, ProcessReport, ProviderReport, RouteReport, Status

BLANK = {
    "state": "empty",
    "generation": 0,
    "expires_at": None,
    "next_attempt_at": None,
    "mints": 0,
    "replays": 0,
    "last_error": None,
    "skew": None,
    "upstream": None,
    "minted_at": None,
    "refresh_at": None,
    "hint": None,
}
STATIC = BLANK | {"state": "static", "generation": 1}


def report(state: str, generation: int = 1, **more: Any) -> ProviderReport:
    return ProviderReport(state, generation, **more)


@pytest.mark.parametrize(
    ("workers", "expected"),
    [
        ([report("fresh", expires_at=9.0)], {"state": "fresh", "expires_at": 9.0}),
        (
            [report("fresh", 1, expires_at=9.0), report("stale", 2, expires_at=5.0)],
            {"state": "stale", "expires_at": 5.0},
        ),
        ([report("fresh", 2, expires_at=9.0), report("refused", 1)], {"generation": 2, "state": "fresh"}),
        ([report("empty", 0), report("fresh", 3), report("empty", 0)], {"generation": 3, "state": "fresh"}),
        ([report("fresh", 3), report("empty", 4)], {"generation": 4, "state": "empty"}),
        ([report("fresh", 3), report("refused", 3)], {"generation": 3, "state": "refused"}),
        ([report("empty", 0), report("latched", 0), report("backing_off", 0)], {"state": "latched"}),
        ([report("unconfigured", 0), report("unconfigured", 0)], {"state": "unconfigured", "generation": 0}),
        ([report("static", 1), report("static", 1)], {"state": "static"}),
    ],
    ids=lambda value: "+".join(report.state for report in value) if isinstance(value, list) else "",
)
def test_state_and_times_are_those_of_the_newest(workers: list[ProviderReport], expected: dict[str, Any]) -> None:
    for order in (workers, workers[::-1]):
        merged = asdict(ProviderReport.merge(order))
        assert {name: merged[name] for name in expected} == expected


def test_counts_are_summed() -> None:
    merged = ProviderReport.merge([report("fresh", 3, mints=1, replays=20), report("fresh", 3, mints=2, replays=5)])
    assert (merged.mints, merged.replays) == (3, 25)


@pytest.mark.parametrize(
    ("workers", "error"),
    [
        ([report("fresh"), report("fresh")], None),
        ([report("stale"), report("stale", last_error="down", next_attempt_at=5.0)], "down"),
        ([report("fresh", 2), report("refused", 1, last_error="old", next_attempt_at=9.0)], None),
        (
            [
                report("latched", 0, last_error="first", next_attempt_at=5.0),
                report("latched", 0, last_error="second", next_attempt_at=7.0),
            ],
            "second",
        ),
        ([report("login_required", 0, last_error="log in"), report("empty", 0)], "log in"),
    ],
)
def test_the_error_that_came_last(workers: list[ProviderReport], error: str | None) -> None:
    for order in (workers, workers[::-1]):
        assert ProviderReport.merge(order).last_error == error


def test_workers_are_listed_those_that_are_down_too() -> None:
    own = {"a": report("fresh", 2, mints=1), "b": report("static", 1, replays=0)}
    other = {"a": report("fresh", 2, mints=1, replays=3), "b": report("static", 1)}
    status = Status("1", own, {"/a": RouteReport("https://api.test", "a")})
    merged = status.merge({0: ProcessReport(10, own), 1: None, 2: ProcessReport(12, other)})
    held = {"a": {"state": "fresh", "generation": 2}, "b": {"state": "static", "generation": 1}}
    assert merged.document() == {
        "version": "1",
        "routes": {"/a": {"upstream": "https://api.test", "provider": "a"}},
        "providers": {"a": BLANK | {"state": "fresh", "generation": 2, "mints": 2, "replays": 3}, "b": STATIC},
        "workers": {
            "0": {"up": True, "pid": 10, "mints": 1, "replays": 0, "providers": held},
            "1": {"up": False, "pid": None, "mints": 0, "replays": 0, "providers": {}},
            "2": {"up": True, "pid": 12, "mints": 1, "replays": 3, "providers": held},
        },
    }


# ------------------------------------------------------------------------------------------- the JSON


def test_the_keys_and_their_order_are_those_that_scripts_know() -> None:
    audit = AuditReport("audit.log", 3, 0, 0)
    document = Status("1", {"a": report("fresh")}, {"/a": RouteReport("https://api.test", None)}, audit).document()
    assert list(document) == ["version", "providers", "routes", "audit"]
    assert list(document["providers"]["a"]) == list(BLANK)
    assert document["routes"] == {"/a": {"upstream": "https://api.test", "provider": None}}
    assert document["audit"] == {"to": "audit.log", "lines": 3, "waiting": 0, "lost": 0}
    assert "audit" not in Status("1", {}, {}).document()


def test_what_is_written_can_be_read_back() -> None:
    status = Status("1", {"a": report("stale", 3, expires_at=1.5, last_error="down")}, {"/a": RouteReport("u", "a")})
    assert Status.read(status.document()) == status
    process = ProcessReport(7, status.providers)
    assert ProcessReport.read(asdict(process)) == process


def test_another_release_may_say_more_or_less() -> None:
    assert ProviderReport.read({"state": "fresh", "colour": "red"}) == report("fresh", 0)


@pytest.mark.parametrize(
    "document",
    [{}, {"version": "1"}, {"version": "1", "providers": [], "routes": {}}, {"version": "1", "providers": {"a": 1}}],
)
def test_what_is_no_status_is_told_so(document: dict[str, Any]) -> None:
    for read in (Status.read, ProcessReport.read):
        with pytest.raises(ValueError, match="not a"):
            read(document)
