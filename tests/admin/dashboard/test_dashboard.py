"""The pages for people, without a browser: who may see them, what buttons do, what is never on them."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest

from proxy.admin.access.passes import COOKIE
from proxy.admin.dashboard.pages import BOARDS
from proxy.admin.dashboard.paging import SIZE
from proxy.admin.streams import MOST
from tests.conftest import Stage
from tests.raw import Message, Wire

ADMIN_KEY = "an-admin-key-0123"
HTML = "Accept: text/html,application/xhtml+xml"
BROWSER = (HTML, "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")
PAGES = [board.PATH for board in BOARDS]


async def get(stage: Stage, page: str, *headers: str) -> Message:
    return await stage.ask(f"GET /-/{page} HTTP/1.1", *BROWSER, *headers)


async def post(stage: Stage, page: str, form: dict[str, str], *headers: str) -> Message:
    body = urlencode(form).encode()
    kind = "Content-Type: application/x-www-form-urlencoded"
    own = f"Origin: {stage.url}"
    lines = (*BROWSER, own, kind, f"Content-Length: {len(body)}", *headers)
    return await stage.ask(f"POST /-/{page} HTTP/1.1", *lines, body=body)


def text(reply: Message) -> str:
    return reply.body.decode()


def button(reply: Message) -> str:
    found = re.search(r'data-button="([0-9a-f]+)"', text(reply))
    assert found is not None
    return found[1]


def header(reply: Message, name: str) -> str | None:
    return next((value for known, value in reply.headers if known.lower() == name), None)


# ------------------------------------------------------------------------------------------- what is there


@pytest.mark.parametrize("page", PAGES)
async def test_every_page_is_there_and_runs_nothing_of_its_own_text(stage: Stage, page: str) -> None:
    await stage.open()
    reply = await get(stage, page)
    assert reply.status == 200
    policy = header(reply, "content-security-policy") or ""
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|javascript:", text(reply))
    assert not re.search(r"(src|href)=\"(https?:)?//(?!127\.0\.0\.1)", text(reply))


async def test_all_of_a_page_is_small(stage: Stage) -> None:
    await stage.open()
    for page in PAGES:
        reply = await get(stage, page)
        parts = re.findall(r'(?:src|href)="/-/(static/[^"]+)"', text(reply))
        loaded = [await stage.ask(f"GET /-/{part} HTTP/1.1") for part in parts]
        assert {part.status for part in loaded} == {200}
        assert len(reply.body) + sum(len(part.body) for part in loaded) < 150 * 1024, page


@pytest.mark.parametrize("name", ["../board.py", "..%2fboard.py", "idiomorph.LICENSE", "", "x"])
async def test_only_what_pages_load_is_served(stage: Stage, name: str) -> None:
    await stage.open()
    reply = await stage.ask(f"GET /-/static/{name} HTTP/1.1")
    assert reply.status in (403, 404)


async def test_a_browser_that_asks_for_nothing_is_shown_the_way(stage: Stage) -> None:
    await stage.open()
    reply = await stage.ask("GET / HTTP/1.1", HTML)
    assert (reply.status, header(reply, "location")) == (303, "/-/")
    assert (await stage.ask("GET / HTTP/1.1", "Accept: */*")).code == "no_route"


async def test_a_route_at_the_root_is_nobodys_way(stage: Stage) -> None:
    await stage.open({"/": {"upstream": f"{stage.sandbox.url}/oauth2/api", "provider": "oauth2"}})
    assert (await stage.ask("GET / HTTP/1.1", HTML)).status != 303


# ------------------------------------------------------------------------------------------- what it tells


async def test_markup_in_names_is_text(stage: Stage) -> None:
    routes = {"/a": {"upstream": stage.sandbox.url, "provider": "oauth2"}}
    await stage.open(routes)
    evil = "<script>alert(1)</script>"
    for page in (f"?q={evil}", f"setup?route={evil}", f"try?path=/{evil}", f"live?q={evil}", f"nope{evil}"):
        assert "<script>alert" not in text(await get(stage, page)), page
    reply = await post(stage, "try", {"path": f"/a/{evil}", "button": button(await get(stage, "try"))})
    assert "<script>alert" not in text(reply)


async def test_where_a_missing_key_is_found_is_told(stage: Stage) -> None:
    """Presets say so with an address and the way from there, or with the way alone."""
    known = {name: {"use": name} for name in ("baidu-qianfan-v2", "gitlab")}
    await stage.open({f"/{name}": {"upstream": stage.sandbox.url, "provider": name} for name in known}, providers=known)
    page = text(await get(stage, ""))
    url = "https://console.bce.baidu.com/iam/#/iam/apikey/list"
    link = (
        f'It is found at <a href="{url}" rel="noreferrer noopener" target="_blank">{url}</a> (安全认证 &gt; API Key).'
    )
    assert link in page
    assert "It is found at GitLab, User settings, Access tokens." in page


async def test_the_four_calls_that_fail_are_explained(stage: Stage) -> None:
    """A missing secret, a wrong secret, a foreign page, an API that refuses: each is told where people look."""
    url = f"{stage.sandbox.url}/oauth2"
    wrong = {"scheme": "oauth2", "token_url": f"{url}/token", "client_id": "sandbox-key", "client_secret": "x" * 20}
    known = {
        "missing": {"scheme": "static", "token": "${EXAMPLE_KEY}"},
        "wrong": wrong,
        "fixed": {"scheme": "static", "token": "of-no-use-there", "refused": [{"status": [401]}]},
    }
    routes = {f"/{name}": {"upstream": f"{url}/api", "provider": name} for name in (*known, "oauth2")}
    await stage.open(routes, providers=known)
    for path in ("/missing/x", "/wrong/x", "/fixed/echo"):
        await stage.call(path)
    await stage.ask("GET /oauth2/echo HTTP/1.1", "Origin: http://evil.test")
    page = text(await get(stage, ""))
    assert "EXAMPLE_KEY is not set" in page
    assert ".env beside the config" in page
    assert "invalid_client" in page
    assert "client secret" in page
    rows = {row["route"]: row for row in await backlog(stage)}
    assert "EXAMPLE_KEY" in " ".join(rows["/missing"]["why"])
    assert rows["/wrong"]["code"] == "credential_refused"
    assert "http://evil.test" in rows["/oauth2"]["why"][0]
    assert "browser.origins" in rows["/oauth2"]["why"][1]
    assert rows["/fixed"]["status"] == 401
    assert rows["/fixed"]["why"]


async def backlog(stage: Stage, *headers: str) -> list[dict[str, Any]]:
    wire = await streaming(stage, "live", *headers)
    rows: list[dict[str, Any]] = (await event(wire))["backlog"]
    return rows


async def streaming(stage: Stage, page: str, *headers: str) -> Wire:
    wire = await stage.wire()
    lines = (f"GET /-/stream/{page} HTTP/1.1", f"Host: {stage.authority}", *headers, "", "")
    await wire.send("\r\n".join(lines).encode())
    head = await wire.until(b"\r\n\r\n")
    assert b"200 OK" in head, head
    assert b"text/event-stream" in head
    return wire


async def event(wire: Wire) -> dict[str, Any]:
    """The next one, by its name."""
    while True:
        said = (await wire.until(b"\n\n")).decode()
        if said.startswith("event: "):
            name, data = said.removeprefix("event: ").split("\n", 1)
            return {name: json.loads(data.removeprefix("data: "))}


async def test_a_page_hears_what_changes(stage: Stage) -> None:
    await stage.open()
    wire = await streaming(stage, "providers")
    assert "fresh" in (await event(wire))["middle"]
    stage.service.cells["oauth2"].life.expired()
    assert "refused by the API" in (await event(wire))["middle"]


async def test_new_requests_come_behind_the_backlog(stage: Stage) -> None:
    await stage.open()
    await stage.call("/oauth2/echo?secret=in-a-query")
    wire = await streaming(stage, "live")
    (first,) = (await event(wire))["backlog"]
    assert first["path"] == "/oauth2/echo"
    assert "in-a-query" not in json.dumps(first)
    await stage.call("/baidu/echo")
    news = (await event(wire))["rows"]
    assert ([row["route"] for row in news["rows"]], news["missed"]) == (["/baidu"], 0)


async def test_of_what_goes_by_too_fast_the_number_is_told(stage: Stage) -> None:
    await stage.open()
    wire = await streaming(stage, "live")
    await event(wire)
    await asyncio.gather(*(stage.call("/oauth2/echo") for _ in range(60)))
    told = 0
    while told < 60:
        news = (await event(wire))["rows"]
        assert len(news["rows"]) <= 20
        told += len(news["rows"]) + news["missed"]
    assert told == 60


async def test_streams_end_with_a_reload_and_before_the_stop(stage: Stage) -> None:
    await stage.open()
    wires = [await streaming(stage, "providers"), await streaming(stage, "live")]
    for wire in wires:
        await event(wire)
    stage.service.desk.streams.end()
    for wire in wires:
        assert await wire.rest() == b""


async def test_one_page_too_many_is_told_so(stage: Stage) -> None:
    await stage.open()
    wires = [await streaming(stage, "providers") for _ in range(MOST)]
    told = await stage.call("/-/stream/providers")
    assert (told.status, told.code, told.get("retry-after")) == (503, "overloaded", "5")
    assert "request failed" not in stage.log.getvalue()
    wires[0].abort()
    await stage.until(lambda: len(stage.server.connections) < MOST)
    await event(await streaming(stage, "providers"))


async def test_of_ten_thousand_routes_a_page_shows_some(stage: Stage) -> None:
    routes = {f"/r{number}": {"upstream": stage.sandbox.url, "provider": "none"} for number in range(10_000)}
    await stage.open(routes)
    for page in ("routes", "setup", "try", "routes?q=r99&page=2"):
        reply = await get(stage, page)
        assert len(reply.body) < 100 * 1024
    assert text(await get(stage, "setup")).count("?route=") == SIZE


# ------------------------------------------------------------------------------------------- buttons


async def test_a_button_needs_the_token_of_its_page(stage: Stage) -> None:
    await stage.open()
    good = button(await get(stage, ""))
    for form in ({}, {"button": "0" * 64}):
        for page in ("providers/oauth2/expire", "providers/oauth2/refresh", "reload", "try"):
            reply = await post(stage, page, form)
            assert (reply.status, "origin_refused" in text(reply)) == (403, True), page
    assert stage.service.cells["oauth2"].life.generation == 1
    reply = await post(stage, "providers/oauth2/expire", {"button": good})
    assert reply.status in (200, 303)
    assert stage.service.view.state("oauth2") == "refused"


async def test_a_foreign_page_presses_nothing_though_it_knew_the_token(stage: Stage) -> None:
    await stage.open()
    known = button(await get(stage, ""))
    origin = "Origin: http://localhost:1"
    body = urlencode({"button": known}).encode()
    kind = "Content-Type: application/x-www-form-urlencoded"
    lines = (origin, "Sec-Fetch-Site: same-site", kind, f"Content-Length: {len(body)}")
    reply = await stage.ask("POST /-/providers/oauth2/expire HTTP/1.1", *lines, body=body)
    assert reply.code == "origin_refused"


@pytest.mark.parametrize("mode", ["no-cors", "cors", "websocket"])
async def test_another_port_of_this_machine_can_load_nothing(stage: Stage, mode: str) -> None:
    await stage.open()
    lines = ("Sec-Fetch-Site: same-site", f"Sec-Fetch-Mode: {mode}", "Sec-Fetch-Dest: empty")
    for page in ("", "status", "stream/live"):
        assert (await stage.ask(f"GET /-/{page} HTTP/1.1", *lines)).code == "origin_refused"


async def test_the_reload_button_does_what_sighup_does(stage: Stage) -> None:
    await stage.open()
    reply = await get(stage, "reload")
    assert "reads its config once" in text(reply)
    assert (await post(stage, "reload", {"button": button(reply)})).status == 403


# ------------------------------------------------------------------------------------------- try it


async def tried(stage: Stage, **form: str) -> str:
    token = button(await get(stage, "try"))
    reply = await post(stage, "try", {"method": "GET", "button": token} | form)
    assert reply.status == 200
    return text(reply)


async def test_what_was_injected_is_starred_and_what_came_back_is_there(stage: Stage) -> None:
    await stage.open()
    page = await tried(stage, method="POST", path="/oauth2/echo", body="hello", headers="X-A: 1")
    assert "Authorization: Bearer ***" in page
    assert "200 OK" in page
    assert "&#34;method&#34;: &#34;POST&#34;" in page
    assert stage.token() not in page


async def test_it_is_a_client_never_the_operator(stage: Stage) -> None:
    clients = [{"name": "app", "key": "0123456789abcdef", "methods": ["GET"]}]
    await stage.open(clients=clients, admin={"key": ADMIN_KEY})
    known = f"Authorization: Bearer {ADMIN_KEY}"

    async def asked(**form: str) -> str:
        token = button(await get(stage, "try", known))
        return text(await post(stage, "try", {"method": "GET", "button": token} | form, known))

    assert "client_key_required" in await asked(path="/oauth2/echo")
    assert "client_key_required" in await asked(path="/oauth2/echo", key=ADMIN_KEY)
    assert "200 OK" in await asked(path="/oauth2/echo", key="0123456789abcdef")
    page = await asked(method="POST", path="/oauth2/echo", key="0123456789abcdef")
    assert "403" in page
    assert "0123456789abcdef" not in page


@pytest.mark.parametrize(
    "path",
    ["/-/providers/oauth2/expire", "http://evil.test/", "oauth2/echo", "", "//evil.test/x", "/oauth2/ä b", "/\r\nX: 1"],
)
async def test_it_leads_nowhere_else(stage: Stage, path: str) -> None:
    await stage.open()
    page = await tried(stage, method="POST", path=path)
    assert "200 OK" not in page
    assert stage.service.view.state("oauth2") == "fresh"


async def test_a_header_that_is_none_is_not_sent(stage: Stage) -> None:
    await stage.open()
    assert "not sent" in await tried(stage, path="/oauth2/echo", headers="no colon")


# ------------------------------------------------------------------------------------------- the admin key


async def test_the_key_is_asked_once_and_never_kept(stage: Stage) -> None:
    await stage.open(admin={"key": ADMIN_KEY})
    reply = await get(stage, "")
    assert (reply.status, "Admin key" in text(reply)) == (401, True)
    assert "oauth2" not in text(reply)
    token = button(reply)
    assert (await post(stage, "login", {"key": "wrong", "button": token})).status == 403
    assert (await post(stage, "login", {"key": ADMIN_KEY})).status == 403
    reply = await post(stage, "login", {"key": ADMIN_KEY, "button": token})
    assert (reply.status, header(reply, "location")) == (303, "/-/")
    cookie = header(reply, "set-cookie") or ""
    assert {"HttpOnly", "SameSite=Strict", "Path=/-/"} <= set(cookie.split("; "))
    assert ADMIN_KEY not in cookie
    shown = f"Cookie: {cookie.partition(';')[0]}"
    reply = await get(stage, "", shown)
    assert reply.status == 200
    assert (await post(stage, "providers/oauth2/expire", {"button": token}, shown)).status == 403
    assert (await post(stage, "providers/oauth2/expire", {"button": button(reply)}, shown)).status in (200, 303)
    reply = await post(stage, "logout", {"button": button(reply)}, shown)
    assert "Max-Age=0" in (header(reply, "set-cookie") or "")
    assert await backlog(stage, shown) == []


async def test_a_pass_is_no_key(stage: Stage) -> None:
    await stage.open(admin={"key": ADMIN_KEY})
    token = button(await get(stage, ""))
    cookie = header(await post(stage, "login", {"key": ADMIN_KEY, "button": token}), "set-cookie") or ""
    value = cookie.partition(";")[0].partition("=")[2]
    for line in (f"Authorization: Bearer {value}", f"X-Api-Key: {value}", f"Cookie: {COOKIE}={value}x"):
        assert (await stage.ask("GET /-/status HTTP/1.1", line)).code == "client_key_required"


# ------------------------------------------------------------------------------------------- an address of its own


async def test_with_an_address_of_its_own_it_is_there_alone(stage: Stage) -> None:
    service = await stage.open(admin={"listen": "127.0.0.1:0"})
    main, own = (door.listener.url for door in service.doors)
    assert (await stage.ask("GET /-/healthz HTTP/1.1")).status == 200
    for page in ("", "status", "static/keyless.js", "stream/live", "providers/oauth2/expire"):
        assert (await stage.ask(f"GET /-/{page} HTTP/1.1")).code == "no_route"
    assert (await stage.ask("GET / HTTP/1.1", HTML)).status == 404
    stage.url = own
    assert (await get(stage, "")).status == 200
    assert (await stage.ask("GET /oauth2/echo HTTP/1.1")).code == "no_route"
    assert (await stage.ask("GET / HTTP/1.1", HTML)).status == 303
    assert main in text(await get(stage, "setup?route=/oauth2"))
    assert "200 OK" in await tried(stage, path="/oauth2/echo")


async def test_the_page_of_an_api_may_not_act_as_ours(stage: Stage) -> None:
    routes = {
        f"/{name}": {"upstream": f"{stage.sandbox.url}/oauth2/api", "provider": name} for name in ("oauth2", "none")
    }
    await stage.open(routes)
    for dest in ("document", "iframe", "frame", "embed", "object"):
        reply = await stage.ask("GET /oauth2/echo HTTP/1.1", f"Sec-Fetch-Dest: {dest}", "Sec-Fetch-Site: none")
        assert header(reply, "content-security-policy") == "sandbox allow-scripts"
    for line in ("Sec-Fetch-Dest: empty", "Sec-Fetch-Dest: script", "X-A: document"):
        assert header(await stage.ask("GET /oauth2/echo HTTP/1.1", line), "content-security-policy") is None
    reply = await stage.ask("GET /none/echo HTTP/1.1", "Sec-Fetch-Dest: document", "Sec-Fetch-Site: none")
    assert header(reply, "content-security-policy") is None


async def test_no_page_holds_a_secret(stage: Stage) -> None:
    clients = [{"name": "app", "key": "a-client-key-0123456789"}]
    known = {"fixed": {"scheme": "static", "token": "a-static-token-0123"}}
    routes = {
        f"/{name}": {"upstream": f"{stage.sandbox.url}/oauth2/api", "provider": name} for name in ("oauth2", "fixed")
    }
    await stage.open(routes, providers=known, clients=clients, admin={"key": ADMIN_KEY})
    operator = f"Authorization: Bearer {ADMIN_KEY}"
    await stage.call("/oauth2/echo?key=a-client-key-0123456789", headers={"X-Api-Key": "a-client-key-0123456789"})
    said = [text(await get(stage, page, operator)) for page in (*PAGES, "setup?route=/fixed", "status")]
    said.append(json.dumps(await backlog(stage, operator)))
    for secret in (stage.token(), "a-static-token-0123", "a-client-key", "sandbox-secret", ADMIN_KEY):
        assert not any(secret in each for each in said), secret


async def test_everything_runs_on_while_a_page_is_open(stage: Stage) -> None:
    await stage.open()
    wires = [await streaming(stage, page) for page in ("providers", "routes", "live", "reload")]
    replies = await asyncio.gather(*(stage.call("/oauth2/echo") for _ in range(50)))
    assert {reply.status for reply in replies} == {200}
    for wire in wires:
        await event(wire)
