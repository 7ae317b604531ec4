"""A real page in a real browser, on another loopback port, calls an API through the proxy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser

from tests.acceptance.chromium import chromium, extension, extension_id, needs_chromium, opened
from tests.acceptance.conftest import Running, proxied

pytestmark = needs_chromium

FETCH = """async ([url, init]) => {
    try {
        const reply = await fetch(url, init);
        return {status: reply.status, attempts: reply.headers.get("X-Keyless-Attempts"), body: await reply.text()};
    } catch (error) { return {error: String(error)}; }
}"""
SOCKET = """url => new Promise((done, failed) => {
    const socket = new WebSocket(url);
    socket.onopen = () => socket.send("hello");
    socket.onmessage = message => { done(message.data); socket.close(); };
    socket.onerror = () => failed(new Error("refused"));
})"""


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@pytest.fixture
async def page_url() -> AsyncIterator[str]:
    """An empty page on a port of its own."""

    async def empty(_request: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>app</title>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", empty)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def test_a_page_fetches_through_the_proxy(running: Running, browser: Browser, page_url: str) -> None:
    async with opened(browser, page_url) as page:
        init = {"method": "POST", "headers": {"Content-Type": "application/json"}, "body": '{"a": 1}'}
        answer = await page.evaluate(FETCH, [f"{running.url}/plain/echo", init])
        assert answer["status"] == 200, answer
        assert '"authorization": 1' in answer["body"]
        running.sandbox.void()
        answer = await page.evaluate(FETCH, [f"{running.url}/plain/echo", init])
        assert (answer["status"], answer["attempts"]) == (200, "2")
        assert await page.evaluate(SOCKET, running.url.replace("http", "ws") + "/plain/ws") == "hello"


async def test_a_page_of_another_site_gets_nothing(running: Running, browser: Browser, page_url: str) -> None:
    """`local.test` resolves to loopback in this browser only; to the proxy it is a foreign origin."""
    async with opened(browser, page_url.replace("127.0.0.1", "local.test")) as page:
        answer = await page.evaluate(FETCH, [f"{running.url}/plain/echo", {}])
        assert "error" in answer, answer
        assert running.sandbox.api_requests == 0


async def test_a_browser_extension_that_is_named_fetches_through_the_proxy(tmp_path: Path) -> None:
    folder = tmp_path / "extension"
    origin = f"chrome-extension://{extension_id(folder)}"
    async with proxied(tmp_path, f"browser: {{origins: ['{origin}']}}\n") as running, extension(folder) as page:
        init = {"method": "POST", "headers": {"Content-Type": "application/json"}, "body": '{"a": 1}'}
        answer = await page.evaluate(FETCH, [f"{running.url}/plain/echo", init])
        assert answer["status"] == 200, answer
        assert '"authorization": 1' in answer["body"]
        assert await page.evaluate(SOCKET, running.url.replace("http", "ws") + "/plain/ws") == "hello"


async def test_a_browser_extension_that_nobody_named_gets_nothing(running: Running, tmp_path: Path) -> None:
    async with extension(tmp_path / "extension") as page:
        for init in ({"method": "POST", "body": "x"}, {"mode": "no-cors"}):
            answer = await page.evaluate(FETCH, [f"{running.url}/plain/echo", init])
            assert "error" in answer or answer["status"] == 0, answer
        assert running.sandbox.api_requests == 0
