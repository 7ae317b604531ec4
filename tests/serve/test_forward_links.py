"""Redirects and links: never followed, and those that stay with the API lead back here."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Stage
from tests.raw import RawApi


async def linked(stage: Stage, base: str, header: str, **route: Any) -> tuple[RawApi, str]:
    """The header as a client gets it. `{api}` stands for the API's authority, `{token}` for the live token."""

    async def play(wire: Any) -> None:
        api.record(await wire.message())
        name, _, value = header.format(api=api.authority, token=stage.token("baidu")).partition("=")
        await wire.send(f"HTTP/1.1 302 Found\r\n{name}: {value}\r\nContent-Length: 0\r\n\r\n".encode())

    api = await stage.playing(play)
    await stage.open({"/gh": {"upstream": api.url + base, "provider": "baidu", **route}})
    reply = await stage.ask("GET /gh/x HTTP/1.1")
    assert (reply.status, len(api.requests)) == (302, 1), "returned, not followed"
    return api, reply.get(header.partition("=")[0]) or ""


BELOW = (
    ("/v1", "http://{api}/v1/next?page=2", "{own}/gh/next?page=2"),
    ("/v1", "http://{api}/v1", "{own}/gh"),
    ("/v1", "http://{api}/v1?page=2", "{own}/gh?page=2"),
    ("/v1", "HTTP://{api}/v1/x", "{own}/gh/x"),
    ("/v1", "//{api}/v1/x", "{own}/gh/x"),
    ("/v1", "https://{api}/v1/next", "{own}/gh/next"),
    ("/v1", "/v1/next#part", "/gh/next#part"),
    ("/v1", "/v1/a/../b", "/gh/b"),
    ("/v1", "../v1/next", "/gh/next"),
    ("/v1", "/v1//evil.test", "/gh/evil.test"),
    ("", "http://{api}/next", "{own}/gh/next"),
    ("", "http://{api}", "{own}/gh"),
    ("", "/next?page=2", "/gh/next?page=2"),
    ("", "/", "/gh/"),
    ("/v1", "http://{api}/v1/x?access_token=mine&page=2", "{own}/gh/x?page=2"),
    ("/v1", "/v1/x?access_token={token}", "/gh/x"),
)
OUTSIDE = (
    ("/v1", "/v10", "/v10"),
    ("/v1", "/mail/inbox?a#b", "/mail/inbox?a#b"),
    ("/v1", "/", "/"),
    ("/v1", "/v1/../mail", "/mail"),
    ("/v1", "/v1/%2e%2E/mail", "/mail"),
    ("/v1", "/v1\\..\\mail", "/mail"),
    ("/v1", "../../mail", "/mail"),
    ("/v1", "http://{api}/v1/../mail", "/mail"),
)
FOREIGN = (
    ("/v1", "http://other.test/v1/next"),
    ("/v1", "http://{api}.evil.test/v1/next"),
    ("/v1", "http://{api}@evil.test/v1/next"),
    ("/v1", "//other.test/v1/x"),
    ("/v1", "http://{api}/v10/next"),
    ("/v1", "http://{api}/v2/next"),
    ("/v1", "next"),
    ("/v1", "?page=2"),
    ("/v1", "#part"),
    ("", "next"),
    ("", "//other.test/x"),
    ("", "mailto:someone@example.test"),
)


@pytest.mark.parametrize("name", ["Location", "Content-Location", "Operation-Location", "Azure-AsyncOperation"])
@pytest.mark.parametrize(("base", "url", "expected"), BELOW)
async def test_trap_24_urls_under_the_upstream_become_the_proxys_own(
    stage: Stage, name: str, base: str, url: str, expected: str
) -> None:
    _, value = await linked(stage, base, f"{name}={url}")
    assert value == expected.format(own=stage.url)


@pytest.mark.parametrize(("base", "url", "path"), OUTSIDE)
async def test_a_path_outside_the_base_leads_to_the_api_and_never_to_another_route(
    stage: Stage, base: str, url: str, path: str
) -> None:
    api, value = await linked(stage, base, f"Location={url}")
    assert value == api.url + path


@pytest.mark.parametrize(("base", "url"), FOREIGN)
async def test_trap_24_foreign_urls_stay_as_they_are(stage: Stage, base: str, url: str) -> None:
    api, value = await linked(stage, base, f"Location={url}")
    assert value == url.format(api=api.authority)


async def test_trap_25_a_foreign_location_does_not_carry_the_token_away(stage: Stage) -> None:
    _, value = await linked(stage, "/v1", "Location=https://sso.test/?back=/v1?access_token={token}")
    assert value == "https://sso.test/?back=/v1?access_token=" + "*" * len(stage.token("baidu"))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://{api}/bot{token}/v1/next?page=2", "{own}/gh/next?page=2"),
        ("//{api}/bot{token}/v1/next", "{own}/gh/next"),
        ("/bot{token}/v1/next", "/gh/next"),
        ("/bot{token}/v1", "/gh"),
        ("../v1/next", "/gh/next"),
        ("next", "next"),
        ("/bot{token}/v2/next", "http://{api}/bot***/v2/next"),
        ("/bot/v1/next", "http://{api}/bot/v1/next"),
        ("http://{api}/botanic", "http://{api}/botanic"),
    ],
)
async def test_trap_24_a_token_in_the_upstreams_path_is_a_part_of_it(stage: Stage, url: str, expected: str) -> None:
    api, value = await linked(stage, "/bot{token}/v1", f"Location={url}")
    stars = "*" * len(stage.token("baidu"))
    assert value == expected.replace("***", stars).format(own=stage.url, api=api.authority)


async def test_keep_prefix_keeps_it_in_links_too(stage: Stage) -> None:
    _, value = await linked(stage, "/v1", "Location=http://{api}/v1/gh/next", keep_prefix=True)
    assert value == f"{stage.url}/gh/next"


async def test_a_kept_prefix_is_where_the_route_ends(stage: Stage) -> None:
    api, value = await linked(stage, "/v1", "Location=/v1/mail", keep_prefix=True)
    assert value == f"{api.url}/v1/mail"


async def test_a_route_for_everything_sends_nobody_to_another_host(stage: Stage) -> None:
    async def play(wire: Any) -> None:
        await wire.message()
        await wire.send(b"HTTP/1.1 302 Found\r\nLocation: /v1//evil.test/x\r\nContent-Length: 0\r\n\r\n")

    api = await stage.playing(play)
    await stage.open({"/": {"upstream": f"{api.url}/v1", "provider": "none"}})
    assert (await stage.ask("GET /x HTTP/1.1")).get("Location") == "/evil.test/x"


async def test_every_url_of_a_link_header(stage: Stage) -> None:
    theirs = '<http://{api}/v1/x?page=2>; rel="next", <http://{api}/v1/x?page=9&access_token=mine>; rel="last"'
    foreign = ', <https://docs.test/>; rel="help"'
    _, value = await linked(stage, "/v1", f"Link={theirs}{foreign}")
    ours = f'<{stage.url}/gh/x?page=2>; rel="next", <{stage.url}/gh/x?page=9>; rel="last"'
    assert value == ours + foreign


async def test_the_own_address_is_the_one_that_the_client_used(stage: Stage) -> None:
    async def play(wire: Any) -> None:
        await wire.message()
        await wire.send(f"HTTP/1.1 200 OK\r\nLink: <{api.url}/x>\r\nContent-Length: 0\r\n\r\n".encode())

    api = await stage.playing(play)
    await stage.open({"/gh": {"upstream": api.url, "provider": "none"}})
    reply = await stage.ask("GET /gh HTTP/1.1", "Host: localhost:4711")
    assert reply.get("Link") == "<http://localhost:4711/gh/x>"


async def test_a_paging_client_stays_inside(stage: Stage) -> None:
    await stage.open()
    page, items = "/oauth2/page?n=1", []
    while page:
        reply = await stage.call(page)
        items += reply.json()["items"]
        links = (reply.get("Link") or "").split(", ")
        page = next((link[1:].partition(">")[0].removeprefix(stage.url) for link in links if 'rel="next"' in link), "")
    assert len(items) == 9


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_trap_24_the_sandboxs_redirect_comes_back(stage: Stage, code: int) -> None:
    await stage.open()
    reply = await stage.call(f"/baidu/redirect?code={code}", "POST", data=b"x")
    assert (reply.status, reply.get("Location")) == (code, f"{stage.url}/baidu/echo")
    assert stage.sandbox.api_requests == 1


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ((), "http://{authority}"),
        (("X-Forwarded-Proto: https", "X-Forwarded-Host: api.example.com"), "https://api.example.com"),
        (("X-Forwarded-Proto: https",), "https://{authority}"),
        (("X-Forwarded-Host: api.example.com:8443",), "http://api.example.com:8443"),
        (("X-Forwarded-Proto: https, http", "X-Forwarded-Host: outer.test, inner.test"), "https://outer.test"),
        (("X-Forwarded-Proto: javascript",), "http://{authority}"),
        (("X-Forwarded-Host: evil.test/x",), "http://{authority}"),
        (("X-Forwarded-Host: user@evil.test",), "http://{authority}"),
    ],
)
@pytest.mark.parametrize("forwarded", [True, False])
async def test_links_as_a_proxy_in_front_says(
    stage: Stage, headers: tuple[str, ...], own: str, forwarded: bool
) -> None:
    async def play(wire: Any) -> None:
        await wire.message()
        head = f"HTTP/1.1 302 Found\r\nLocation: {api.url}/v1/a\r\nLink: <{api.url}/v1/b>\r\n"
        await wire.send(f"{head}Content-Length: 0\r\n\r\n".encode())

    api = await stage.playing(play)
    await stage.open({"/gh": {"upstream": f"{api.url}/v1", "provider": "none"}}, forwarded=forwarded)
    seen = dict((await stage.ask("GET /gh/x HTTP/1.1", *headers)).headers)
    base = (own if forwarded else "http://{authority}").format(authority=stage.authority)
    assert (seen["Location"], seen["Link"]) == (f"{base}/gh/a", f"<{base}/gh/b>")
