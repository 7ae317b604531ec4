"""What a web page can do to the proxy on its visitor's machine, shown with a real Chromium.

A page of this machine works through the proxy. A page of another site can neither read an answer nor cause a request
to the API or to the issuer, by any way that a page has to send one. Each way is carried out by both pages: where the
page of this machine gets through, the attack is one; and the tap shows that the foreign page did send it.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.acceptance.chromium import chromium, needs_chromium
from tests.acceptance.pages import FOREIGN, Heard, Scene, Site, scene, serving

pytestmark = [needs_chromium, pytest.mark.asyncio(loop_scope="module")]

TAG_ATTACKS = {
    "img": "<img src=HERE>",
    "img crossorigin": "<img crossorigin src=HERE>",
    "img without a referrer": "<img referrerpolicy=no-referrer src=HERE>",
    "picture": "<picture><source srcset=HERE><img></picture>",
    "input image": "<input type=image src=HERE>",
    "icon": "<link rel=icon href=HERE><svg><image href=HERE /></svg>",
    "script": "<script src=HERE></script>",
    "module script": "<script type=module src=HERE></script>",
    "stylesheet": "<link rel=stylesheet href=HERE>",
    "css url()": "<style>body { background: url(HERE) }</style>",
    "css @import": "<style>@import url(HERE);</style>",
    "css font": "<style>@font-face { font-family: f; src: url(HERE) } body { font-family: f }</style>text",
    "prefetch": "<link rel=prefetch href=HERE>",
    "preload": "<link rel=preload as=image href=HERE>",
    "modulepreload": "<link rel=modulepreload href=HERE>",
    "audio": "<audio src=HERE preload=auto></audio>",
    "video": "<video src=HERE preload=auto></video>",
    "video poster": "<video poster=HERE></video>",
    "object": "<object data=HERE></object>",
    "embed": "<embed src=HERE>",
    "iframe": "<iframe src=HERE></iframe>",
    "meta refresh": "<meta http-equiv=refresh content='0; url=HERE'>",
    "form GET": "<form action=HERE></form><script>document.forms[0].submit()</script>",
    "form POST": "<form method=POST action=HERE><input name=a></form><script>document.forms[0].submit()</script>",
    "form multipart": """<form method=POST enctype=multipart/form-data action=HERE><input name=a value=b></form>
        <script>document.forms[0].submit()</script>""",
    "form text/plain": """<form method=POST enctype=text/plain action=HERE><input name='{"a":"' value='"}'></form>
        <script>document.forms[0].submit()</script>""",
    "form into a frame": """<iframe name=f></iframe><form method=POST target=f action=HERE></form>
        <script>document.forms[0].submit()</script>""",
    "form into a new tab": "<form method=POST target=_blank action=HERE><button id=go>go</button></form>",
    "link": "<a id=go href=HERE>go</a>",
    "link ping": "<a id=go href='/empty' ping=HERE>go</a>",
    "link download": "<a id=go href=HERE download>go</a>",
    "link into a new tab": "<a id=go href=HERE target=_blank rel=noreferrer>go</a>",
    "window.open": "<button id=go onclick=\"window.open('HERE')\">go</button>",
    "location": "<script>location = 'HERE'</script>",
}
SCRIPT_ATTACKS = {
    "fetch": "fetch('HERE')",
    "fetch POST JSON": "fetch('HERE', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'})",
    "fetch DELETE": "fetch('HERE', {method: 'DELETE'})",
    "fetch with credentials": "fetch('HERE', {credentials: 'include'})",
    "fetch no-cors": "fetch('HERE', {mode: 'no-cors'})",
    "fetch no-cors POST": "fetch('HERE', {method: 'POST', mode: 'no-cors', body: '{}'})",
    "fetch no-cors without a referrer": "fetch('HERE', {mode: 'no-cors', referrerPolicy: 'no-referrer'})",
    "fetch keepalive": "fetch('HERE', {method: 'POST', mode: 'no-cors', keepalive: true, body: '{}'})",
    "fetch while leaving": """addEventListener('pagehide', () =>
        fetch('HERE', {method: 'POST', mode: 'no-cors', keepalive: true, body: '{}'})); location = '/empty'""",
    "beacon": "navigator.sendBeacon('HERE', '{}')",
    "beacon while leaving": "addEventListener('pagehide', () => navigator.sendBeacon('HERE')); location = '/empty'",
    "XHR": "x = new XMLHttpRequest(); x.open('GET', 'HERE'); x.send()",
    "XHR with credentials": """x = new XMLHttpRequest(); x.open('POST', 'HERE'); x.withCredentials = true;
        x.setRequestHeader('Content-Type', 'text/plain'); x.send('{}')""",
    "EventSource": "new EventSource('HERE')",
    "WebSocket": "new WebSocket('HERE'.replace('http', 'ws').replace('/echo/', '/ws?'))",
    "Image": "new Image().src = 'HERE'",
    "importScripts": """new Worker(URL.createObjectURL(new Blob(["importScripts('HERE')"])))""",
    "redirected image": "new Image().src = '/to?code=302&url=' + encodeURIComponent('HERE')",
    "redirected navigation": "location = '/to?code=302&url=' + encodeURIComponent('HERE')",
}
ATTACKS = TAG_ATTACKS | {name: f"<script>{code}</script>" for name, code in SCRIPT_ATTACKS.items()}

OPAQUE_ATTACKS = {
    # These hide where they come from: their `Origin` is `null`, or missing. A page of this machine may not, either.
    "speculation rules": """<script type=speculationrules>
        {"prefetch": [{"source": "list", "urls": ["HERE"], "eagerness": "immediate"}]}</script>""",
    "speculation rules without a referrer": """<meta name=referrer content=no-referrer><script type=speculationrules>
        {"prefetch": [{"source": "list", "urls": ["HERE"], "eagerness": "immediate"}]}</script>""",
    "sandboxed fetch": """<iframe sandbox=allow-scripts srcdoc="<script>fetch('HERE')</script>"></iframe>""",
    "sandboxed POST": """<iframe sandbox="allow-scripts allow-forms" srcdoc="<form method=POST action=HERE></form>
        <script>document.forms[0].submit()</script>"></iframe>""",
    "sandboxed image": """<iframe sandbox srcdoc="<img src=HERE>"></iframe>""",
    "data: page's fetch": """<iframe src="data:text/html,<script>fetch('HERE')</script>"></iframe>""",
    "data: page's image": """<iframe src="data:text/html,<img src=HERE>"></iframe>""",
    "redirected POST": """<script>fetch('/to?code=307&url=' + encodeURIComponent('HERE'),
        {method: 'POST', mode: 'no-cors', body: '{}'})</script>""",
    "POST without a referrer": """<meta name=referrer content=no-referrer><form method=POST action=HERE></form>
        <script>document.forms[0].submit()</script>""",
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def site() -> AsyncIterator[Site]:
    async with serving() as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser(site: Site) -> AsyncIterator[Browser]:
    async with chromium(f"http://{FOREIGN}:{site.port}") as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def attacked(browser: Browser, site: Site, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """No request may ever come through here."""
    async with scene(browser, site, tmp_path_factory.mktemp("attacked")) as playing:
        yield playing


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def used(browser: Browser, site: Site, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with scene(browser, site, tmp_path_factory.mktemp("used")) as playing:
        yield playing


async def carry_out(scene: Scene, host: str, name: str, document: str, *statuses: int) -> list[Heard]:
    """What the proxy heard when a page with this in it was opened, and its `#go` clicked; till one has this status."""
    mark = re.sub(r"\W+", "-", f"{name} {host}.")
    url = f"{scene.proxy}/plain/echo/{mark}"

    def heard() -> list[Heard]:
        return [each for each in scene.tap.heard if mark in each.target]

    async with scene.page(host, document.replace("HERE", url)) as page:
        if "id=go" in document:
            await page.click("#go")
        await scene.tap.until(lambda: any(each.status in statuses for each in heard()))
        return heard()


@pytest.mark.parametrize("name", ATTACKS)
async def test_a_page_of_this_machine_gets_through(used: Scene, name: str) -> None:
    await carry_out(used, "localhost", name, ATTACKS[name], 200, 101)
    assert used.sandbox.api_requests > 0


@pytest.mark.parametrize("name", [*ATTACKS, *OPAQUE_ATTACKS])
async def test_a_page_of_another_site_causes_nothing(attacked: Scene, name: str) -> None:
    heard = await carry_out(attacked, FOREIGN, name, (ATTACKS | OPAQUE_ATTACKS)[name], 403)
    assert {each.status for each in heard} == {403}
    assert {each.reply["x-keyless-error"] for each in heard} == {"origin_refused"}
    assert not any(header.startswith("access-control-") for each in heard for header in each.reply)
    assert attacked.untouched


@pytest.mark.parametrize("name", OPAQUE_ATTACKS)
async def test_nor_does_a_page_that_hides_its_origin(attacked: Scene, name: str) -> None:
    heard = await carry_out(attacked, "localhost", name, OPAQUE_ATTACKS[name], 403)
    assert {each.status for each in heard} == {403}
    assert attacked.untouched


SERVICE_WORKER = """navigator.serviceWorker.register('/worker.js').then(() => navigator.serviceWorker.ready)
    .then(worker => worker.active.postMessage('HERE'))"""
WORKER = """addEventListener('message', message => fetch(message.data, {method: 'POST', mode: 'no-cors', body: '{}'}));
addEventListener('fetch', () => {})"""


async def test_a_foreign_service_worker_causes_nothing(attacked: Scene) -> None:
    attacked.site.worker = WORKER
    heard = await carry_out(attacked, FOREIGN, "service worker", f"<script>{SERVICE_WORKER}</script>", 403)
    assert {each.status for each in heard} == {403}
    assert attacked.untouched


async def test_a_report_of_a_foreign_page_is_not_forwarded(attacked: Scene) -> None:
    url = f"{attacked.proxy}/plain/echo/report"
    headers = {"Content-Security-Policy": f"img-src 'none'; report-uri {url}"}
    async with attacked.page(FOREIGN, "<img src=/x>", headers):
        await attacked.tap.until(lambda: any("echo/report" in each.target for each in attacked.tap.heard))
    assert {each.status for each in attacked.tap.heard if "echo/report" in each.target} == {403}
    assert attacked.untouched


@pytest.mark.parametrize("path", ["/plain/echo", "/-/status", "/-/healthz"])
async def test_a_name_that_was_rebound_to_this_machine_is_refused(attacked: Scene, path: str) -> None:
    """DNS rebinding: the proxy's port under the attacker's name is the attacker's own origin."""
    async with attacked.page(FOREIGN) as page:
        reply = await page.goto(f"http://{FOREIGN}:{attacked.tap.port}{path}")
        assert reply is not None
        assert (reply.status, reply.headers["x-keyless-error"]) == (403, "host_refused")
        for init in ("{}", "{method: 'POST', body: '{}'}"):
            assert await page.evaluate(f"fetch('{path}', {init}).then(reply => reply.status)") == 403
    assert attacked.untouched


@pytest.mark.parametrize("path", ["/-/providers/plain/refresh", "/-/providers/plain/expire"])
@pytest.mark.parametrize("host", [FOREIGN, "localhost"])
async def test_no_page_but_the_proxys_own_may_switch(attacked: Scene, host: str, path: str) -> None:
    """Another program's page on this machine may call APIs; it may not look after the proxy."""
    async with attacked.page(host) as page:
        await page.evaluate(f"fetch('{attacked.proxy}{path}', {{method: 'POST', mode: 'no-cors'}}).catch(() => 0)")
    assert [each.status for each in attacked.tap.heard if each.target == path][-1] == 403
    assert attacked.untouched


async def test_with_named_origins_other_ports_of_this_machine_are_foreign(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    """They are the same site: their `<img>` names no origin, and the site is that of the page that is allowed."""
    async with scene(browser, site, tmp_path, {"browser": {"origins": ["http://localhost:1"]}}) as played:
        for name in ("img", "script", "iframe", "link", "form GET", "form POST", "fetch", "fetch no-cors", "WebSocket"):
            heard = await carry_out(played, "localhost", name, ATTACKS[name], 403)
            assert {each.status for each in heard} == {403}, name
        assert played.untouched


async def test_an_answer_can_not_be_read_by_a_foreign_page(attacked: Scene) -> None:
    """Not even that of health, which says nothing."""
    async with attacked.page(FOREIGN) as page:
        for path in ("/plain/echo", "/-/healthz", "/nowhere"):
            for options in ("{}", "{method: 'PUT'}", "{credentials: 'include'}"):
                said = await page.evaluate(f"fetch('{attacked.proxy}{path}', {options}).catch(error => 'unread')")
                assert said == "unread"
    assert attacked.untouched


# ------------------------------------------------------------------------------------------- what works

FETCH = """async ([url, init]) => {
    const reply = await fetch(url, init);
    return [reply.status, Object.fromEntries(reply.headers), await reply.text()];
}"""


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_page_of_this_machine_reads_everything(used: Scene, host: str) -> None:
    """Also where the page says 127.0.0.1 and the proxy's URL localhost, which are two sites."""
    async with used.page(host) as page:
        status, headers, body = await page.evaluate(FETCH, [f"{used.proxy}/plain/echo", {}])
        assert (status, json.loads(body)["token"]) == (200, "good")
        init = {"method": "POST", "headers": {"Content-Type": "application/json", "X-Own": "1"}, "body": "{}"}
        used.sandbox.void()
        status, headers, body = await page.evaluate(FETCH, [f"{used.proxy}/plain/echo/preflighted", init])
        assert (status, headers["x-keyless-attempts"], json.loads(body)["headers"]["x-own"]) == (200, "2", "1")
        preflight = next(each for each in used.tap.heard if each.method == "OPTIONS" and "preflighted" in each.target)
        assert preflight.status == 204
        status, headers, body = await page.evaluate(FETCH, [f"{used.proxy}/nowhere", {"method": "PUT"}])
        assert (status, headers["x-keyless-error"], json.loads(body)["code"]) == (404, "no_route", "no_route")
        status, headers, body = await page.evaluate(FETCH, [f"{used.proxy}/plain/status/418", {}])
        assert (status, json.loads(body)) == (418, {"status": 418})


STREAM = """async url => {
    const reader = (await fetch(url)).body.getReader();
    return new TextDecoder().decode((await reader.read()).value);
}"""
EVENTS = """url => new Promise((done, failed) => {
    const events = new EventSource(url);
    events.onmessage = event => { events.close(); done(event.data); };
    events.onerror = failed;
})"""
SOCKET = """([url, protocols]) => new Promise((done, failed) => {
    const socket = new WebSocket(url, protocols);
    socket.onopen = () => socket.send('hello');
    socket.onmessage = message => { done([socket.protocol, message.data]); socket.close(); };
    socket.onerror = () => failed(new Error('refused'));
})"""


SOCKET_OPENS = """([url, protocols]) => new Promise(done => {
    const socket = new WebSocket(url, protocols);
    socket.onopen = () => done(true);
    socket.onerror = () => done(false);
})"""


async def test_streams_events_and_sockets_work(used: Scene) -> None:
    held = f"{used.proxy}/plain/sse?events=2&hold=1"
    socket = f"{used.proxy}/plain/ws".replace("http", "ws")
    async with used.page("localhost") as page:
        assert '"event": 1' in await page.evaluate(STREAM, held), "the rest is held back"
        assert '"event": 1' in await page.evaluate(EVENTS, held)
        assert await page.evaluate(SOCKET, [socket, []]) == ["", "hello"]
        assert await page.evaluate(SOCKET, [socket, ["other", "echo.v1"]]) == ["echo.v1", "hello"]
    used.sandbox.release.set()


@pytest.mark.parametrize("host", ["localhost", FOREIGN])
async def test_a_named_origin_works_from_anywhere(browser: Browser, site: Site, tmp_path: Path, host: str) -> None:
    origins = [f"http://{FOREIGN}:{site.port}"]
    async with scene(browser, site, tmp_path, {"browser": {"origins": origins}}) as played, played.page(host) as page:
        said = await page.evaluate(f"fetch('{played.proxy}/plain/echo').then(x => x.status).catch(() => 'unread')")
        assert said == (200 if host == FOREIGN else "unread")
        assert played.sandbox.api_requests == (1 if host == FOREIGN else 0)


async def test_with_clients_a_page_needs_its_key_even_for_a_socket(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    key = "klc_0123456789abcdef"
    clients = [{"name": "web", "key": key}]
    async with scene(browser, site, tmp_path, {"clients": clients}) as played, played.page("localhost") as page:
        socket = f"{played.proxy}/plain/ws".replace("http", "ws")
        for protocols in ([], ["keyless", "keyless.key.wrong"]):
            assert not await page.evaluate(SOCKET_OPENS, [socket, protocols])
        assert played.untouched
        assert await page.evaluate(SOCKET, [socket, ["keyless", f"keyless.key.{key}"]]) == ["keyless", "hello"]
        assert await page.evaluate(SOCKET, [socket, ["echo.v1", f"keyless.key.{key}"]]) == ["echo.v1", "hello"]
        assert not any(key in str(call.headers) for call in played.sandbox.requests)
        bearer = {"headers": {"Authorization": f"Bearer {key}"}}
        assert (await page.evaluate(FETCH, [f"{played.proxy}/plain/echo", bearer]))[0] == 200
        assert (await page.evaluate(FETCH, [f"{played.proxy}/plain/echo", {}]))[0] == 401


async def test_over_plain_http_only_a_client_key_keeps_out_an_image_under_another_name(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    """The limit of what can be told: to plain HTTP beyond loopback, browsers don't say which page asks."""
    named = {"browser": {"hosts": ["proxy.test"]}}
    keyed = named | {"clients": [{"name": "app", "key": "klc_0123456789abcdef"}]}
    for config, status in ((named, 200), (keyed, 401)):
        async with scene(browser, site, tmp_path, config) as played:
            url = f"http://proxy.test:{played.tap.port}/plain/echo"
            async with played.page(FOREIGN, f"<img src={url}/image>") as page:
                await played.tap.until(lambda: any("/image" in each.target for each in played.tap.heard))
                (heard,) = (each for each in played.tap.heard if "/image" in each.target)
                assert "sec-fetch-site" not in heard.headers
                assert heard.status == status
                await page.evaluate(f"fetch('{url}', {{method: 'POST', mode: 'no-cors'}})")
                assert await page.evaluate(f"fetch('{url}').catch(() => 'unread')") == "unread"
            refused = [each for each in played.tap.heard if "/image" not in each.target]
            assert {each.status for each in refused} == {403}
