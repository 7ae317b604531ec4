"""The dashboard: how soon it is painted, how large it is, and what an open one costs the data path.

`python -m bench.dashboard`, five minutes: 10 loads of each page in Chromium, then 30 interleaved pairs of a paced load
with and without an open Live page. The proxy has one core, Chromium and the load the other. Prints. Needs playwright
and Debian's chromium; BENCH_CHECKOUT=DIR measures the sources of DIR in place of what `make run` installs.
"""

from __future__ import annotations

import asyncio
import math
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from statistics import mean, median, stdev
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.machine import cpus
from bench.peers import keyless
from bench.process import pinned
from bench.site import open_site
from bench.stand import Contender, Pace, Running, Stand, say, started

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser

PAGES = ("", "routes", "live", "setup", "try", "reload")
LOADS, PAIRS = 10, 30
CONNECTIONS, RATE = 8, 1000.0
"""Requests per second: enough to see a request's cost, and far from what either core can do."""
SECONDS, SETTLE = 3.0, 1.0
T_95 = 2.045
"""Student's, of 29 degrees of freedom."""
GET = b"GET /get500 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n"
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


class Interval(NamedTuple):
    """Of a ratio: its geometric mean, and where that is with 95 % of confidence."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, ratios: Sequence[float]) -> Interval:
        logs = [math.log(ratio) for ratio in ratios]
        middle, half = mean(logs), T_95 * stdev(logs) / math.sqrt(len(logs))
        return cls(*map(math.exp, (middle, middle - half, middle + half)))


class Spent(NamedTuple):
    """By the proxy, in one turn of the load."""

    requests: int
    cpu: float

    @property
    def each(self) -> float:
        return self.cpu / self.requests


# ---------------------------------------------------------------------------------------------- what it costs


def cpu_seconds(pid: int) -> float:
    """Of its threads that live, to the nanosecond: a turn takes a few dozen ticks only."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text("ascii").split()[0]) for thread in threads) / 1e9


async def load(port: int, seconds: float) -> int:
    """How many requests were answered, at RATE in all."""
    ends = time.monotonic() + seconds

    async def caller(first: float) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        due, answered = first, 0
        while due < ends:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            writer.write(GET % port)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
            answered += 1
            due += CONNECTIONS / RATE
        writer.close()
        return answered

    begins = time.monotonic()
    callers = (caller(begins + number / RATE) for number in range(CONNECTIONS))
    return sum(await asyncio.gather(*callers))


async def turn(running: Running) -> Spent:
    assert running.process is not None
    await asyncio.sleep(SETTLE)
    before = cpu_seconds(running.process.pid)
    requests = await load(running.port, SECONDS)
    return Spent(requests, cpu_seconds(running.process.pid) - before)


async def pairs(browser: Browser, running: Running) -> None:
    ratios, extra = [], []
    for number in range(PAIRS):
        spent: dict[bool, Spent] = {}
        for open_ in (number % 2 == 0, number % 2 == 1):
            async with page(browser, running, "live" if open_ else None):
                spent[open_] = await turn(running)
        ratios.append(spent[True].each / spent[False].each)
        extra.append((spent[True].cpu - spent[False].cpu) / SECONDS)
        without, with_ = (f"{spent[key].each * 1e6:.1f}" for key in (False, True))
        say(f"  {number + 1:2}  {without} µs per request, {with_} with Live open: {ratios[-1]:.3f}")
    ratio = Interval.of(ratios)
    print(
        f"Live open, {RATE:.0f} requests/s: {ratio.middle:.3f} times the CPU per request "
        f"({ratio.low:.3f} to {ratio.high:.3f}, 95 %, {PAIRS} pairs); {median(extra) * 1000:.1f} ms of CPU per second"
    )


# ---------------------------------------------------------------------------------------------- what is seen


@asynccontextmanager
async def page(browser: Browser, running: Running, name: str | None) -> AsyncIterator[Any]:
    """Open and live meanwhile; None where `name` is."""
    if name is None:
        yield None
        return
    context = await browser.new_context(viewport={"width": 1280, "height": 860}, bypass_csp=True)
    opened = await context.new_page()
    await opened.goto(f"http://127.0.0.1:{running.port}/-/{name}", wait_until="load")
    yield opened
    await context.close()


async def paints(browser: Browser, running: Running) -> None:
    """A browser that has nothing of it, each time."""
    for name in PAGES:
        times = []
        for _ in range(LOADS):
            async with page(browser, running, name) as opened:
                await opened.wait_for_function(PAINT)
                times.append(await opened.evaluate(PAINT))
        print(f"/-/{name:8} first paint {median(times):4.0f} ms (of {LOADS}: {min(times):.0f} to {max(times):.0f})")


# ---------------------------------------------------------------------------------------------- the run


async def measure(running: Running) -> None:
    from playwright.async_api import async_playwright  # noqa: PLC0415 -- no part of other benches

    await load(running.port, SECONDS)  # a token, warm caches, an hour's first minute
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        await paints(browser, running)
        await pairs(browser, running)
        await browser.close()


def main() -> None:
    if (why := keyless.missing()) is not None:
        sys.exit(why)
    proxy, others = cpus()
    with ExitStack() as stack, pinned(others):
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="keyless-bench-")))
        folder.chmod(0o755)  # nginx's worker may be another user
        site = open_site(stack, folder, others, 1024)
        stand = Stand(site, Pace(), proxy, others, math.inf)
        running = stack.enter_context(started(stand, Contender(keyless.PEER), site.fast))
        asyncio.run(measure(running))


if __name__ == "__main__":
    main()
