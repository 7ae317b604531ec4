"""`keyless run` with three workers under load: every scrape parses, and all of them add up, through reloads too."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path

import aiohttp
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.cli.conftest import PATIENCE, crm
from tests.cli.run.test_run_workers import Crew, crew

WORKERS, CALLS, CALLERS, RELOADS = 3, 600, 12, 3

Scrape = dict[str, list[tuple[dict[str, str], float]]]


async def scraped(http: aiohttp.ClientSession, url: str) -> Scrape:
    async with http.get(f"{url}/-/metrics", timeout=aiohttp.ClientTimeout(PATIENCE)) as reply:
        assert reply.status == 200
        text = await reply.text()
    found: Scrape = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def total_of(scrape: Scrape, worker: str) -> float:
    return sum(value for its, value in scrape.get("keyless_requests_total", ()) if its["worker"] == worker)


def total(scrape: Scrape, name: str, **labels: str) -> float:
    rows = scrape.get(f"keyless_{name}", ())
    return sum(value for its, value in rows if all(its[label] == labels[label] for label in labels))


async def load(http: aiohttp.ClientSession, crewed: Crew, calls: int) -> Counter[int]:
    left = iter(range(calls))

    async def caller() -> list[int]:
        seen = []
        for number in left:
            path = "/crm/echo" if number % 3 else f"/unknown/{number}"
            async with http.get(crewed.url + path) as reply:
                await reply.read()
                seen.append(reply.status)
        return seen

    return Counter(status for seen in await asyncio.gather(*(caller() for _ in range(CALLERS))) for status in seen)


def edit(crewed: Crew, number: int) -> None:
    """The config gains a route, and the operator says so."""
    path = crewed.folder / "config.yaml"
    document = yaml.safe_load(path.read_text())
    document["routes"][f"/more{number}"] = document["routes"]["/crm"]
    path.write_text(yaml.safe_dump(document))
    crewed.process.popen.send_signal(signal.SIGHUP)


async def test_scrapes_under_load_and_reloads_parse_and_add_up(folder: Path, issuer: str) -> None:
    with crew(folder, crm(issuer), WORKERS) as crewed:
        connector = aiohttp.TCPConnector(limit=0, force_close=True)  # else all calls may go to one worker
        async with aiohttp.ClientSession(connector=connector) as http:
            loaded = asyncio.ensure_future(load(http, crewed, CALLS))
            last, scrapes = dict[str, float](), 0
            while not loaded.done():
                scrape = await scraped(http, crewed.url)
                answered = [labels["worker"] for labels, value in scrape["keyless_worker_up"] if value]
                now = {worker: total_of(scrape, worker) for worker in answered}  # on a busy machine one may be late
                taken_back = [worker for worker, told in now.items() if told < last.get(worker, 0)]
                assert not taken_back, "no scrape takes back what one before it has told"
                last.update(now)
                scrapes += 1
                if scrapes <= RELOADS:
                    edit(crewed, scrapes)
            statuses = await loaded
            scrape = await settled(http, crewed)
    assert statuses == {200: CALLS * 2 // 3, 404: CALLS // 3}
    assert total(scrape, "requests_total", route="/crm", status="200") == CALLS * 2 // 3
    assert total(scrape, "requests_total", route="none", code="no_route") == CALLS // 3
    assert total(scrape, "upstream_seconds_count", route="/crm") == CALLS * 2 // 3
    assert total(scrape, "requests_in_flight") == 0
    assert {labels["worker"]: value for labels, value in scrape["keyless_worker_up"]} == {"0": 1, "1": 1, "2": 1}
    assert total(scrape, "mints_total", outcome="minted") == 1
    assert scrapes > 1


@pytest.mark.parametrize("workers", [1, WORKERS])
async def test_a_config_that_can_not_be_read_is_counted(folder: Path, issuer: str, workers: int) -> None:
    with crew(folder, crm(issuer), workers) as crewed:
        path = crewed.folder / "config.yaml"
        path.write_text(path.read_text() + "routes: [\n")
        async with aiohttp.ClientSession() as http, asyncio.timeout(PATIENCE):
            while total(scrape := await scraped(http, crewed.url), "reloads_total", outcome="failed") < workers:
                pass
    assert total(scrape, "reloads_total", outcome="failed") == workers
    assert total(scrape, "reloads_total", outcome="taken_over") == 0


async def settled(http: aiohttp.ClientSession, crewed: Crew) -> Scrape:
    """Once each worker has taken over an edit: several that come at once may be read as one."""
    async with asyncio.timeout(PATIENCE):
        while True:
            scrape = await scraped(http, crewed.url)
            workers = {labels["worker"] for labels, value in scrape.get("keyless_reloads_total", ()) if value}
            if len(workers) == WORKERS and not total(scrape, "requests_in_flight"):
                return scrape


async def test_a_worker_that_dies_takes_its_own_counts_and_no_others(folder: Path, issuer: str) -> None:
    with crew(folder, crm(issuer), WORKERS) as crewed:
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        async with aiohttp.ClientSession(connector=connector) as http:
            await load(http, crewed, 90)
            before = await scraped(http, crewed.url)
            victim = crewed.workers()["1"]["pid"]
            os.kill(victim, signal.SIGKILL)
            async with asyncio.timeout(PATIENCE):
                while True:
                    try:
                        after = await scraped(http, crewed.url)
                    except aiohttp.ClientError:
                        continue
                    if crewed.workers()["1"]["pid"] not in (victim, None):
                        break
    others = [
        sum(value for labels, value in scrape["keyless_requests_total"] if labels["worker"] != "1")
        for scrape in (before, after)
    ]
    assert others[0] == others[1]
