"""Logins of several requests, and refresh tokens in exchanges of an API's own, through the whole path."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.conftest import Stage
from tests.rotating import RotatingIssuer
from tests.tokens.calls.issuers import Server, reply, serving


@pytest.fixture
async def issuer() -> AsyncIterator[RotatingIssuer]:
    async with RotatingIssuer(grace=0.0) as issuer:
        yield issuer


def spending(issuer: RotatingIssuer) -> dict[str, Any]:
    request = {"url": f"{issuer.url}/token", "form": {"app": "a", "refresh_token": "{refresh_token}"}}
    reply = {"token": "access_token", "expires_in": "expires_in", "refresh_token": "refresh_token"}
    return {"scheme": "login", "refresh_token": "refresh-0", "refresh": {"request": request}, "reply": reply}


async def open_with(stage: Stage, issuer: RotatingIssuer, provider: dict[str, Any], **config: Any) -> None:
    route = {"upstream": f"{issuer.url}/api", "provider": "mail"}
    await stage.open({"/mail": route}, providers={"mail": provider}, **config)


async def test_a_rotating_refresh_token_is_spent_once_and_its_successor_next(
    stage: Stage, issuer: RotatingIssuer
) -> None:
    await open_with(stage, issuer, spending(issuer))
    assert (await stage.call("/mail")).status == 200
    for _ in range(2):
        issuer.void()
        refused = await stage.call("/mail")
        assert (refused.status, refused.get("x-keyless-attempts")) == (200, "2")
    assert (issuer.counts["rotation"], issuer.counts["reuse"]) == (3, 0)


async def test_a_restart_goes_on_with_what_the_store_kept(stage: Stage, issuer: RotatingIssuer) -> None:
    store = f"file:{stage.folder / 'store'}"
    await open_with(stage, issuer, spending(issuer), store=store)
    await stage.service.__aexit__(None, None, None)
    issuer.void()
    await open_with(stage, issuer, spending(issuer), store=store)
    assert (await stage.call("/mail")).status == 200
    assert (issuer.counts["rotation"], issuer.counts["reuse"]) == (2, 0)


async def test_a_refresh_token_that_was_stolen_means_a_login(stage: Stage, issuer: RotatingIssuer) -> None:
    await open_with(stage, issuer, spending(issuer))
    issuer.void()
    issuer.revoked = True
    assert (await stage.call("/mail")).status == 401
    told = await stage.call("/mail")
    assert (told.status, told.code) == (424, "login_required")


async def test_keys_log_in_where_the_refresh_token_is_dead(stage: Stage, issuer: RotatingIssuer) -> None:
    answer = b'{"access_token": "by-keys", "expires_in": 60, "refresh_token": "no-such"}'
    async with serving(Server(reply(answer))) as keys:
        provider = spending(issuer) | {"request": {"url": keys.url, "json": {"key": "k"}}}
        await open_with(stage, issuer, provider)
        assert issuer.counts["rotation"] == 1
        issuer.void()
        issuer.revoked = True
        issuer._live.add("by-keys")
        for expected in ("2", None):
            good = await stage.call("/mail")
            assert (good.status, good.get("x-keyless-attempts")) == (200, expected)
        assert len(keys.heads) == 1


async def test_a_session_cookie_bought_in_two_steps(stage: Stage) -> None:
    ticket = reply(b"<r><ticket>t-1</ticket></r>", "200 OK", "Content-Type: text/xml")
    session = reply(b"", "200 OK", "Set-Cookie: lb=1", "Set-Cookie: sid=s-1; Max-Age=600; HttpOnly", "Set-Cookie: x=2")
    api = await stage.api(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    async with serving(Server(ticket, session)) as server:
        steps = [
            {"request": {"url": server.url, "body": "<login/>"}, "format": "xml", "keep": {"ticket": "r.ticket"}},
            {"request": {"url": server.url, "headers": {"X-Ticket": "{ticket}"}}},
        ]
        provider = {
            "scheme": "login",
            "steps": steps,
            "reply": {"token": "cookie:sid"},
            "inject": {"cookie": {"sid": "{token}"}},
        }
        await stage.open({"/erp": {"upstream": api.url, "provider": "erp"}}, providers={"erp": provider})
        assert (await stage.call("/erp", headers={"Cookie": "sid=mine"})).status == 200
        assert server.header("x-ticket", 1) == ["t-1"]
    assert api.requests[0].get("cookie") == "sid=s-1"
    token = stage.service.cells["erp"].life.token
    assert token is not None
    assert token.expires.wall - token.minted.wall == 600.0


async def test_a_bomb_of_an_issuer_is_a_clear_error(stage: Stage) -> None:
    bomb = b'<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><r><t>&b;</t></r>'
    async with serving(Server(reply(bomb))) as server:
        provider = {
            "scheme": "login",
            "request": {"url": server.url},
            "reply": {"format": "xml", "token": "r.t"},
        }
        await stage.open(
            {"/erp": {"upstream": "https://api.example.com", "provider": "erp"}}, providers={"erp": provider}
        )
        told = await stage.call("/erp")
    assert (told.status, told.code) == (503, "token_unavailable")
    assert "XML with a document type (DTD), which is never read" in stage.log.getvalue()


async def test_a_refused_token_that_is_handed_out_again_is_replaced_by_force(stage: Stage) -> None:
    """WeChat's (微信) stable tokens: asking again returns the token that lives."""
    api = await stage.api(
        reply(b'{"errcode": 40001, "errmsg": "invalid credential"}'), reply(b'{"errcode": 0}'), reply(b'{"errcode": 0}')
    )
    same, other = (b'{"access_token": "%b", "expires_in": 7200}' % token for token in (b"the-same", b"another"))
    async with serving(Server(reply(same), reply(same), reply(other))) as server:
        provider = {
            "scheme": "login",
            "request": {"url": server.url, "json": {"appid": "a", "force_refresh": False}},
            "reply": {"expires_in": "expires_in"},
            "inject": {"query": {"access_token": "{token}"}},
            "refused": [{"json": {"errcode": [40001]}}],
            "refresh": {"forced": {"json": {"force_refresh": True}}},
        }
        await stage.open({"/wx": {"upstream": api.url, "provider": "wx"}}, providers={"wx": provider})
        good = await stage.call("/wx/cgi-bin/x")
        assert (good.status, good.get("x-keyless-attempts"), good.body) == (200, "2", b'{"errcode": 0}')
        assert [json.loads(body)["force_refresh"] for body in server.bodies] == [False, False, True]
    assert [request.target.partition("=")[2] for request in api.requests] == ["the-same", "another"]
