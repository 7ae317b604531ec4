"""A route whose upstream the issuer's reply names, from the mint to the API, over TLS."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from proxy.errors import ConfigError
from tests.certificates import Authority
from tests.conftest import Stage
from tests.raw import Message, RawApi, Wire
from tests.tokens.calls.issuers import Server, reply, serving
from tests.wire.outbound.scripted import port_of

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GONE = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
HOSTS = [{"host": "*.my.test", "credential": True}, {"host": "cdn.test", "credential": False}]


class Api:
    """An API over TLS with one certificate for several hosts."""

    def __init__(self, *replies: bytes) -> None:
        self.replies = replies
        self.requests: list[Message] = []
        self.port = 0

    async def __call__(self, reader: Any, writer: Any) -> None:
        wire = Wire(reader, writer)
        try:
            while True:
                self.requests.append(await wire.message())
                await wire.send(self.replies[min(len(self.requests), len(self.replies)) - 1])
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    @property
    def seen(self) -> list[tuple[str | None, str, str | None]]:
        return [(sent.get("Host"), sent.target, sent.get("Authorization")) for sent in self.requests]

    async def resolve(self, host: str, port: int) -> list[Any]:
        """Every name is here, and so is port 443."""
        there = self.port if port == 443 else port
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", there))]


@asynccontextmanager
async def api_of(context: ssl.SSLContext, *replies: bytes) -> AsyncIterator[Api]:
    api = Api(*replies)
    server = await asyncio.start_server(api, "127.0.0.1", 0, ssl=context)
    api.port = port_of(server)
    async with server:
        yield api


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    authority = Authority(tmp_path)
    (tmp_path / "ca.pem").write_text(authority.pem)
    return authority


def named(url: Any, token: str = "token-1", **more: Any) -> bytes:
    said = {"access_token": token, "expires_in": 3600, **more}
    return reply(json.dumps(said if url is None else said | {"instance_url": url}).encode())


def provider(issuer: Server, **written: Any) -> dict[str, Any]:
    return {
        "scheme": "login",
        "request": {"url": issuer.url, "json": {"key": "k"}},
        "reply": {"token": "access_token", "expires_in": "expires_in", "upstream": "instance_url"},
        "hosts": HOSTS,
        **written,
    }


async def behind(stage: Stage, api: Api, written: dict[str, Any], **route: Any) -> None:
    stage.resolve = api.resolve
    given = {"upstream": "https://{upstream}/v2", "provider": "p", "private": True, "tls": {"ca": "ca.pem"}}
    await stage.open({"/crm": given | route}, providers={"p": written})


async def test_requests_go_where_the_reply_says(stage: Stage, authority: Authority) -> None:
    context = authority.server("one.my.test")
    async with api_of(context, OK) as api, serving(Server(named("https://one.my.test/base"))) as issuer:
        await behind(stage, api, provider(issuer))
        got = await stage.call("/crm/x?a=1")
        assert (got.status, got.body) == (200, b"ok")
        assert api.seen == [("one.my.test", "/base/v2/x?a=1", "Bearer token-1")]
        assert stage.service.view.provider("p").upstream == "one.my.test/base"


async def test_links_below_it_become_the_proxys(stage: Stage, authority: Authority) -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: https://one.my.test/v2/next\r\nContent-Length: 0\r\n\r\n"
    async with (
        api_of(authority.server("one.my.test"), moved) as api,
        serving(Server(named("https://one.my.test"))) as issuer,
    ):
        await behind(stage, api, provider(issuer))
        assert (await stage.call("/crm/x")).get("Location") == f"{stage.url}/crm/next"


async def test_the_next_token_may_lead_elsewhere(stage: Stage, authority: Authority) -> None:
    replies = (named("https://one.my.test"), named("https://two.my.test", "token-2"))
    async with (
        api_of(authority.server("one.my.test", "two.my.test"), GONE, OK) as api,
        serving(Server(*replies)) as issuer,
    ):
        await behind(stage, api, provider(issuer))
        got = await stage.call("/crm/x", "POST", data=b"body")
        assert (got.status, got.get("X-Keyless-Attempts")) == (200, "2")
        assert api.seen == [
            ("one.my.test", "/v2/x", "Bearer token-1"),
            ("two.my.test", "/v2/x", "Bearer token-2"),
        ]
        assert [sent.body for sent in api.requests] == [b"body", b"body"]


@pytest.mark.parametrize(
    "url",
    [
        *("http://one.my.test", "https://evil.test", "https://cdn.test", "https://one.my.test@evil.test"),
        *(
            "https://one.my.test:8443",
            "https://127.0.0.1",
            "https://one.my.test/../x",
            "https://one.my.test/" + "a" * 9999,
        ),
        *(None, 7, ""),
    ],
)
async def test_rule_31_an_issuer_does_not_choose_where_its_token_goes(
    url: Any, stage: Stage, authority: Authority
) -> None:
    async with api_of(authority.server("one.my.test"), OK) as api, serving(Server(named(url))) as issuer:
        await behind(stage, api, provider(issuer))
        got = await stage.call("/crm/x")
        assert (got.status, got.code, api.requests) == (503, "token_unavailable", [])
        assert "evil" not in got.body.decode()
        report = stage.service.view.provider("p")
        assert (report.state, report.upstream) == ("backing_off", None)


async def test_a_name_of_the_list_must_not_lead_into_the_private_network(stage: Stage, authority: Authority) -> None:
    async with (
        api_of(authority.server("one.my.test"), OK) as api,
        serving(Server(named("https://one.my.test"))) as issuer,
    ):
        await behind(stage, api, provider(issuer), private=False)
        assert (await stage.call("/crm/x")).code == "upstream_unreachable"
    assert api.requests == []


async def test_a_refresh_need_not_name_it_again_nor_a_restart(stage: Stage, authority: Authority) -> None:
    first = named("https://one.my.test", refresh_token="refresh-1")
    second, third = (named(None, f"token-{n}", refresh_token=f"refresh-{n}") for n in (2, 3))
    async with (
        api_of(authority.server("one.my.test"), OK, GONE, OK) as api,
        serving(Server(first, second, third)) as issuer,
    ):
        written = provider(issuer, refresh={"request": {"url": issuer.url, "form": {"r": "{refresh_token}"}}})
        written["reply"] |= {"refresh_token": "refresh_token"}
        stage.resolve = api.resolve
        route = {"upstream": "https://{upstream}", "provider": "p", "private": True, "tls": {"ca": "ca.pem"}}
        config: dict[str, Any] = {"providers": {"p": written}, "store": f"file:{stage.folder / 'store'}"}
        await stage.open({"/crm": route}, **config)
        assert [(await stage.call("/crm")).status for _ in range(2)] == [200, 200]
        await stage.service.cells["p"].expire()
        await stage.service.__aexit__(None, None, None)
        await stage.open({"/crm": route}, **config)
        assert (await stage.call("/crm")).status == 200
        assert [host for host, *_ in api.seen] == ["one.my.test"] * 4
        assert [token for *_, token in api.seen] == [f"Bearer token-{n}" for n in (1, 1, 2, 3)]


async def test_what_an_earlier_step_said(stage: Stage, authority: Authority) -> None:
    """DocuSign tells the server in a call of its own, behind the token's."""
    answers = (named(None), reply(b'{"accounts": [{"base_uri": "https://one.my.test"}]}'))
    async with api_of(authority.server("one.my.test"), OK) as api, serving(Server(*answers)) as issuer:
        asks = {"method": "GET", "url": issuer.url, "headers": {"Authorization": "Bearer {access}"}}
        steps = [
            {"request": {"url": issuer.url}, "keep": {"access": "access_token", "life": "expires_in"}},
            {"request": asks},
        ]
        said = {"token": "kept:access", "expires_in": "kept:life", "upstream": "accounts[0].base_uri"}
        written = {"scheme": "login", "steps": steps, "reply": said, "hosts": HOSTS}
        await behind(stage, api, written)
        assert (await stage.call("/crm")).status == 200
        assert issuer.header("authorization", 1) == ["Bearer token-1"]
        assert api.seen == [("one.my.test", "/v2", "Bearer token-1")]


async def test_its_other_hosts_are_called_as_ever(stage: Stage, authority: Authority) -> None:
    async with (
        api_of(authority.server("one.my.test", "two.my.test"), OK) as api,
        serving(Server(named("https://one.my.test/base"))) as issuer,
    ):
        await behind(stage, api, provider(issuer), hosts=True)
        assert (await stage.call("/crm/~two.my.test/x")).status == 200
        assert (await stage.call("/crm/x")).status == 200
        assert [(host, target) for host, target, _ in api.seen] == [
            ("two.my.test", "/x"),
            ("one.my.test", "/base/v2/x"),
        ]
        assert (await stage.call("/crm/~evil.test/x")).code == "path_refused"


@pytest.mark.parametrize(
    ("route", "written", "message"),
    [
        ({"upstream": "http://{upstream}"}, {}, "stands for a host"),
        ({"upstream": "https://x.{upstream}"}, {}, "stands for a host"),
        ({"upstream": "https://{upstream}.test"}, {}, "stands for a host"),
        ({"upstream": "https://{upstream}/{token}"}, {}, "stands for a host"),
        ({}, {"reply": {"token": "access_token"}}, "needs a provider whose `reply.upstream`"),
        ({"provider": "none"}, {}, "needs a provider whose `reply.upstream`"),
        ({}, {"hosts": []}, "no issuer may choose"),
        ({}, {"hosts": [{"host": "cdn.test", "credential": False}]}, "no issuer may choose"),
        ({}, {"reply": {"token": "kept:x", "upstream": "u"}}, "no step of `steps`"),
    ],
)
async def test_what_does_not_fit_together_is_a_mistake(
    route: dict[str, Any], written: dict[str, Any], message: str, stage: Stage
) -> None:
    given = {"upstream": "https://{upstream}", "provider": "p"} | route
    issuer = Server()
    issuer.url = "https://issuer.test/token"
    with pytest.raises(ConfigError) as refused:
        await stage.open({"/crm": given}, providers={"p": provider(issuer, **written)})
    assert message in str(refused.value)


async def test_a_route_may_say_itself_where_to(stage: Stage) -> None:
    async with serving(Server(named("https://one.my.test"))) as issuer, RawApi.answering(OK) as api:
        route = {"upstream": api.url, "provider": "p"}
        await stage.open({"/crm": route}, providers={"p": provider(issuer)})
        assert (await stage.call("/crm")).status == 200
        assert len(api.requests) == 1
