"""Where a route's requests may go, and with which certificates, seen by a client of the running proxy."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from proxy.errors import ConfigError, Problem
from tests.certificates import Authority
from tests.conftest import Stage
from tests.raw import Wire
from tests.wire.outbound.scripted import port_of
from tests.wire.outbound.test_dial import Names

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
P = {"p": {"scheme": "static", "token": "abcdefgh"}}


def elsewhere(url: str, name: str = "api.test") -> str:
    return url.replace("127.0.0.1", name)


# ------------------------------------------------------------------ addresses


async def test_a_name_of_a_loopback_address_needs_consent(stage: Stage) -> None:
    api, stage.resolve = await stage.api(OK), Names("127.0.0.1")
    upstream = elsewhere(api.url)
    await stage.open(
        {
            "/said": {"upstream": upstream, "provider": "none", "private": True},
            "/unsaid": {"upstream": upstream, "provider": "none"},
            "/spelt": {"upstream": api.url, "provider": "none"},
        }
    )
    assert [(await stage.call(path)).status for path in ("/said", "/spelt", "/unsaid")] == [200, 200, 502]
    reply = await stage.call("/unsaid")
    assert reply.code == "upstream_unreachable"
    assert "needs `private: true`" in reply.json()["detail"]
    assert b"127.0.0.1" not in reply.body
    assert len(api.requests) == 2


async def test_a_socket_that_upgrades_obeys_too(stage: Stage) -> None:
    api, stage.resolve = await stage.api(OK), Names("169.254.169.254")
    await stage.open({"/a": {"upstream": elsewhere(api.url), "provider": "none", "private": True}})
    reply = await stage.ask(
        "GET /a HTTP/1.1",
        *("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    assert (reply.status, reply.code) == (502, "upstream_unreachable")
    assert "metadata" in reply.json()["detail"]


async def test_an_issuer_in_the_private_network_needs_consent(stage: Stage) -> None:
    api, stage.resolve = await stage.api(OK), Names("127.0.0.1")
    issuer = {
        "scheme": "oauth2",
        "token_url": elsewhere(f"{stage.sandbox.url}/oauth2/token", "issuer.test"),
        "client_id": "sandbox-key",
        "client_secret": "sandbox-secret",
        "plain_http": True,
    }
    routes = {f"/{name}": {"upstream": api.url, "provider": name} for name in ("said", "unsaid")}
    # another scope, another cell: the same token would do for both
    await stage.open(routes, providers={"said": issuer | {"private": True}, "unsaid": issuer | {"scope": "read"}})
    assert (await stage.call("/said")).status == 200
    reply = await stage.call("/unsaid")
    assert (reply.status, reply.code) == (503, "token_unavailable")
    assert "private: true" in str(reply.json())
    assert len(api.requests) == 1


# ------------------------------------------------------------------ certificates


class Secure:
    """An API over TLS that answers and keeps what it saw: the subject of each connection's client certificate."""

    def __init__(self) -> None:
        self.seen: list[str | None] = []
        self.url = ""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        shown = writer.get_extra_info("peercert")
        self.seen.append(dict(pair[0] for pair in shown["subject"])["commonName"] if shown else None)
        wire = Wire(reader, writer)
        try:
            while await wire.message():
                await wire.send(OK)
        except (OSError, EOFError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def secure(context: ssl.SSLContext) -> AsyncIterator[Secure]:
    api = Secure()
    server = await asyncio.start_server(api, "127.0.0.1", 0, ssl=context)
    api.url = f"https://127.0.0.1:{port_of(server)}"
    async with server:
        yield api


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    authority = Authority(tmp_path)
    (tmp_path / "ca.pem").write_text(authority.pem)
    return authority


def asking(authority: Authority) -> ssl.SSLContext:
    """Takes only clients that the authority knows."""
    context = authority.server("127.0.0.1")
    context.load_verify_locations(cadata=authority.pem)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def to(api: Secure, tls: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"upstream": api.url, "provider": "none"} | ({} if tls is None else {"tls": tls})


async def test_a_private_authority(stage: Stage, authority: Authority) -> None:
    async with secure(authority.server("127.0.0.1")) as api:
        await stage.open({"/trusting": to(api, {"ca": "ca.pem"}), "/public": to(api), "/empty": to(api, {})})
        assert (await stage.call("/trusting")).body == b"ok"
        for path in ("/public", "/empty"):
            reply = await stage.call(path)
            assert (reply.status, reply.code) == (502, "upstream_unreachable")
            assert "certificate refused" in reply.json()["detail"]
    assert len(api.seen) == 1


async def test_trap_27_a_client_certificate_switches_no_verification_off(stage: Stage, authority: Authority) -> None:
    """Nango dropped the check of the server's certificate as soon as a client certificate was set."""
    ours = authority.issue("ours.test")
    async with secure(asking(authority)) as api:
        await stage.open({"/ours": to(api, {"cert": ours.name}), "/both": to(api, {"cert": ours.name, "ca": "ca.pem"})})
        reply = await stage.call("/ours")
        assert (reply.code, "certificate refused" in reply.json()["detail"]) == ("upstream_unreachable", True)
        assert (await stage.call("/both")).body == b"ok"
    assert api.seen == ["ours.test"]


async def test_trap_27_nor_does_a_private_authority_that_of_names(stage: Stage, authority: Authority) -> None:
    async with secure(authority.server("other.test")) as api:
        await stage.open({"/a": to(api, {"ca": "ca.pem"})})
        detail = (await stage.call("/a")).json()["detail"]
        assert "certificate refused" in detail


async def test_an_api_that_wants_a_certificate(stage: Stage, authority: Authority) -> None:
    async with secure(asking(authority)) as api:
        await stage.open({"/a": to(api, {"ca": "ca.pem"})})
        reply = await stage.call("/a")
        assert (reply.status, reply.code) == (502, "upstream_unreachable")


async def test_routes_with_different_certificates_share_no_connection(stage: Stage, authority: Authority) -> None:
    """Else one route's requests would be the other one's in the eyes of the API."""
    first, second = authority.issue("first.test"), authority.issue("second.test")
    async with secure(asking(authority)) as api:
        await stage.open(
            {
                "/first": to(api, {"cert": first.name, "ca": "ca.pem"}),
                "/second": to(api, {"cert": second.name, "ca": "ca.pem"}),
                "/again": to(api, {"cert": first.name, "ca": "ca.pem"}),
            }
        )
        for path in ("/first", "/second", "/first", "/again", "/second"):
            assert (await stage.call(path)).body == b"ok"
    assert api.seen == ["first.test", "second.test"]


async def test_a_key_in_a_file_of_its_own(stage: Stage, authority: Authority, tmp_path: Path) -> None:
    both = authority.issue("ours.test").read_text()
    key, _, cert = both.partition("-----BEGIN CERTIFICATE-----")
    (tmp_path / "key.pem").write_text(key)
    (tmp_path / "cert.pem").write_text(f"-----BEGIN CERTIFICATE-----{cert}")
    async with secure(asking(authority)) as api:
        await stage.open({"/a": to(api, {"cert": "cert.pem", "key": "key.pem", "ca": "ca.pem"})})
        assert (await stage.call("/a")).body == b"ok"
    assert api.seen == ["ours.test"]


async def test_bad_files_are_found_at_load(stage: Stage, authority: Authority, tmp_path: Path) -> None:
    ours, other = authority.issue("ours.test"), authority.issue("other.test")
    api = Secure()
    api.url = "https://api.test"
    with pytest.raises(ConfigError) as refused:
        await stage.open(
            {
                "/a": to(api, {"cert": ours.name, "key": other.name}),
                "/b": to(api, {"cert": "ca.pem"}),
                "/c": to(api, {"ca": "absent.pem"}),
            }
        )
    path = str(tmp_path / "config.yaml")
    said = {(problem.path, problem.message) for problem in refused.value.problems}
    assert said == {
        ("routes./a.tls.key", "does not belong to the first certificate of tls.cert"),
        ("routes./b.tls.cert", "holds no private key in PEM"),
        ("routes./c.tls.ca", "not found"),
    }
    assert all(isinstance(problem, Problem) and problem.file == path for problem in refused.value.problems)
    assert all(problem.line > 1 for problem in refused.value.problems)
