"""Where token requests go: what the config says of the issuer, and what only its metadata says."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from proxy.auth.schemes.login.keys import LoginProvider
from proxy.auth.schemes.login.scheme import LoginScheme
from proxy.auth.schemes.oauth2.keys import OAuth2Provider
from proxy.auth.schemes.oauth2.scheme import OAuth2Scheme
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.token import NOTHING_SAID
from proxy.errors import FailureClass, IssuerError
from proxy.tokens.calls.issuer import Issuer
from tests.certificates import Authority
from tests.tokens.calls.issuers import GOOD, Server, asking, deaf, failure, post, reply, serving
from tests.wire.outbound.test_dial import Names
from tests.wire.outbound.test_dial_reach import Rebinding


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving(Server(reply(GOOD))) as server:
        yield server


def port(url: str) -> int:
    return urlsplit(url).port or 0


def at_name(server: Server, name: str = "issuer.test") -> str:
    return server.url.replace("127.0.0.1", name)


def login(url: str, **more: Any) -> Scheme:
    written = {"scheme": "login", "request": {"url": url}, "plain_http": True} | more
    return LoginScheme.compile(LoginProvider.model_validate(written), frozenset())


def oauth2(**written: Any) -> Scheme:
    known = {"scheme": "oauth2", "client_id": "me", "client_auth": "none"}
    return OAuth2Scheme.compile(OAuth2Provider.model_validate(known | written), frozenset())


async def mint(client: Issuer, scheme: Scheme) -> str:
    return (await client.login(scheme.login(0.0, None))).value


async def denied(client: Issuer, scheme: Scheme) -> IssuerError:
    with pytest.raises(IssuerError) as caught:
        await mint(client, scheme)
    return caught.value


# ------------------------------------------------------------------ names


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "::1", "::ffff:127.0.0.1", "100.64.0.1"])
async def test_a_name_of_a_near_address_needs_consent(server: Server, address: str) -> None:
    async with Issuer(resolve=Names(address)) as client:
        error = await denied(client, login(at_name(server)))
    assert (error.failure, error.again) == (FailureClass.PASSING, False)
    assert error.message.startswith("issuer.test: the name resolves to a ")
    assert error.hint == "Set `private: true` on the provider if that is meant."
    assert address not in error.message
    assert server.heads == []


async def test_consent_is_enough(server: Server) -> None:
    names = Names("169.254.169.254", "127.0.0.1")
    async with Issuer(resolve=names) as client:
        assert await mint(client, login(at_name(server), private=True)) == "a-token"
        assert names.asked == 1
        # one provider's consent is not another's, though aiohttp remembers what the name resolved to
        assert "loopback" in (await denied(client, login(at_name(server)))).message
    assert len(server.heads) == 1


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "fd00:ec2::254", "100.100.100.200", "0.0.0.0"])
async def test_metadata_is_never_dialled_for_a_name(server: Server, address: str) -> None:
    async with Issuer(resolve=Names(address)) as client:
        error = await denied(client, login(at_name(server), private=True))
    assert "metadata" in error.message or "no address that can be used" in error.message
    assert "private" not in (error.hint or "")


async def test_a_name_that_is_rebound_is_judged_and_dialled_from_one_lookup(server: Server) -> None:
    names = Rebinding(("127.0.0.1",), ("169.254.169.254",))
    async with Issuer(resolve=names) as client:
        assert await mint(client, login(at_name(server), private=True)) == "a-token"
        assert names.asked == 1


async def test_localhost_is_this_machine_or_nothing(server: Server) -> None:
    async with Issuer(resolve=Names("8.8.8.8")) as client:
        assert "another machine" in (await denied(client, login(at_name(server, "localhost")))).message
    async with Issuer() as client:
        assert await mint(client, login(at_name(server, "localhost"))) == "a-token"


async def test_a_name_that_is_not_there() -> None:
    async with Issuer(resolve=Names()) as client:
        error = await failure(client, post("https://issuer.test/"))
    assert (error.failure, error.again) == (FailureClass.PASSING, True)


# ------------------------------------------------------------------ addresses


async def test_an_address_in_the_config_is_its_own_consent(server: Server) -> None:
    async with Issuer(resolve=Names()) as client:
        assert await mint(client, login(server.url)) == "a-token"


async def test_nothing_said_is_no_consent(server: Server) -> None:
    """Whoever asks by a URL that isn't in the config must not get further than a name would."""
    async with Issuer() as client:
        for url in (server.url, at_name(server, "localhost")):
            error = await failure(client, replace(post(url), consent=NOTHING_SAID))
            assert error.failure is FailureClass.PASSING
    assert server.heads == []


@pytest.mark.parametrize("host", ["127.1", "0x7f.1", "2130706433", "127.0.0.1.", "127\u30020\u30020\u30021"])
async def test_an_address_in_an_odd_spelling_goes_nowhere(server: Server, host: str) -> None:
    async with Issuer() as client:
        error = await denied(client, login(at_name(server, host), private=True))
    assert "written in full" in error.message or "https" in error.message
    assert server.heads == []


# ------------------------------------------------------------------ what the metadata names


class Metadata(Server):
    """An issuer on loopback whose document names another token endpoint."""

    def __init__(self, token_endpoint: str) -> None:
        super().__init__(b"")
        self.token_endpoint = token_endpoint

    def publish(self, issuer: str) -> None:
        document = {"issuer": issuer, "token_endpoint": self.token_endpoint.format(port=port(self.url))}
        self.replies = [reply(json.dumps(document).encode()), reply(GOOD)]


async def discovered(endpoint: str, host: str, **more: Any) -> tuple[str, int]:
    """What came of it, and how many requests reached the server."""
    async with serving(Metadata(endpoint)) as server:
        issuer = at_name(server, host).removesuffix("/token")
        server.publish(issuer)
        async with Issuer(resolve=Names("127.0.0.1")) as client:
            try:
                came = await mint(client, oauth2(issuer=issuer, plain_http=True, **more))
            except IssuerError as error:
                came = error.message
    return came, len(server.heads)


@pytest.mark.parametrize(
    ("endpoint", "host", "more", "came"),
    [
        # an issuer on this machine may name this machine
        ("http://127.0.0.1:{port}/token", "127.0.0.1", {}, "a-token"),
        ("http://localhost:{port}/token", "127.0.0.1", {}, "a-token"),
        ("http://127.0.0.1:{port}/token", "localhost", {}, "a-token"),
        # with the provider's consent, any may
        ("http://127.0.0.1:{port}/token", "issuer.test", {"private": True}, "a-token"),
        ("http://other.test:{port}/token", "issuer.test", {"private": True}, "a-token"),
        # but a name is a name
        ("http://other.test:{port}/token", "127.0.0.1", {}, "other.test: the name resolves to a loopback address"),
        (
            "http://10.0.0.1:{port}/token",
            "127.0.0.1",
            {},
            "10.0.0.1: a private address that the config doesn't spell out",
        ),
        ("http://169.254.169.254/token", "127.0.0.1", {}, "a link-local or metadata address that the config"),
        ("http://169.254.169.254/token", "issuer.test", {"private": True}, "a link-local or metadata address that"),
        ("http://[::ffff:a9fe:a9fe]/token", "issuer.test", {"private": True}, "a link-local or metadata address that"),
        ("http://2130706433:{port}/token", "127.0.0.1", {"private": True}, "written in full"),
        ("http://127.1:{port}/token", "127.0.0.1", {"private": True}, "written in full"),
    ],
)
async def test_what_metadata_names(endpoint: str, host: str, more: dict[str, Any], came: str) -> None:
    got, requests = await discovered(endpoint, host, **more)
    assert came in got
    assert requests == (2 if came == "a-token" else 1)


async def test_metadata_over_https_names_no_plain_http(tmp_path: Path) -> None:
    """`plain_http: true` is meant for an issuer that has nothing else."""
    authority = Authority(tmp_path)
    async with serving(Server(b""), authority.server("issuer.test")) as server:
        issuer = at_name(server).removesuffix("/token")
        document = {"issuer": issuer, "token_endpoint": "http://issuer.test/token"}
        server.replies = [reply(json.dumps(document).encode())]
        (tmp_path / "ca.pem").write_text(authority.pem)
        scheme = oauth2(issuer=issuer, plain_http=True, private=True, tls={"ca": "ca.pem"})
        async with Issuer(resolve=Names("127.0.0.1"), folder=tmp_path) as client:
            assert "no https URL" in (await denied(client, scheme)).message


# ------------------------------------------------------------------ plain http, certificates, outbound proxies


async def test_plain_http_has_to_be_said(server: Server) -> None:
    async with Issuer(resolve=Names("127.0.0.1")) as client:
        error = await denied(client, login(at_name(server), plain_http=False, private=True))
        assert (error.failure, "must be https" in error.message) == (FailureClass.CREDENTIAL, True)
        assert await mint(client, login(at_name(server), private=True)) == "a-token"


async def test_a_login_trusts_its_own_authority(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    (tmp_path / "ca.pem").write_text(authority.pem)
    server = Server(reply(GOOD))
    async with serving(server, authority.server("127.0.0.1")), Issuer(folder=tmp_path) as client:
        assert "certificate" in (await denied(client, login(server.url))).message
        assert await mint(client, login(server.url, tls={"ca": "ca.pem"})) == "a-token"


async def test_the_outbound_proxy_is_exempt() -> None:
    """Its own name leads into the private network, as usual; what it is asked for it resolves itself."""
    async with serving(Server(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")) as proxy:
        url = f"http://proxy.test:{port(proxy.url)}"
        async with Issuer({"https": url}, resolve=Names("127.0.0.1")) as client:
            await failure(client, post("https://issuer.test/token"))
    assert [head.splitlines()[0] for head in proxy.heads] == ["CONNECT issuer.test:443 HTTP/1.1"]


async def test_who_bypasses_the_proxy_is_not() -> None:
    with deaf() as proxy:
        async with Issuer({"https": proxy}, lambda _host: True, resolve=Names("127.0.0.1")) as client:
            error = await failure(client, post("https://issuer.test/token"))
    assert "loopback" in error.message


async def test_the_same_token_whatever_the_consent() -> None:
    """Saying `private: true` later must not lose the logins that are kept."""
    url = "https://issuer.test/token"
    assert login(url).identity == login(url, private=True, plain_http=False).identity
    assert oauth2(token_url=url).identity == oauth2(token_url=url, private=True, plain_http=True).identity
    assert login(url).identity != login(url, tls={"cert": "a.pem"}).identity


async def test_sessions_end_with_the_client(server: Server) -> None:
    async with Issuer(resolve=Names("127.0.0.1")) as client:
        await client.login(asking(post(server.url)))
        await mint(client, login(at_name(server), private=True))
        assert client._caller is not None
        sessions = list(client._caller._sessions.values())
    assert len(sessions) == 2
    assert all(session.closed for session in sessions)
