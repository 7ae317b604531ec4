"""The dashboard in a real Chromium: clicked through, looked at by axe, attacked by another page.

Screenshots of every page, light and wide, dark and narrow, are left in build/dashboard for people to look at.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from playwright.async_api import Browser, Page, expect

from proxy.app import Service
from proxy.config.load import load
from proxy.process.reloading.reload import Reloader
from proxy.sandbox import KEY, SECRET, Sandbox
from tests.acceptance.chromium import LONGEST, chromium, needs_chromium, within

pytestmark = needs_chromium

ADMIN_KEY = "an-admin-key-0123"
SHOTS = Path(__file__).parents[2] / "build" / "dashboard"
PAGES = {"": "Providers", "routes": "Routes", "live": "Live", "setup": "Set up", "try": "Try it", "reload": "Reload"}
LOOKS = [("light", 1280), ("dark", 360)]
FOUND = """axe.run().then(({violations}) =>
    violations.map(({id, nodes}) => [id, nodes.map(({html}) => html.slice(0, 120))]))"""
NAVIGATION_FITS = "(({scrollWidth, clientWidth}) => scrollWidth <= clientWidth)(document.querySelector('.top nav'))"
COPIES_COVER_NOTHING = """[...document.querySelectorAll('.code')].every((code) => {
    const [text, button] = ['pre', '.copy'].map((part) => code.querySelector(part).getBoundingClientRect());
    return text.right <= button.left;
})"""
AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
EVIL = "/sandbox/<img%20src=x%20onerror=alert(1)>"


@dataclass
class Stand:
    """A proxy with calls that went well and calls that failed, and a browser in front of it."""

    browser: Browser
    sandbox: Sandbox
    service: Service
    config: Path
    url: str
    complaints: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def page(self, path: str = "", **look: Any) -> AsyncIterator[Page]:
        async with within(LONGEST, f"the page /-/{path}, and what was done with it"):
            context = await self.browser.new_context(**look)
            page = await context.new_page()
            page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
            page.on("pageerror", lambda error: self.complaints.append(str(error)))
            page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
            await page.goto(f"{self.url}/-/{path}")
            yield page
            await context.close()

    async def call(self, path: str, **headers: str) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(self.url.rpartition(":")[2]))
        lines = [f"GET {path} HTTP/1.1", f"Host: {self.url[7:]}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        status = int((await reader.readline()).split()[1])
        writer.close()
        return status


def written(url: str) -> dict[str, Any]:
    oauth2 = {"scheme": "oauth2", "token_url": f"{url}/oauth2/token", "client_id": KEY}
    return {
        "listen": "127.0.0.1:0",
        "providers": {
            "sandbox": oauth2 | {"client_secret": SECRET},
            "wrong": oauth2 | {"client_secret": "sandbox-wrong-secret"},
            "missing": {"use": "openai", "api_key": "${EXAMPLE_KEY}"},
            "refusing": {"use": "cerebras", "api_key": "sandbox-static-key"},
        },
        "routes": {
            f"/{name}": {"upstream": f"{url}/oauth2/api", "provider": name}
            for name in ("sandbox", "wrong", "missing", "refusing")
        },
    }


@asynccontextmanager
async def standing(folder: Path, **more: Any) -> AsyncIterator[Stand]:
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox(lifetime=3600))
        path = folder / "config.yaml"
        path.write_text(yaml.safe_dump(written(sandbox.url) | more))
        loaded = load(path, environ={})
        service = await stack.enter_async_context(Service(loaded))
        url = (await service.listen())[0].url
        reloader = await stack.enter_async_context(Reloader(loaded, service.replace, path))
        service.desk.reloads = reloader.tidings
        stand = Stand(await stack.enter_async_context(chromium()), sandbox, service, path, url)
        for called in ("/sandbox/echo?secret=in-a-query", EVIL, "/wrong/x", "/missing/v1/models", "/refusing/echo"):
            await stand.call(called)
        await stand.call("/sandbox/echo", Origin="http://evil.test")
        yield stand
        assert stand.complaints == [], "something on a page complained"


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    async with standing(tmp_path) as started:
        yield started


async def test_every_page_is_clicked_through_and_fit_for_everyone(stand: Stand) -> None:
    """By the navigation; axe finds nothing, and nothing runs off the side of a phone."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    for scheme, width in LOOKS:
        look = {"color_scheme": scheme, "viewport": {"width": width, "height": 860}}
        async with stand.page(**look) as page:
            for name in PAGES.values():
                await page.get_by_role("navigation", name="Pages").get_by_role("link", name=name).click()
                await expect(page.get_by_role("heading", level=1)).to_have_text(name)
                await settled(page, name)
                assert await violations(page) == [], (name, scheme, width)
                assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, width)
                assert await page.evaluate(NAVIGATION_FITS), (name, width)
                assert await page.evaluate(COPIES_COVER_NOTHING), (name, width)
                await page.screenshot(path=SHOTS / f"{name}-{scheme}-{width}.png", full_page=True)


async def violations(page: Page) -> Any:
    """What axe finds: which rule, and the elements."""
    await page.evaluate(AXE)
    return await page.evaluate(FOUND)


async def settled(page: Page, name: str) -> None:
    """What a page hears at first has come; where there is something to open, it is open."""
    if name == "Live":
        await page.get_by_role("button", name="/missing/v1/models").click()
        await expect(page.get_by_text("EXAMPLE_KEY is not set")).to_be_visible()
    elif name == "Try it":
        await page.get_by_label("Path").fill("/sandbox/echo")
        await page.get_by_role("button", name="Send").click()
        await expect(page.get_by_text("200 OK")).to_be_visible()
    elif name != "Set up":
        await expect(page.locator("#link .word")).to_have_text("live")


async def test_four_calls_that_fail_are_told_apart(stand: Stand) -> None:
    async with stand.page() as page:
        for name, words in (
            ("missing", "EXAMPLE_KEY is not set"),
            ("wrong", "invalid_client"),
            ("refusing", "put another one there"),
        ):
            await expect(page.locator(f"#provider-{name}")).to_contain_text(words)
        await page.get_by_role("link", name="Live").click()
        for path, words in (
            ("/sandbox/echo", "http://evil.test"),
            ("/missing/v1/models", "EXAMPLE_KEY is not set"),
            ("/wrong/x", "invalid_client"),
            ("/refusing/echo", "put another one"),
        ):
            await page.get_by_role("button", name=path).first.click()
            await expect(page.locator(".detail", has_text=words)).to_be_visible()


async def test_the_list_tells_shows_and_never_jumps(stand: Stand) -> None:
    async with stand.page("live") as page:
        rows = page.locator("#rows tr.row")
        await expect(rows).to_have_count(6)
        await expect(page.get_by_role("button", name="<img%20src=x%20onerror=alert(1)>")).to_be_visible()
        assert "in-a-query" not in await page.content()
        await stand.call("/sandbox/one")
        await expect(rows).to_have_count(7)
        await expect(rows.first).to_contain_text("/sandbox/one")
        # Someone reads: what is new waits above the list.
        await page.get_by_role("button", name="/sandbox/one").click()
        await expect(page.locator(".timeline")).to_contain_text("first byte")
        await stand.call("/sandbox/two")
        await expect(page.locator("#newer")).to_have_text("1 new request")
        await expect(rows).to_have_count(7)
        await page.locator("#newer").click()
        await expect(rows.first).to_contain_text("/sandbox/two")
        await page.get_by_role("button", name="/sandbox/one").click()
        await page.get_by_role("button", name="Pause").click()
        await stand.call("/sandbox/three")
        await expect(page.locator("#newer")).to_be_visible()
        await page.keyboard.press("Tab")
        await page.get_by_label("Filter requests").fill("5xx")
        await expect(rows).to_have_count(0)
        await page.get_by_label("Filter requests").fill("/sandbox 2xx")
        await expect(rows.first).to_be_visible()


async def test_buttons_do_what_they_say_and_the_page_follows(stand: Stand) -> None:
    async with stand.page() as page:
        row = page.locator("#provider-sandbox")
        await expect(row).to_contain_text("fresh")
        await row.get_by_role("button", name="Expire").press("Enter")
        await expect(row).to_contain_text("refused by the API")
        await row.get_by_role("button", name="Refresh now").click()
        await expect(row).to_contain_text("fresh")
        assert stand.sandbox.mints["oauth2"] == 2
        await expect(page.locator("#toast")).to_have_text("Refresh now: done")
        stand.config.write_text(stand.config.read_text() + "strict: [\n")
        await page.goto(f"{stand.url}/-/reload")
        await page.get_by_role("button", name="Reload now").click()
        await expect(page.get_by_role("alert")).to_contain_text("config.yaml:")
        await page.evaluate("document.body.dataset.button = 'of another page'")
        stand.complaints.clear()
        await page.get_by_role("button", name="Reload now").click()
        await expect(page.locator("#toast")).to_contain_text("not pressed on a page of the proxy's own")
        stand.complaints.clear()  # the browser's own line about the 403


async def test_the_admin_key_is_asked_once(tmp_path: Path) -> None:
    async with standing(tmp_path, admin={"key": ADMIN_KEY}) as stand, stand.page() as page:
        await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
        await page.screenshot(path=SHOTS / "Sign in.png")
        await page.get_by_label("Admin key").fill("wrong")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("That is another key.")).to_be_visible()
        await page.get_by_label("Admin key").fill(ADMIN_KEY)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Providers")
        await page.reload()
        await expect(page.locator("#link .word")).to_have_text("live")
        assert "keyless_operator" not in await page.evaluate("document.cookie")
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
        stand.complaints.clear()  # the browser's own lines about 401 and 403


ATTACK = """async (proxy) => {
    const said = [];
    for (const path of ["providers/sandbox/expire", "reload", "try"]) {
        for (const mode of ["no-cors", "cors"]) {
            const init = {method: "POST", mode, credentials: "include", body: new URLSearchParams({button: "x"})};
            try { said.push((await fetch(`${proxy}/-/${path}`, init)).type); } catch (error) { said.push("error"); }
        }
    }
    try { said.push((await fetch(`${proxy}/-/status`)).type); } catch (error) { said.push("error"); }
    const frame = document.createElement("iframe");
    frame.src = `${proxy}/-/`;
    await new Promise((done) => { frame.onload = done; document.body.append(frame); });
    try { said.push(frame.contentDocument ? "own" : "foreign"); } catch (error) { said.push("foreign"); }
    const form = document.createElement("form");
    form.method = "post";
    form.action = `${proxy}/-/providers/sandbox/expire`;
    document.body.append(form);
    return said;
}"""


async def test_another_page_of_this_machine_presses_nothing(stand: Stand) -> None:
    async def empty(_request: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>app</title><body>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", empty)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with stand.page() as page:
            await page.goto(f"http://127.0.0.1:{runner.addresses[0][1]}/")
            said = await page.evaluate(ATTACK, stand.url)
            assert set(said) <= {"opaque", "error", "foreign"}, said
            await page.evaluate("document.querySelector('form').submit()")
            await expect(page.get_by_text("origin_refused")).to_be_visible()
    finally:
        await runner.cleanup()
    assert stand.service.view.state("sandbox") == "fresh"
    assert len(await stand.service.desk.reloads.readings()) == 0  # type: ignore[union-attr]
    stand.complaints.clear()  # the browser's own lines about what was refused
