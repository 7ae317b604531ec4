"""What a web page can do to the proxy on its visitor's machine, shown with a real Chromium.

A page of this machine works through the proxy. A page of another site can neither read an answer nor cause a request
to the API or to the issuer, by any way that a page has to send one. Each way is carried out by both pages: where the
page of this machine gets through, the attack is one; and the tap shows that the foreign page did send it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.acceptance.pages import FOREIGN, Heard, Scene, chromium, needs_chromium, scene

pytestmark = [needs_chromium, pytest.mark.asyncio(loop_scope="module")]

TAG_ATTACKS = {
    "img": "<img src=URL>",
    "img crossorigin": "<img crossorigin src=URL>",
    "img without a referrer": "<img referrerpolicy=no-referrer src=URL>",
    "picture": "<picture><source srcset=URL><img></picture>",
    "input image": "<input type=image src=URL>",
    "icon": "<link rel=icon href=URL><svg><image href=URL /></svg>",
    "script": "<script src=URL></script>",
    "module script": "<script type=module src=URL></script>",
    "stylesheet": "<link rel=stylesheet href=URL>",
    "css url()": "<style>body { background: url(URL) }</style>",
    "css @import": "<style>@import url(URL);</style>",
    "css font": "<style>@font-face { font-family: f; src: url(URL) } body { font-family: f }</style>text",
    "prefetch": "<link rel=prefetch href=URL>",
    "preload": "<link rel=preload as=image href=URL>",
    "modulepreload": "<link rel=modulepreload href=URL>",
    "audio": "<audio src=URL preload=auto></audio>",
    "video": "<video src=URL preload=auto></video>",
    "video poster": "<video poster=URL></video>",
    "object": "<object data=URL></object>",
    "embed": "<embed src=URL>",
    "iframe": "<iframe src=URL></iframe>",
    "meta refresh": "<meta http-equiv=refresh content='0; url=URL'>",
    "speculation rules": """<script type=speculationrules>
        {"prefetch": [{"source": "list", "urls": ["URL"], "eagerness": "immediate"}]}</script>""",
    "form GET": "<form action=URL></form><script>document.forms[0].submit()</script>",
    "form POST": "<form method=POST action=URL><input name=a value=b></form><script>document.forms[0].submit()</script>",
    "form multipart": """<form method=POST enctype=multipart/form-data action=URL><input name=a value=b></form>
        <script>document.forms[0].submit()</script>""",
    "form text/plain": """<form method=POST enctype=text/plain action=URL><input name='{"a":"' value='"}'></form>
        <script>document.forms[0].submit()</script>""",
    "form into a frame": """<iframe name=f></iframe><form method=POST target=f action=URL></form>
        <script>document.forms[0].submit()</script>""",
    "form into a new tab": "<form method=POST target=_blank action=URL><button id=go>go</button></form>",
    "link": "<a id=go href=URL>go</a>",
    "link ping": "<a id=go href='/empty' ping=URL>go</a>",
    "link download": "<a id=go href=URL download>go</a>",
    "link into a new tab": "<a id=go href=URL target=_blank rel=noreferrer>go</a>",
    "window.open": "<button id=go onclick=\"open('URL')\">go</button>",
    "location": "<script>location = 'URL'</script>",
}
SCRIPT_ATTACKS = {
    "fetch": "fetch('URL')",
    "fetch POST JSON": "fetch('URL', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'})",
    "fetch DELETE": "fetch('URL', {method: 'DELETE'})",
    "fetch with credentials": "fetch('URL', {credentials: 'include'})",
    "fetch no-cors": "fetch('URL', {mode: 'no-cors'})",
    "fetch no-cors POST": "fetch('URL', {method: 'POST', mode: 'no-cors', body: '{}'})",
    "fetch no-cors without a referrer": "fetch('URL', {mode: 'no-cors', referrerPolicy: 'no-referrer'})",
    "fetch keepalive": "fetch('URL', {method: 'POST', mode: 'no-cors', keepalive: true, body: '{}'})",
    "fetch while leaving": """addEventListener('pagehide', () =>
        fetch('URL', {method: 'POST', mode: 'no-cors', keepalive: true, body: '{}'})); location = '/empty'""",
    "beacon": "navigator.sendBeacon('URL', '{}')",
    "beacon while leaving": "addEventListener('pagehide', () => navigator.sendBeacon('URL')); location = '/empty'",
    "XHR": "x = new XMLHttpRequest(); x.open('GET', 'URL'); x.send()",
    "XHR with credentials": """x = new XMLHttpRequest(); x.open('POST', 'URL'); x.withCredentials = true;
        x.setRequestHeader('Content-Type', 'text/plain'); x.send('{}')""",
    "EventSource": "new EventSource('URL')",
    "WebSocket": "new WebSocket('URL'.replace('http', 'ws').replace('/echo/', '/ws?'))",
    "Image": "new Image().src = 'URL'",
    "importScripts": """new Worker(URL.createObjectURL(new Blob(["importScripts('URL')"])))""".replace(
        "URL.create", "window.URL.create"
    ),
    "redirected image": "new Image().src = '/to?code=302&url=' + encodeURIComponent('URL')",
    "redirected POST": """fetch('/to?code=307&url=' + encodeURIComponent('URL'),
        {method: 'POST', mode: 'no-cors', body: '{}'})""",
    "redirected navigation": "location = '/to?code=302&url=' + encodeURIComponent('URL')",
}
ATTACKS = TAG_ATTACKS | {name: f"<script>{code}</script>" for name, code in SCRIPT_ATTACKS.items()}

OPAQUE_ATTACKS = {
    # These hide where they come from: their `Origin` is `null`, or missing.
    "sandboxed fetch": """<iframe sandbox=allow-scripts srcdoc="<script>fetch('URL')</script>"></iframe>""",
    "sandboxed POST": """<iframe sandbox="allow-scripts allow-forms" srcdoc="<form method=POST action=URL></form>
        <script>document.forms[0].submit()</script>"></iframe>""",
    "sandboxed image": """<iframe sandbox srcdoc="<img src=URL>"></iframe>""",
    "data: page's fetch": """<iframe src="data:text/html,<script>fetch('URL')</script>"></iframe>""",
    "data: page's image": """<iframe src="data:text/html,<img src=URL>"></iframe>""",
    "POST without a referrer": """<meta name=referrer content=no-referrer><form method=POST action=URL></form>
        <script>document.forms[0].submit()</script>""",
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def attacked(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """No request may ever come through here."""
    async with scene(browser, tmp_path_factory.mktemp("attacked")) as playing:
        yield playing


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def used(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with scene(browser, tmp_path_factory.mktemp("used")) as playing:
        yield playing


async def carry_out(scene: Scene, host: str, name: str, document: str) -> list[Heard]:
    """What the proxy heard, and answered, when a page with this in it was opened, and its `#go` clicked."""
    mark = name.replace(" ", "-").replace("/", "-").replace("'", "").replace("@", "")
    mark = f"{mark}-{host}"
    url = f"{scene.proxy}/plain/echo/{mark}"

    def heard() -> list[Heard]:
        return [each for each in scene.tap.heard if mark in each.target]

    async with scene.page(host, document.replace("URL", url)) as page:
        if "id=go" in document:
            await page.click("#go")
        await scene.tap.until(lambda: bool(heard()))
        return heard()


@pytest.mark.parametrize("name", ATTACKS)
async def test_a_page_of_this_machine_gets_through(used: Scene, name: str) -> None:
    before = used.sandbox.api_requests
    document = ATTACKS[name]
    await carry_out(used, "localhost", name, document)
    await used.sandbox.until(lambda: used.sandbox.api_requests > before)


@pytest.mark.parametrize("name", [*ATTACKS, *OPAQUE_ATTACKS])
async def test_a_page_of_another_site_causes_nothing(attacked: Scene, name: str) -> None:
    heard = await carry_out(attacked, FOREIGN, name, (ATTACKS | OPAQUE_ATTACKS)[name])
    assert {each.status for each in heard} == {403}
    assert {each.reply["x-keyless-error"] for each in heard} == {"origin_refused"}
    assert not any(header.startswith("access-control-") for each in heard for header in each.reply)
    assert attacked.untouched
