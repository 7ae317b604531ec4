"""One status for several workers: what merging means, and siblings that are gone, slow or talk nonsense."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from proxy.admin.fleet import ASK_BUDGET, Fleet, merge, merge_provider

BLANK = {
    "state": "empty",
    "generation": 0,
    "expires_at": None,
    "next_attempt_at": None,
    "mints": 0,
    "replays": 0,
    "last_error": None,
}


def known(state: str, generation: int = 1, **more: Any) -> dict[str, Any]:
    return BLANK | {"state": state, "generation": generation} | more


@pytest.fixture
def folder() -> Iterator[Path]:
    """The path of a unix socket may have 107 bytes; pytest's folders are too deep for some machines."""
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


# ------------------------------------------------------------------------------------------- merging


@pytest.mark.parametrize(
    ("all_known", "expected"),
    [
        ([known("fresh", expires_at=9.0)], {"state": "fresh", "expires_at": 9.0}),
        ([known("fresh", 1, expires_at=9.0), known("stale", 2, expires_at=5.0)], {"state": "stale", "expires_at": 5.0}),
        ([known("fresh", 2, expires_at=9.0), known("refused", 1)], {"generation": 2, "state": "fresh"}),
        ([known("empty", 0), known("fresh", 3), known("empty", 0)], {"generation": 3, "state": "fresh"}),
        ([known("fresh", 3), known("empty", 4)], {"generation": 4, "state": "empty"}),
        ([known("fresh", 3), known("refused", 3)], {"generation": 3, "state": "refused"}),
        ([known("empty", 0), known("latched", 0), known("backing_off", 0)], {"state": "latched"}),
        ([known("unconfigured", 0), known("unconfigured", 0)], {"state": "unconfigured", "generation": 0}),
        ([known("static", 1), known("static", 1)], {"state": "static"}),
    ],
    ids=lambda value: "+".join(each["state"] for each in value) if isinstance(value, list) else "",
)
def test_state_and_times_are_those_of_the_newest(all_known: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    for order in (all_known, all_known[::-1]):
        merged = merge_provider(order)
        assert {name: merged[name] for name in expected} == expected


def test_counts_are_summed() -> None:
    merged = merge_provider([known("fresh", 3, mints=1, replays=20), known("fresh", 3, mints=2, replays=5)])
    assert (merged["mints"], merged["replays"]) == (3, 25)


@pytest.mark.parametrize(
    ("all_known", "error"),
    [
        ([known("fresh"), known("fresh")], None),
        ([known("stale"), known("stale", last_error="down", next_attempt_at=5.0)], "down"),
        ([known("fresh", 2), known("refused", 1, last_error="old", next_attempt_at=9.0)], None),
        (
            [
                known("latched", 0, last_error="first", next_attempt_at=5.0),
                known("latched", 0, last_error="second", next_attempt_at=7.0),
            ],
            "second",
        ),
        ([known("login_required", 0, last_error="log in"), known("empty", 0)], "log in"),
    ],
)
def test_the_error_that_came_last(all_known: list[dict[str, Any]], error: str | None) -> None:
    for order in (all_known, all_known[::-1]):
        assert merge_provider(order)["last_error"] == error


def test_workers_are_listed_those_that_are_down_too() -> None:
    own = {"a": known("fresh", 2, mints=1), "b": known("static", 1, replays=0)}
    other = {"a": known("fresh", 2, mints=1, replays=3), "b": known("static", 1)}
    status = {"version": "1", "providers": own, "routes": {"/a": {}}}
    reports = {0: {"pid": 10, "providers": own}, 1: None, 2: {"pid": 12, "providers": other}}
    merged = merge(status, reports)
    held = {"a": {"state": "fresh", "generation": 2}, "b": {"state": "static", "generation": 1}}
    assert merged == {
        "version": "1",
        "routes": {"/a": {}},
        "providers": {"a": known("fresh", 2, mints=2, replays=3), "b": known("static", 1)},
        "workers": {
            "0": {"up": True, "pid": 10, "mints": 1, "replays": 0, "providers": held},
            "1": {"up": False, "pid": None, "mints": 0, "replays": 0, "providers": {}},
            "2": {"up": True, "pid": 12, "mints": 1, "replays": 3, "providers": held},
        },
    }


# ------------------------------------------------------------------------------------------- asking


@asynccontextmanager
async def opened(number: int, count: int, folder: Path, providers: dict[str, Any]) -> AsyncIterator[Fleet]:
    fleet = Fleet(number, count, folder)
    await fleet.open(lambda: providers)
    try:
        yield fleet
    finally:
        await fleet.close()


async def test_siblings_are_asked_and_who_is_not_there_is_down(folder: Path) -> None:
    first, third = {"a": known("fresh")}, {"a": known("stale", mints=7)}
    async with opened(0, 4, folder, first) as fleet, opened(2, 4, folder, third):
        reports = await fleet.reports(first)
    assert list(reports) == [0, 1, 2, 3]
    assert reports[0] == {"pid": os.getpid(), "providers": first}
    assert reports[2] == {"pid": os.getpid(), "providers": third}
    assert reports[1] is reports[3] is None


async def test_what_it_tells_is_of_now(folder: Path) -> None:
    providers: dict[str, Any] = {}
    async with opened(1, 2, folder, providers), opened(0, 2, folder, {}) as fleet:
        providers["a"] = known("fresh", 5)
        report = (await fleet.reports({}))[1]
        assert report is not None
        assert report["providers"]["a"]["generation"] == 5


async def test_a_socket_that_a_dead_worker_left_is_taken_over(folder: Path) -> None:
    async with opened(1, 2, folder, {}):
        (folder / "1.sock").rename(folder / "left")
    (folder / "left").rename(folder / "1.sock")
    fleet = Fleet(0, 2, folder)
    assert (await fleet.reports({}))[1] is None
    async with opened(1, 2, folder, {}):
        assert (await fleet.reports({}))[1] is not None


@pytest.mark.parametrize("says", [b"", b"{", b'{"pid"', None], ids=["nothing", "half", "torn", "silence"])
async def test_siblings_that_hang_or_break_cost_the_budget_once_and_harm_nobody(
    folder: Path, says: bytes | None
) -> None:
    ended = asyncio.Event()

    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if says is None:
            await ended.wait()
        else:
            writer.write(says)
        writer.close()

    servers = [await asyncio.start_unix_server(answer, folder / f"{number}.sock") for number in range(1, 9)]
    loop = asyncio.get_running_loop()
    began = loop.time()
    reports = await Fleet(0, 9, folder).reports({})
    took = loop.time() - began
    ended.set()
    for server in servers:
        server.close()
    assert [number for number, report in reports.items() if report is None] == list(range(1, 9))
    assert took < 4 * ASK_BUDGET, "they are asked at once, not one after the other"
