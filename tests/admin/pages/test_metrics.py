"""`/-/metrics`: who may read it, and that what it says is what happened."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from proxy.config.load import load
from proxy.serve.cache.lookup import OUTCOMES
from tests.conftest import Stage
from tests.raw import PATIENCE
from tests.traces.collector import collector

ADMIN_KEY = "an-admin-key-0123"
OPEN = "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5"

Labels = frozenset[tuple[str, str]]


async def scrape(stage: Stage, *headers: str, open_metrics: bool = False) -> dict[tuple[str, Labels], float]:
    reply = await stage.ask("GET /-/metrics HTTP/1.1", *headers)
    assert reply.status == 200, reply
    parse = openmetrics if open_metrics else plain
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parse(reply.body.decode())
        for sample in family.samples
    }


def key(name: str, **labels: str) -> tuple[str, Labels]:
    return f"keyless_{name}", frozenset(labels.items())


async def test_who_may_read_it(stage: Stage) -> None:
    await stage.open(admin={"key": ADMIN_KEY})
    assert (await stage.ask("GET /-/metrics HTTP/1.1")).code == "client_key_required"
    assert (await stage.ask("POST /-/metrics HTTP/1.1", "Content-Length: 0")).code == "no_route"
    assert await scrape(stage, f"Authorization: Bearer {ADMIN_KEY}")
    reply = await stage.ask("HEAD /-/metrics HTTP/1.1", f"Authorization: Bearer {ADMIN_KEY}", bodiless=True)
    assert (reply.status, (reply.get("Content-Type") or "")[:10]) == (200, "text/plain")


async def test_without_a_key_only_this_machine_may(stage: Stage) -> None:
    await stage.open()
    assert (await stage.ask("GET /-/metrics HTTP/1.1", "X-Forwarded-For: 10.0.0.9")).code == "route_refused"
    assert (await stage.ask("GET /-/metrics HTTP/1.1", "Origin: http://evil.example.com")).code == "origin_refused"


async def test_requests_replays_and_mints(stage: Stage) -> None:
    await stage.open()
    for _ in range(3):
        assert (await stage.call("/oauth2/echo")).status == 200
    stage.sandbox.void()
    assert (await stage.call("/oauth2/echo")).get("X-Keyless-Attempts") == "2"
    assert (await stage.ask("GET /oauth2/echo HTTP/1.1", "Origin: http://evil.example.com")).status == 403
    told = await scrape(stage)
    assert told[key("requests_total", route="/oauth2", status="200", code="")] == 4
    assert told[key("requests_total", route="/oauth2", status="403", code="origin_refused")] == 1
    assert told[key("requests_in_flight", route="/oauth2")] == 0
    assert told[key("replays_total", route="/oauth2", reason="refused", outcome="accepted")] == 1
    assert told[key("upstream_seconds_count", route="/oauth2")] == 4
    assert told[key("overhead_seconds_count", route="/oauth2")] == 4
    assert told[key("mints_total", provider="oauth2", trigger="start", outcome="minted")] == 1
    assert told[key("mints_total", provider="oauth2", trigger="refusal", outcome="minted")] == 1
    assert told[key("issuer_seconds_count", provider="oauth2")] == 2
    assert told[key("provider_state", provider="oauth2", state="fresh")] == 1
    assert 0 < told[key("token_expiry_seconds", provider="oauth2")] <= 30
    assert ("keyless_requests_total", key("", route="/baidu")[1]) not in told


async def test_who_joins_a_mint_is_counted(stage: Stage) -> None:
    await stage.open()
    before = stage.service.cells["oauth2"].counts.waited
    stage.sandbox.void()
    stage.sandbox.gate.clear()
    calls = [asyncio.ensure_future(stage.call("/oauth2/echo")) for _ in range(20)]
    counts = stage.service.cells["oauth2"].counts
    await stage.until(lambda: counts.waited == before + 19)
    stage.sandbox.gate.set()
    assert {reply.status for reply in await asyncio.gather(*calls)} == {200}
    told = await scrape(stage)
    assert told[key("mint_waiters_total", provider="oauth2")] == before + 19
    assert told[key("mints_total", provider="oauth2", trigger="refusal", outcome="minted")] == 1


async def test_a_wrong_secret_is_counted_by_its_class(stage: Stage) -> None:
    stage.sandbox.keys.clear()
    await stage.open()
    assert (await stage.call("/oauth2/echo")).status == 424
    told = await scrape(stage)
    assert told[key("mints_total", provider="oauth2", trigger="start", outcome="credential")] == 1
    assert told[key("requests_total", route="/oauth2", status="424", code="credential_refused")] == 1
    assert told[key("provider_state", provider="oauth2", state="latched")] == 1


async def test_openmetrics_is_spoken_where_it_is_wanted(stage: Stage) -> None:
    await stage.open()
    await stage.call("/oauth2/echo")
    told = await scrape(stage, OPEN, open_metrics=True)
    assert told[key("requests_total", route="/oauth2", status="200", code="")] == 1


async def test_ten_thousand_unknown_paths_add_one_series(stage: Stage) -> None:
    await stage.open()
    first = await stage.ask("GET /nothing/here HTTP/1.1")
    assert first.status == 404
    before = await scrape(stage)
    wire = await stage.wire()
    ask = "GET /{0}/{0}?{0} HTTP/1.1\r\nHost: {1}\r\nX-{0}: {0}\r\n\r\n"
    for batch in range(100):
        numbers = range(batch * 100, batch * 100 + 100)
        await wire.send("".join(ask.format(f"x{number}", stage.authority) for number in numbers).encode())
        for _ in numbers:
            assert (await wire.message()).status == 404
    after = await scrape(stage)
    assert set(after) == set(before)
    assert after[key("requests_total", route="none", status="404", code="no_route")] == 10_001


async def test_methods_statuses_and_codes_that_others_make_up_add_nothing(stage: Stage) -> None:
    api = await stage.api(*(b"HTTP/1.1 %d Odd\r\nContent-Length: 0\r\n\r\n" % status for status in range(600, 700)))
    provider = {"scheme": "static", "token": "t"}
    await stage.open({"/api": {"upstream": api.url, "provider": "p"}}, providers={"p": provider})
    for number in range(100):
        await stage.ask(f"GET /api/{number} HTTP/1.1")
    told = await scrape(stage)
    rows = [(labels, value) for (name, labels), value in told.items() if name == "keyless_requests_total"]
    assert len(rows) <= 2
    assert sum(value for _, value in rows) == 100


async def test_counts_go_on_over_a_reload_which_is_counted(stage: Stage) -> None:
    await stage.open()
    await stage.call("/oauth2/echo")
    before = await scrape(stage)
    await stage.service.replace(load(stage.folder / "config.yaml", environ={}), {})
    await stage.call("/oauth2/echo")
    after = await scrape(stage)
    assert after[key("requests_total", route="/oauth2", status="200", code="")] == 2
    assert after[key("reloads_total", outcome="taken_over")] == 1
    mints = key("mints_total", provider="oauth2", trigger="start", outcome="minted")
    assert after[mints] == before[mints] == 1


async def test_what_a_cache_does_is_counted(stage: Stage) -> None:
    api = f"{stage.sandbox.url}/oauth2/api"
    await stage.open({"/kept": {"upstream": api, "provider": "oauth2", "cache": "60s"}})
    for path, method in (("echo", "GET"), ("echo", "GET"), ("echo", "POST"), ("nothing", "GET")):
        await stage.call(f"/kept/{path}", method)
    told = await scrape(stage)
    came = {outcome: told[key("cache_requests_total", route="/kept", outcome=outcome)] for outcome in OUTCOMES}
    assert came == {"hit": 1, "stored": 1, "miss": 1, "bypass": 1}


async def test_traces_that_no_collector_takes_are_counted(stage: Stage) -> None:
    async with collector() as refusing:
        refusing.status = 400
        await stage.open(trace=refusing.url)
        assert (await stage.call("/oauth2/echo")).status == 200
        await stage.until(lambda: bool(refusing.raw))
        async with asyncio.timeout(PATIENCE):
            while (await scrape(stage))[key("traces_lost_total")] != 1:  # once the answer has come
                pass


async def test_a_store_that_fails_is_counted(stage: Stage) -> None:
    await stage.open(store="file:store")
    records: Any = stage.service.keeper.records
    store = stage.folder / "store"
    before = records.failures
    for path in sorted(store.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    store.rmdir()
    store.write_text("a file in its place")
    stage.sandbox.void()
    await stage.call("/oauth2/echo")
    assert (await scrape(stage))[key("store_failures_total")] > before


def test_a_proxy_that_nobody_scrapes_does_without_prometheus_client() -> None:
    code = "import sys, proxy.cli, proxy.app, proxy.admin.pages; sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


@pytest.mark.parametrize("path", ["/-/metrics/more", "/-/metric"])
async def test_nothing_else_is_it(stage: Stage, path: str) -> None:
    await stage.open()
    assert (await stage.ask(f"GET {path} HTTP/1.1")).code == "no_route"
