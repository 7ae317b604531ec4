"""What lies under `/-/`: who may see it, what it says, what its two switches do."""

from __future__ import annotations

from typing import Any

import pytest

from proxy import __version__
from tests.conftest import Stage
from tests.raw import Message

ADMIN_KEY = "an-admin-key-0123"
CLIENTS = [{"name": "app", "key": "0123456789abcdef"}]


async def status(stage: Stage, *headers: str) -> dict[str, Any]:
    reply = await stage.ask("GET /-/status HTTP/1.1", *headers)
    assert reply.status == 200, reply
    document: dict[str, Any] = reply.json()
    return document


async def test_healthz_is_about_the_process_alone(stage: Stage) -> None:
    stage.sandbox.issuer_down = True
    await stage.open()
    reply = await stage.ask("GET /-/healthz HTTP/1.1")
    assert (reply.status, reply.json()) == (200, {"status": "ok"})
    assert (await stage.ask("HEAD /-/healthz HTTP/1.1", bodiless=True)).status == 200


# ------------------------------------------------------------------------------------------- readyz


async def test_readyz_of_all_and_of_one(stage: Stage) -> None:
    await stage.open()
    reply = await stage.ask("GET /-/readyz HTTP/1.1")
    assert (reply.status, reply.json()["ready"]) == (200, True)
    assert set(reply.json()["providers"]) == {"baidu", "aiob", "session", "oauth2"}
    one = await stage.ask("GET /-/readyz/baidu HTTP/1.1")
    assert one.json() == {"ready": True, "providers": {"baidu": "fresh"}}
    assert (await stage.ask("GET /-/readyz/nobody HTTP/1.1")).code == "no_route"


async def test_readyz_while_the_first_token_is_fetched(stage: Stage) -> None:
    stage.sandbox.gate.clear()
    await stage.open()
    reply = await stage.ask("GET /-/readyz HTTP/1.1")
    assert (reply.status, reply.json()["providers"]["oauth2"]) == (503, "empty")
    stage.sandbox.gate.set()
    for cell in stage.service.keeper:
        await cell.token("test")
    assert (await stage.ask("GET /-/readyz HTTP/1.1")).status == 200


async def test_readyz_of_a_refused_credential(stage: Stage) -> None:
    stage.sandbox.keys.clear()
    await stage.open()
    reply = await stage.ask("GET /-/readyz HTTP/1.1")
    assert reply.status == 503
    assert reply.json()["providers"]["oauth2"] == "latched"
    assert not reply.json()["ready"]


async def test_a_token_that_died_while_nobody_asked_is_no_reason_to_stay_away(stage: Stage) -> None:
    """Else a balancer that sends nothing to the unready would leave it unready for ever."""
    await stage.open()
    stage.service.cells["oauth2"].life.expired()
    reply = await stage.ask("GET /-/readyz/oauth2 HTTP/1.1")
    assert (reply.status, reply.json()["providers"]) == (200, {"oauth2": "refused"})
    await stage.until(lambda: stage.mints() == 2)


async def test_sleeping_providers_are_not_unready(stage: Stage) -> None:
    asleep = {"scheme": "static", "token": "${EXAMPLE_KEY}"}
    routes = {f"/{name}": {"upstream": stage.sandbox.url, "provider": name} for name in ("asleep", "oauth2")}
    await stage.open(routes, providers={"asleep": asleep})
    reply = await stage.ask("GET /-/readyz HTTP/1.1")
    assert (reply.status, reply.json()["providers"]["asleep"]) == (200, "unconfigured")
    assert (await stage.ask("GET /-/readyz/asleep HTTP/1.1")).status == 503


async def test_a_provider_that_waits_to_be_needed_is_not_unready(stage: Stage) -> None:
    """An exclusive token is not fetched before a request asks for it; a load balancer would wait for ever."""
    url = f"{stage.sandbox.url}/oauth2/token"
    keys = {"client_id": "sandbox-key", "client_secret": "sandbox-secret"}
    provider = {"scheme": "oauth2", "token_url": url, "exclusive": True, **keys}
    stage.sandbox.gate.clear()
    await stage.open({"/x": {"upstream": stage.sandbox.url, "provider": "x"}}, providers={"x": provider})
    reply = await stage.ask("GET /-/readyz HTTP/1.1")
    assert (reply.status, reply.json()["providers"]["x"]) == (200, "empty")
    assert stage.sandbox.token_requests["oauth2"] == 0


# ------------------------------------------------------------------------------------------- status


async def test_status_says_what_is_known_and_no_secret(stage: Stage) -> None:
    static = {"scheme": "static", "token": "a-static-token"}
    asleep = {"scheme": "static", "token": "${EXAMPLE_KEY}"}
    routes = {
        f"/{name}": {"upstream": f"{stage.sandbox.url}/oauth2/api", "provider": name}
        for name in ("oauth2", "static", "asleep", "none")
    }
    await stage.open(routes, providers={"static": static, "asleep": asleep})
    stage.sandbox.void()
    await stage.call("/oauth2/echo")
    reply = await stage.ask("GET /-/status HTTP/1.1")
    document = reply.json()
    assert document["version"] == __version__
    oauth2, fixed, sleeping = (document["providers"][name] for name in ("oauth2", "static", "asleep"))
    assert set(oauth2) == {
        "state",
        "generation",
        "expires_at",
        "next_attempt_at",
        "mints",
        "replays",
        "last_error",
        "skew",
        "upstream",
        "minted_at",
        "refresh_at",
        "hint",
    }
    assert (oauth2["state"], oauth2["generation"], oauth2["mints"], oauth2["replays"]) == ("fresh", 2, 2, 1)
    assert 0 < oauth2["expires_at"] - stage.sandbox.clock() <= 30
    assert (fixed["state"], fixed["expires_at"]) == ("static", None)
    assert sleeping["state"] == "unconfigured"
    assert "EXAMPLE_KEY" in sleeping["last_error"]
    assert document["routes"]["/oauth2"] == {"upstream": f"{stage.sandbox.url}/oauth2/api", "provider": "oauth2"}
    assert document["routes"]["/none"]["provider"] is None
    for secret in (stage.token(), "a-static-token", "sandbox-secret"):
        assert secret not in reply.body.decode()


async def test_status_of_a_failing_provider(stage: Stage) -> None:
    stage.sandbox.keys.clear()
    await stage.open()
    provider = (await status(stage))["providers"]["oauth2"]
    assert (provider["state"], provider["generation"], provider["mints"]) == ("latched", 0, 0)
    assert provider["next_attempt_at"] > stage.sandbox.clock()
    assert "invalid_client" in provider["last_error"] or "client" in provider["last_error"]


# ------------------------------------------------------------------------------------------- switches


async def test_expire_rehearses_a_death(stage: Stage) -> None:
    await stage.open()
    reply = await stage.ask("POST /-/providers/oauth2/expire HTTP/1.1", "Content-Length: 0")
    assert (reply.status, reply.json()["state"]) == (200, "refused")
    assert (await stage.call("/oauth2/echo")).status == 200
    assert stage.mints() == 2


async def test_refresh_fetches_now_and_clears_a_latch(stage: Stage) -> None:
    stage.sandbox.keys.clear()
    await stage.open()
    stage.sandbox.keys["sandbox-key"] = "sandbox-secret"
    reply = await stage.ask("POST /-/providers/oauth2/refresh HTTP/1.1", "Content-Length: 0")
    assert (reply.json()["state"], reply.json()["generation"]) == ("fresh", 1)


@pytest.mark.parametrize(
    "line",
    [
        "GET /-/nope",
        "GET /-/healthz/x",
        "GET /-/providers/oauth2/expire",
        "POST /-/status",
        "DELETE /-/healthz",
    ],
)
async def test_what_is_not_there(stage: Stage, line: str) -> None:
    await stage.open()
    assert (await stage.ask(f"{line} HTTP/1.1", "Content-Length: 0")).code in ("no_route", "method_refused")


@pytest.mark.parametrize("name", ["nobody/expire", "oauth2/explode", "asleep/refresh"])
async def test_switches_of_what_is_not_there(stage: Stage, name: str) -> None:
    routes = {f"/{name}": {"upstream": stage.sandbox.url, "provider": name} for name in ("asleep", "oauth2")}
    await stage.open(routes, providers={"asleep": {"scheme": "static", "token": "${EXAMPLE_KEY}"}})
    reply = await stage.ask(f"POST /-/providers/{name} HTTP/1.1", "Content-Length: 0")
    assert reply.code in ("no_route", "provider_unconfigured")


# ------------------------------------------------------------------------------------------- who may


async def operate(stage: Stage, *headers: str) -> list[Message]:
    switch = "POST /-/providers/oauth2/expire HTTP/1.1"
    return [
        await stage.ask("GET /-/status HTTP/1.1", *headers),
        await stage.ask(switch, *headers, "Content-Length: 0"),
    ]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        (("Host: evil.test",), "host_refused"),
        (("Origin: http://evil.test",), "origin_refused"),
        (("Sec-Fetch-Site: cross-site",), "origin_refused"),
    ],
)
async def test_trap_38_no_web_page_drives_the_switches(stage: Stage, headers: tuple[str, ...], code: str) -> None:
    await stage.open()
    assert [reply.code for reply in await operate(stage, *headers)] == [code, code]


async def test_an_admin_key_is_asked_of_everyone(stage: Stage) -> None:
    await stage.open(admin={"key": ADMIN_KEY})
    for headers in ((), ("X-Api-Key: wrong",), ("Authorization: Bearer wrong",)):
        assert {reply.code for reply in await operate(stage, *headers)} == {"client_key_required"}
    assert {reply.status for reply in await operate(stage, f"Authorization: Bearer {ADMIN_KEY}")} == {200}
    assert (await stage.ask("GET /-/healthz HTTP/1.1")).status == 200


async def test_an_admin_key_counts_in_two_places_alone(stage: Stage) -> None:
    await stage.open(admin={"key": ADMIN_KEY})
    stale = "Authorization: Bearer stale"
    assert {reply.status for reply in await operate(stage, stale, f"X-Api-Key: {ADMIN_KEY}")} == {200}
    for header in (f"Authorization: Token {ADMIN_KEY}", f"Api-Key: {ADMIN_KEY}", f"apikey: {ADMIN_KEY}"):
        assert {reply.code for reply in await operate(stage, header)} == {"client_key_required"}


async def test_without_one_only_this_machine_may_and_not_through_a_proxy(stage: Stage) -> None:
    await stage.open(clients=CLIENTS)
    assert {reply.status for reply in await operate(stage)} == {200}
    assert {reply.code for reply in await operate(stage, "X-Forwarded-For: 10.0.0.1")} == {"route_refused"}


@pytest.mark.parametrize("config", [{}, {"anyone": True}])
async def test_also_where_there_are_no_clients(stage: Stage, config: dict[str, Any]) -> None:
    await stage.open(**config)
    assert {reply.status for reply in await operate(stage)} == {200}
    assert {reply.code for reply in await operate(stage, "X-Forwarded-For: 10.0.0.1")} == {"route_refused"}


async def test_another_path(stage: Stage) -> None:
    await stage.open(admin={"path": "/keyless/"})
    assert (await stage.ask("GET /keyless/healthz HTTP/1.1")).status == 200
    assert (await stage.ask("GET /-/healthz HTTP/1.1")).code == "no_route"


# ------------------------------------------------------------------------------------------- web pages


@pytest.mark.parametrize(
    ("host", "origin", "good"),
    [
        ("", "http://{}", True),
        ("", "http://localhost:6666", False),  # another program's page may call APIs, but not look after the proxy
        ("", "http://evil.test", False),
        ("localhost:1", "http://localhost:1", True),
    ],
)
async def test_only_the_proxys_own_pages_may_look_after_it(stage: Stage, host: str, origin: str, good: bool) -> None:
    await stage.open()
    headers = (f"Host: {host or stage.authority}", f"Origin: {origin.format(stage.authority)}", "Content-Length: 0")
    headers += (f"X-Keyless-Button: {stage.service.desk.passes.button({})}",)
    reply = await stage.ask("POST /-/providers/oauth2/expire HTTP/1.1", *headers)
    assert (reply.status, reply.code) == ((200, None) if good else (403, "origin_refused"))
    assert (await stage.ask("GET /-/status HTTP/1.1", *headers[:2])).status == reply.status


@pytest.mark.parametrize(
    ("host", "browser", "code"),
    [
        ("localhost", {}, None),
        ("127.0.0.1:1", {}, None),
        ("evil.test", {}, "host_refused"),
        ("evil.test", {"hosts": ["proxy.test"]}, "host_refused"),
        ("proxy.test", {"hosts": ["proxy.test"]}, None),
    ],
)
async def test_a_name_that_a_web_page_let_point_here_is_not_this_machine(
    stage: Stage, host: str, browser: dict[str, list[str]], code: str | None
) -> None:
    """DNS rebinding of a listener that answers to any name: the browser runs on this machine."""
    await stage.open(listen="0.0.0.0:0", anyone=True, browser=browser)
    stage.url = stage.url.replace("0.0.0.0", "127.0.0.1")
    for start in ("GET /-/status HTTP/1.1", "POST /-/providers/oauth2/refresh HTTP/1.1"):
        assert (await stage.ask(start, f"Host: {host}", "Content-Length: 0")).code == code
