"""Siblings that are asked, gone, slow, or talk nonsense."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from proxy.admin.fleet import ASK_BUDGET, Fleet
from proxy.admin.report import ProcessReport, ProviderReport

NOTHING = ProcessReport(os.getpid(), {})


@pytest.fixture
def folder() -> Iterator[Path]:
    """The path of a unix socket may have 107 bytes; pytest's folders are too deep for some machines."""
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


@asynccontextmanager
async def opened(number: int, count: int, folder: Path, report: ProcessReport) -> AsyncIterator[Fleet]:
    fleet = Fleet(number, count, folder)
    await fleet.open({"status": lambda _: asdict(report)})
    try:
        yield fleet
    finally:
        await fleet.close()


async def test_siblings_are_asked_and_who_is_not_there_is_down(folder: Path) -> None:
    first = ProcessReport(10, {"a": ProviderReport("fresh", expires_at=9.5)})
    third = ProcessReport(12, {"a": ProviderReport("stale", 3, mints=7, last_error="clé")})
    async with opened(0, 4, folder, first) as fleet, opened(2, 4, folder, third):
        reports = await fleet.everyone("status", first, ProcessReport.read)
    assert list(reports) == [0, 1, 2, 3]
    assert (reports[0], reports[2]) == (first, third)
    assert reports[1] is reports[3] is None


async def test_what_it_tells_is_of_now(folder: Path) -> None:
    its = ProcessReport(10, {})
    async with opened(1, 2, folder, its), opened(0, 2, folder, NOTHING) as fleet:
        its.providers["a"] = ProviderReport("fresh", 5)
        report = (await fleet.everyone("status", NOTHING, ProcessReport.read))[1]
        assert report is not None
        assert report.providers["a"].generation == 5


async def test_a_socket_that_a_dead_worker_left_is_taken_over(folder: Path) -> None:
    async with opened(1, 2, folder, NOTHING):
        (folder / "1.sock").rename(folder / "left")
    (folder / "left").rename(folder / "1.sock")
    fleet = Fleet(0, 2, folder)
    assert (await fleet.everyone("status", NOTHING, ProcessReport.read))[1] is None
    async with opened(1, 2, folder, NOTHING):
        assert (await fleet.everyone("status", NOTHING, ProcessReport.read))[1] is not None


@pytest.mark.parametrize(
    "says",
    [b"", b"{", b'{"pid"', b"[]", b'{"pid": 1, "providers": {"a": {}}}', None],
    ids=["nothing", "half", "torn", "list", "stateless", "silence"],
)
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
    reports = await Fleet(0, 9, folder).everyone("status", NOTHING, ProcessReport.read)
    took = loop.time() - began
    ended.set()
    for server in servers:
        server.close()
    assert [number for number, report in reports.items() if report is None] == list(range(1, 9))
    assert took < 4 * ASK_BUDGET, "they are asked at once, not one after the other"
