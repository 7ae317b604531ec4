"""A real Chromium, and what bounds it: neither it nor its driver may keep a test waiting for ever.

All names that end in `.test` lead to this machine, in this browser only.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

LONGEST = 90.0
"""Seconds for what takes one or two, and on a machine with much else to do ten."""
AGAIN = 1.0
"""Seconds after which Chromium is told once more to close a page; it does that in a tenth of one."""
CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--host-resolver-rules=MAP *.test 127.0.0.1",
]
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None and "CI" not in os.environ, reason="needs Debian's chromium; CI installs it"
)


@asynccontextmanager
async def within(seconds: float, what: str) -> AsyncIterator[None]:
    """Or the test fails and says what it waited for; the line that did is in its traceback."""
    bound = asyncio.timeout(seconds)
    try:
        async with bound:
            yield
    except TimeoutError as late:
        if not bound.expired():
            raise
        raise AssertionError(f"waited {seconds:g} s for {what}") from late


@asynccontextmanager
async def chromium(*trusted: str) -> AsyncIterator[Browser]:
    """`trusted`: origins that count as secure, as if they had a certificate; what needs one works there."""
    trusting = f"--unsafely-treat-insecure-origin-as-secure={','.join(trusted)}"
    async with AsyncExitStack() as stack:
        async with within(LONGEST, "Chromium to start"):
            playwright = await stack.enter_async_context(async_playwright())
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, trusting])
        yield browser
        async with within(LONGEST, "Chromium to end"):
            await browser.close()
            await stack.aclose()


@asynccontextmanager
async def opened(browser: Browser, url: str) -> AsyncIterator[Page]:
    """A page in a browser profile of its own. What is done with it is bounded as well: `evaluate` is not by itself."""
    async with within(LONGEST, "a browser profile"):
        context = await browser.new_context()
    try:
        async with within(LONGEST, f"a page of {url}, and what was done with it"):
            page = await context.new_page()
            await page.goto(url, wait_until="commit")
            yield page
    finally:
        async with within(LONGEST, f"Chromium to close a page of {url}"):
            await _close(browser, context)


def extension_id(folder: Path) -> str:
    """Chromium makes it of the folder of an extension that isn't packed."""
    return "".join(chr(ord("a") + int(digit, 16)) for digit in sha256(str(folder).encode()).hexdigest()[:32])


@asynccontextmanager
async def extension(folder: Path) -> AsyncIterator[Page]:
    """A page of an extension that may do no more than web pages. `folder` is made, the profile beside it."""
    folder.mkdir()
    (folder / "manifest.json").write_text('{"manifest_version": 3, "name": "app", "version": "1"}')
    (folder / "page.html").write_text("<!doctype html><title>app</title>")
    flags = [*FLAGS, f"--disable-extensions-except={folder}", f"--load-extension={folder}"]
    async with AsyncExitStack() as stack:
        async with within(LONGEST, "Chromium to start with an extension"):
            playwright = await stack.enter_async_context(async_playwright())
            context = await playwright.chromium.launch_persistent_context(
                folder.with_name(f"{folder.name}-profile"),
                executable_path=CHROMIUM,
                args=flags,
                ignore_default_args=["--disable-extensions"],
            )
        async with within(LONGEST, "a page of an extension, and what was done with it"):
            page = await context.new_page()
            await page.goto(f"chrome-extension://{extension_id(folder)}/page.html")
            yield page
        async with within(LONGEST, "Chromium to end"):
            await context.close()
            await stack.aclose()


async def _close(browser: Browser, context: BrowserContext) -> None:
    """Chromium forgets to close a page that is just going elsewhere, and closes it when it is told again.

    https://issues.chromium.org/issues/536385539, https://github.com/microsoft/playwright/issues/42068
    """
    closing = asyncio.ensure_future(context.close())
    try:
        while not (await asyncio.wait({closing}, timeout=AGAIN))[0]:
            await _close_all(browser)
        closing.result()
    finally:
        closing.cancel()


async def _close_all(browser: Browser) -> None:
    """Every page there is: of one profile, since tests have one at a time."""
    session = await browser.new_browser_cdp_session()
    for target in (await session.send("Target.getTargets"))["targetInfos"]:
        if target["type"] == "page":
            await session.send("Target.closeTarget", {"targetId": target["targetId"]})
    await session.detach()
