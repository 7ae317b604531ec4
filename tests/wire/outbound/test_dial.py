"""DNS, TLS and the outbound proxy."""

from __future__ import annotations

import asyncio
import socket
import ssl
import warnings
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proxy.errors import Fault
from proxy.http.origin import Origin
from proxy.serve.upstream import Upstream
from proxy.wire.outbound import dial as dials
from proxy.wire.outbound.dial import MOST_NAMES, AddrInfo, Dialer, tls_context
from tests.certificates import Authority
from tests.wire.outbound.scripted import LONG, Leg, Peer, leg, port_of, replies

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def at(*hosts: str, port: int) -> list[AddrInfo]:
    families = [
        (socket.AF_INET6, (host, port, 0, 0)) if ":" in host else (socket.AF_INET, (host, port)) for host in hosts
    ]
    return [(int(family), int(socket.SOCK_STREAM), 6, "", where) for family, where in families]


class Names:
    """A resolver whose answers the test gives; it counts the questions."""

    def __init__(self, *hosts: str) -> None:
        self.hosts = hosts
        self.asked = 0
        self.port: int | None = None

    async def __call__(self, host: str, port: int) -> list[AddrInfo]:
        self.asked += 1
        await asyncio.sleep(0)
        return at(*self.hosts, port=self.port or port)


async def _fault(api: Leg, **how: Any) -> Fault:
    with pytest.raises(Fault) as caught:
        await api.send(**how)
    await api.deserted()
    return caught.value


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


# -------------------------------------------------------------- DNS and TCP


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 64 + ".test", "a..test", "ü" * 64])
async def test_a_name_that_does_not_exist(host: str) -> None:
    async with leg(replies(OK)) as api:
        api.origin = Origin(tls=False, host=host, port=80)
        fault = await _fault(api)
        assert (fault.code, "can't be resolved" in fault.detail) == ("upstream_unreachable", True)


async def test_a_name_without_addresses() -> None:
    async with leg(replies(OK), dial=Dialer(resolve=Names())) as api:
        assert "has no address" in (await _fault(api)).detail


async def test_a_failed_lookup_is_not_remembered() -> None:
    names = Names()
    async with leg(replies(OK), dial=Dialer(resolve=names)) as api:
        await _fault(api)
        names.hosts = ("127.0.0.1",)
        assert await api.ask() == (200, b"ok")


async def test_nobody_listens(closed_port: int) -> None:
    async with leg(replies(OK)) as api:
        api.origin = api.origin._replace(port=closed_port)
        fault = await _fault(api)
        assert (fault.code, "refused" in fault.detail or "failed" in fault.detail) == ("upstream_unreachable", True)


async def test_no_connection_in_time() -> None:
    """A listener whose queue is full drops the SYN, as a host that is gone does."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for sock in (first, second):
            sock.setblocking(False)
            sock.connect_ex(full.getsockname())
        async with leg(replies(OK)) as api:
            api.origin = api.origin._replace(port=full.getsockname()[1])
            fault = await _fault(api, connect=0.1)
            assert (fault.code, fault.status) == ("upstream_timeout", 504)


async def test_a_dead_first_address_is_passed_over_and_then_comes_last() -> None:
    names = Names("127.0.0.2", "127.0.0.1")
    dialer = Dialer(resolve=names)
    async with leg(replies(OK, OK), dial=dialer) as api:
        held = [await api.send(), await api.send()]
        assert (api.accepted, names.asked) == (1, 1)
        ((_, known),) = dialer._names.values()
        assert [address[4][0] for address in known.result()] == ["127.0.0.1", "127.0.0.2"]
        assert {reply.status for reply in held} == {200}


async def test_a_first_address_that_never_answers_costs_its_stagger_only() -> None:
    """192.0.2.0/24 leads nowhere (RFC 5737): the second address must not wait for the first one's timeout."""
    dialer = Dialer(resolve=Names("192.0.2.1", "127.0.0.1"))
    async with leg(replies(OK), dial=dialer) as api:
        api.origin = api.origin._replace(host="api.test", private=True)
        assert await asyncio.wait_for(api.ask(connect=LONG), LONG) == (200, b"ok")


async def test_ipv6_without_a_listener_falls_back_to_ipv4() -> None:
    async with leg(replies(OK), dial=Dialer(resolve=Names("::1", "127.0.0.1"))) as api:
        assert await api.ask() == (200, b"ok")


async def test_ipv6() -> None:
    if not _has_ipv6():
        pytest.skip("no IPv6 here")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "::1", 0)
    async with leg(replies(OK)) as api:
        api.origin = Origin(tls=False, host="::1", port=port_of(server))
        assert await api.ask() == (200, b"ok")
    server.close()


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


async def test_many_who_ask_at_once_ask_once() -> None:
    names = Names("127.0.0.1")
    async with leg(replies(OK), dial=Dialer(resolve=names)) as api:
        await asyncio.gather(*(api.ask() for _ in range(20)))
        assert (api.accepted, names.asked) == (20, 1)


async def test_one_who_gives_up_does_not_end_the_lookup_of_others() -> None:
    go = asyncio.Event()

    async def slow(_host: str, port: int) -> list[AddrInfo]:
        await go.wait()
        return at("127.0.0.1", port=port)

    async with leg(replies(OK), dial=Dialer(resolve=slow)) as api:
        first, second = asyncio.create_task(api.ask()), asyncio.create_task(api.ask())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        first.cancel()
        go.set()
        assert await second == (200, b"ok")
        assert (await asyncio.gather(first, return_exceptions=True))[0].__class__ is asyncio.CancelledError


async def test_a_remembered_address_that_went_dead_is_looked_up_again() -> None:
    names = Names("127.0.0.1")
    async with leg(replies(OK), dial=Dialer(resolve=names)) as api:
        names.port = api.origin.port
        api.origin = api.origin._replace(host="api.test", port=80, private=True)
        await api.ask()
        await api.upstream.pool.close()
        api.upstream = Upstream(api.upstream.pool._dial)
        ((_, known),) = api.upstream.pool._dial._names.values()  # type: ignore[attr-defined]
        known.result()[:] = at("127.0.0.2", port=api.origin.port)  # what DNS said then
        assert await api.ask() == (200, b"ok")
        assert names.asked == 2
        await api.upstream.close()


async def test_a_lookup_is_remembered_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dials, "DNS_SECONDS", 0.0)
    names = Names("127.0.0.1")
    async with leg(replies(b"HTTP/1.0 204 X\r\n\r\n"), dial=Dialer(resolve=names)) as api:
        await api.ask()
        await api.ask()
        assert names.asked == 2


# -------------------------------------------------------------- TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


def trusting(authority: Authority, client: Path | None = None) -> Dialer:
    """Trusts the test's authority only, and finds every name on loopback."""
    context = tls_context(authority.pem)
    if client is not None:
        context.load_cert_chain(client)
    return Dialer(tls=lambda _origin: context, resolve=Names("127.0.0.1"))


async def test_tls_with_a_private_authority_sends_the_name(authority: Authority) -> None:
    seen: list[str | None] = []
    server = authority.server("api.test")
    server.sni_callback = lambda _socket, name, _context: seen.append(name)
    server.set_alpn_protocols(["h2", "http/1.1"])
    async with leg(replies(OK, OK), dial=trusting(authority), tls=server) as api:
        api.origin = api.origin._replace(host="api.test", private=True)
        reply = await api.send()
        assert reply.connection.transport is not None
        tls = reply.connection.transport.get_extra_info("ssl_object")
        assert (tls.version() in ("TLSv1.2", "TLSv1.3"), tls.selected_alpn_protocol()) == (True, "http/1.1")
        assert await reply.read() == b"ok"
        assert await api.ask() == (200, b"ok")
        assert (seen, api.accepted) == (["api.test"], 1)


async def test_tls_to_an_address(authority: Authority) -> None:
    async with leg(replies(OK), dial=trusting(authority), tls=authority.server("127.0.0.1")) as api:
        assert await api.ask() == (200, b"ok")


async def test_tls_body_that_ends_with_the_connection(authority: Authority) -> None:
    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\nhello")
        peer.close()

    async with leg(play, dial=trusting(authority), tls=authority.server("127.0.0.1")) as api:
        assert await api.ask() == (200, b"hello")


@pytest.mark.parametrize(
    ("names", "age", "self_signed", "says"),
    [
        pytest.param(["api.test"], 30, False, "expired", id="expired"),
        pytest.param(["api.test"], -5, False, "not yet valid", id="not-yet"),
        pytest.param(["other.test"], 0, False, "ostname mismatch", id="other-name"),
        pytest.param(["api.test"], 0, True, "self-signed", id="self-signed"),
    ],
)
async def test_bad_certificates(
    authority: Authority, names: list[str], age: int, self_signed: bool, says: str
) -> None:  # fmt: skip
    server = authority.server(*names, age=age, self_signed=self_signed)
    async with leg(replies(OK), dial=trusting(authority), tls=server) as api:
        api.origin = api.origin._replace(host="api.test", private=True)
        fault = await _fault(api)
        assert (fault.code, fault.status) == ("upstream_unreachable", 502)
        assert "certificate refused" in fault.detail
        assert says.replace("-", " ") in fault.detail.replace("-", " ")


async def test_public_roots_do_not_trust_a_private_authority(authority: Authority) -> None:
    async with leg(replies(OK), dial=Dialer(resolve=Names("127.0.0.1")), tls=authority.server("api.test")) as api:
        api.origin = api.origin._replace(host="api.test", private=True)
        assert "certificate refused" in (await _fault(api)).detail


def test_a_private_authority_replaces_the_public_ones(authority: Authority) -> None:
    assert tls_context(authority.pem).cert_store_stats()["x509_ca"] == 1
    assert tls_context().cert_store_stats()["x509_ca"] > 50


async def test_tls_before_1_2_is_refused(authority: Authority) -> None:
    server = authority.server("127.0.0.1")
    server.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that it is obsolete is the point
        server.minimum_version = ssl.TLSVersion.TLSv1
        server.maximum_version = ssl.TLSVersion.TLSv1_1
    async with leg(replies(OK), dial=trusting(authority), tls=server) as api:
        fault = await _fault(api)
        assert fault.code == "upstream_unreachable"
        assert "TLS failed" in fault.detail or "lost while it was opened" in fault.detail


@pytest.mark.parametrize("presents", [True, False])
async def test_client_certificates(authority: Authority, presents: bool) -> None:
    server = authority.server("127.0.0.1")
    server.load_verify_locations(cadata=authority.pem)
    server.verify_mode = ssl.CERT_REQUIRED
    client = authority.issue("client.test") if presents else None
    async with leg(replies(OK), dial=trusting(authority, client), tls=server) as api:
        if presents:
            assert await api.ask() == (200, b"ok")
        else:
            assert (await _fault(api)).code == "upstream_unreachable"


async def test_contexts_are_asked_for_per_origin(authority: Authority) -> None:
    context = tls_context(authority.pem)
    asked: list[Origin] = []

    def tls(origin: Origin) -> ssl.SSLContext:
        asked.append(origin)
        return context

    async with leg(replies(OK), dial=Dialer(tls=tls), tls=authority.server("127.0.0.1")) as api:
        await api.ask()
        assert asked == [api.origin]


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"], ids=["closes", "speaks-http"])
async def test_https_to_a_server_that_speaks_no_tls(authority: Authority, answer: bytes) -> None:
    async def play(peer: Peer) -> None:
        await peer.reader.read(10)
        await peer.send(answer)
        peer.close()

    async with leg(play, dial=trusting(authority)) as api:
        api.origin = api.origin._replace(tls=True)
        assert (await _fault(api)).code == "upstream_unreachable"


async def test_a_handshake_that_never_ends_times_out(authority: Authority) -> None:
    async def play(peer: Peer) -> None:
        await peer.gone()

    async with leg(play, dial=trusting(authority)) as api:
        api.origin = api.origin._replace(tls=True)
        assert (await _fault(api, connect=0.1)).code == "upstream_timeout"


# -------------------------------------------------------------- outbound proxy


class Outbound:
    """A CONNECT proxy: passes bytes to the API, whatever name it was asked for."""

    def __init__(self, answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n") -> None:
        self.answer = answer
        self.heads: list[bytes] = []
        self.target = 0

    async def __call__(self, peer: Peer) -> None:
        self.heads.append(await peer.request())
        await peer.send(self.answer)
        if b" 200 " not in self.answer:
            return
        reader, writer = await asyncio.open_connection("127.0.0.1", self.target)
        try:
            await asyncio.gather(_pump(peer.reader, writer), _pump(reader, peer.writer))
        finally:
            writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
    except ConnectionError:
        pass
    writer.close()


def through(authority: Authority, proxy: str, bypass: Callable[[str], bool] = lambda _host: False) -> Dialer:
    context = tls_context(authority.pem)
    return Dialer({"https": proxy, "http": "http://127.0.0.1:1"}, bypass, lambda _origin: context, Names("127.0.0.1"))


@pytest.mark.parametrize(
    ("user", "sent"),
    [
        ("", None),
        ("user:pass@", b"user:pass"),
        ("us%40er:p%3Ass@", b"us@er:p:ss"),
        ("user@", b"user:"),
    ],
)
async def test_https_goes_through_the_outbound_proxy(authority: Authority, user: str, sent: bytes | None) -> None:
    outbound = Outbound()
    async with leg(outbound) as proxy:
        dialer = through(authority, f"http://{user}127.0.0.1:{proxy.origin.port}")
        async with leg(replies(OK, OK), dial=dialer, tls=authority.server("api.test")) as api:
            outbound.target = api.origin.port
            api.origin = api.origin._replace(host="api.test", port=443)
            assert await api.ask() == (200, b"ok")
            assert await api.ask() == (200, b"ok")
            await api.upstream.close()
            await proxy.deserted()
    (head,) = outbound.heads
    assert head.startswith(b"CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n")
    if sent is None:
        assert b"Authorization" not in head
    else:
        assert b"\r\nProxy-Authorization: Basic %b\r\n" % b64encode(sent) in head


async def test_an_ipv6_address_is_bracketed_for_the_outbound_proxy(authority: Authority) -> None:
    outbound = Outbound(b"HTTP/1.1 403 No\r\n\r\n")
    async with leg(outbound, dial=None) as proxy:
        proxy.upstream.pool._dial = through(authority, f"127.0.0.1:{proxy.origin.port}")
        proxy.origin = Origin(tls=True, host="2001:db8::1", port=8443)
        assert "outbound proxy answered 403" in (await _fault(proxy)).detail
    assert outbound.heads[0].startswith(b"CONNECT [2001:db8::1]:8443 HTTP/1.1\r\nHost: [2001:db8::1]:8443\r\n")


async def test_no_proxy_is_obeyed(authority: Authority) -> None:
    dialer = through(authority, "http://127.0.0.1:1", bypass=lambda host: host == "127.0.0.1")
    async with leg(replies(OK), dial=dialer, tls=authority.server("127.0.0.1")) as api:
        assert await api.ask() == (200, b"ok")


async def test_plain_http_takes_no_proxy(authority: Authority) -> None:
    async with leg(replies(OK), dial=through(authority, "http://127.0.0.1:1")) as api:
        assert await api.ask() == (200, b"ok")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "the outbound proxy answered 407"),
        (b"HTTP/1.0 503 No\r\nContent-Length: 4\r\n\r\noops", "the outbound proxy answered 503"),
        (b"what 200 is this\r\n\r\n", "the outbound proxy answered nonsense"),
        (b"HTTP/1.1 2 \r\n\r\n", "the outbound proxy answered nonsense"),
        (b"HTTP/1.1 200 OK\r\n", "the outbound proxy closed the connection"),
        (b"x" * 40000, "the outbound proxy closed the connection"),
    ],
)
async def test_an_outbound_proxy_that_refuses(authority: Authority, answer: bytes, says: str) -> None:
    async def play(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer)
        peer.close()

    async with leg(play) as proxy:
        proxy.upstream.pool._dial = through(authority, f"http://user:hunter2@127.0.0.1:{proxy.origin.port}")
        proxy.origin = Origin(tls=True, host="api.test", port=443)
        fault = await _fault(proxy)
        assert (fault.code, fault.detail) == ("upstream_unreachable", f"api.test: {says}")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://user:hunter2@127.0.0.1:1", "the outbound proxy can't be used"),
        ("https://user:hunter2@127.0.0.1:1", "HTTPS_PROXY must be http://"),
        ("socks5://user:hunter2@127.0.0.1:1", "HTTPS_PROXY must be http://"),
        ("http://user:hunter2@127.0.0.1:port", "HTTPS_PROXY is not a URL"),
        ("http://[::1", "HTTPS_PROXY is not a URL"),
        ("http://", "HTTPS_PROXY must be http://"),
    ],
)
async def test_an_outbound_proxy_that_can_not_be_used(authority: Authority, url: str, says: str) -> None:
    async with leg(replies(OK), dial=through(authority, url)) as api:
        api.origin = api.origin._replace(tls=True)
        fault = await _fault(api)
        assert fault.code == "upstream_unreachable"
        assert says in fault.detail
        assert "hunter2" not in fault.detail


async def test_an_outbound_proxy_that_never_answers_times_out(authority: Authority) -> None:
    async def play(peer: Peer) -> None:
        await peer.gone()

    async with leg(play) as proxy:
        proxy.upstream.pool._dial = through(authority, f"http://127.0.0.1:{proxy.origin.port}")
        proxy.origin = Origin(tls=True, host="api.test", port=443)
        assert (await _fault(proxy, connect=0.1)).code == "upstream_timeout"


async def test_names_that_clients_choose_are_not_remembered_without_end() -> None:
    names = Names("127.0.0.1")
    async with leg(replies(OK), dial=(dialer := Dialer(resolve=names))) as api:
        port = api.origin.port
        for number in range(MOST_NAMES + 10):
            assert await dialer._resolve((f"a{number}.test", port, None))
        assert len(dialer._names) == MOST_NAMES
        asked = names.asked
        await dialer._resolve((f"a{MOST_NAMES + 9}.test", port, None))
        assert names.asked == asked
