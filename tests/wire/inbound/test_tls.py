"""Listeners that speak TLS: which versions, whose certificate, and what happens when its files change."""

from __future__ import annotations

import asyncio
import os
import ssl
import warnings
from pathlib import Path

import pytest
from cryptography import x509

from proxy.config.model import ListenerTls
from proxy.wire.inbound.tls import Certificates, Unusable, client_context
from tests.certificates import Authority
from tests.conftest import Stage
from tests.raw import Wire

NAME = "127.0.0.1"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def place(tmp_path: Path, authority: Authority, *names: str, **how: int) -> dict[str, str]:
    """A certificate with its key in one file, under the name that the config has."""
    authority.issue(*(names or (NAME,)), **how).rename(tmp_path / "new.pem")
    (tmp_path / "new.pem").rename(tmp_path / "cert.pem")
    return {"cert": "cert.pem"}


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.pem)


async def connect(stage: Stage, context: ssl.SSLContext) -> Wire:
    listener = stage.service.listening.addresses[0]
    reader, writer = await asyncio.open_connection(listener.host, listener.port, ssl=context)
    wire = Wire(reader, writer)
    stage.stack.push_async_callback(wire.close)
    return wire


async def ask(wire: Wire) -> int:
    await wire.send(b"GET /oauth2/echo HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    return (await wire.message()).status


def serial(wire: Wire) -> int:
    der = wire.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(der).serial_number


def on_disk(path: Path) -> int:
    return x509.load_pem_x509_certificates(path.read_bytes())[0].serial_number


async def test_it_speaks_tls_and_nothing_else(stage: Stage, tmp_path: Path, authority: Authority) -> None:
    await stage.open(tls=place(tmp_path, authority))
    assert stage.url.startswith("https://127.0.0.1:")
    assert (await stage.call("/oauth2/echo", ssl=trusting(authority))).status == 200
    for _ in range(2):
        plain = await Wire.connect(NAME, stage.service.listening.addresses[0].port)
        await plain.send(b"GET /oauth2/echo HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        answer = await plain.message()
        assert (answer.status, answer.code) == (400, "bad_request")
        assert "begins with https://" in answer.json()["message"]
        await plain.close()
    assert stage.log.getvalue().count("plain HTTP came to a port that speaks TLS") == 1, "the operator is told once"


async def test_without_tls_nobody_gets_past_the_certificate_that_is_asked_for(
    stage: Stage, tmp_path: Path, authority: Authority
) -> None:
    (tmp_path / "roots.pem").write_text(authority.pem)
    tls = place(tmp_path, authority) | {"client_ca": "roots.pem", "client_cert": "required"}
    await stage.open(tls=tls)
    plain = await Wire.connect(NAME, stage.service.listening.addresses[0].port)
    await plain.send(b"GET /oauth2/echo HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 2)
    assert (await plain.message()).status == 400
    assert await plain.rest() == b""
    await plain.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_versions_and_protocol(
    stage: Stage, tmp_path: Path, authority: Authority, version: ssl.TLSVersion
) -> None:
    await stage.open(tls=place(tmp_path, authority))
    context = trusting(authority)
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    wire = await connect(stage, context)
    assert await ask(wire) == 200
    assert wire.writer.get_extra_info("ssl_object").version() == version.name.replace("_", ".")
    assert wire.writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
async def test_older_versions_are_refused(
    stage: Stage, tmp_path: Path, authority: Authority, version: ssl.TLSVersion
) -> None:
    await stage.open(tls=place(tmp_path, authority))
    context = trusting(authority)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the client's own doubts about such versions
        context.set_ciphers("ALL:@SECLEVEL=0")  # else the client would not even offer it
        context.minimum_version = context.maximum_version = version
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await connect(stage, context)
    old = authority.server(NAME)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version = ssl.TLSVersion.TLSv1
    async with await asyncio.start_server(lambda _, writer: writer.close(), NAME, 0, ssl=old) as server:
        host, port = server.sockets[0].getsockname()
        _, writer = await asyncio.open_connection(host, port, ssl=context)
        assert writer.get_extra_info("ssl_object").version() == version.name.replace("_", ".").replace("v1.0", "v1")
        writer.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_replaced_certificate_counts_for_new_connections(
    stage: Stage, tmp_path: Path, authority: Authority, version: ssl.TLSVersion
) -> None:
    await stage.open(tls=place(tmp_path, authority))
    context = trusting(authority)
    context.maximum_version = version
    first = await connect(stage, context)
    assert serial(first) == on_disk(tmp_path / "cert.pem")
    place(tmp_path, authority)
    second = await connect(stage, context)
    assert serial(second) == on_disk(tmp_path / "cert.pem") != serial(first)
    assert (await ask(first), await ask(second)) == (200, 200), "connections that stand are left alone"
    assert "tls files taken over" in stage.log.getvalue()


async def test_a_kubernetes_volume_swaps_a_link(stage: Stage, tmp_path: Path, authority: Authority) -> None:
    """`cert.pem` points into `..data`, which points to the folder of the day."""
    for day in ("monday", "tuesday"):
        (tmp_path / day).mkdir()
        authority.issue(NAME).rename(tmp_path / day / "cert.pem")
    (tmp_path / "..data").symlink_to("monday")
    (tmp_path / "cert.pem").symlink_to("..data/cert.pem")
    await stage.open(tls={"cert": "cert.pem"})
    assert serial(await connect(stage, trusting(authority))) == on_disk(tmp_path / "monday" / "cert.pem")
    (tmp_path / "..new").symlink_to("tuesday")
    (tmp_path / "..new").rename(tmp_path / "..data")
    assert serial(await connect(stage, trusting(authority))) == on_disk(tmp_path / "tuesday" / "cert.pem")


@pytest.mark.parametrize("broken", ["gone", "empty", "half", "expired", "key of another"])
async def test_a_broken_pair_changes_nothing_and_is_told_once(
    stage: Stage, tmp_path: Path, authority: Authority, broken: str
) -> None:
    await stage.open(tls=place(tmp_path, authority))
    path = tmp_path / "cert.pem"
    good, other = path.read_text(), authority.issue(NAME, age=12 if broken == "expired" else 0).read_text()
    before = on_disk(path)
    key, end, _ = other.partition("-----END PRIVATE KEY-----\n")
    match broken:
        case "gone":
            path.unlink()
        case "empty":
            path.write_text("")
        case "half":
            path.write_text(other[: len(other) // 2])
        case "expired":
            path.write_text(other)
        case _:
            path.write_text(key + end + good.partition(end)[2])
    for _ in range(3):
        wire = await connect(stage, trusting(authority))
        assert (serial(wire), await ask(wire)) == (before, 200)
    assert stage.log.getvalue().count("tls files not taken over") == 1
    place(tmp_path, authority)
    assert serial(await connect(stage, trusting(authority))) == on_disk(path) != before


async def test_a_file_that_may_be_read_again_is(tmp_path: Path, authority: Authority) -> None:
    """A changed mode shows in no mtime."""
    place(tmp_path, authority)
    certificates = Certificates(ListenerTls(cert="cert.pem"), tmp_path)
    seen = certificates._look()
    (tmp_path / "cert.pem").chmod(0o400)
    assert certificates._look() != seen


def test_what_cannot_be_served_is_said_with_its_key(tmp_path: Path, authority: Authority) -> None:
    with pytest.raises(Unusable, match=r"tls\.cert: no\.pem can't be read"):
        Certificates(ListenerTls(cert="no.pem"), tmp_path)
    place(tmp_path, authority)
    authority.issue(NAME).rename(tmp_path / "other.pem")
    with pytest.raises(Unusable, match=r"tls\.key: does not belong"):
        Certificates(ListenerTls(cert="cert.pem", key="other.pem"), tmp_path)
    with pytest.raises(Unusable, match=r"tls\.client_ca: "):
        Certificates(ListenerTls(cert="cert.pem", client_ca="config.yaml"), tmp_path)


async def test_a_unix_socket_beside_it_stays_plain(stage: Stage, tmp_path: Path, authority: Authority) -> None:
    socket = f"{os.environ.get('TMPDIR', '/tmp')}/keyless-tls-{os.getpid()}"
    try:
        await stage.open(listen=["127.0.0.1:0", f"unix:{socket}"], tls=place(tmp_path, authority))
        wire = Wire(*await asyncio.open_unix_connection(socket))
        assert await ask(wire) == 200
        await wire.close()
        assert [each.url.partition(":")[0] for each in stage.service.listening.addresses] == ["https", "unix"]
    finally:
        Path(socket).unlink(missing_ok=True)


async def test_links_lead_back_by_https(stage: Stage, tmp_path: Path, authority: Authority) -> None:
    api = await stage.api()
    api._play = RedirectTo(api).play
    await stage.open({"/r": {"upstream": api.url, "provider": "none"}}, tls=place(tmp_path, authority))
    reply = await stage.call("/r/here", ssl=trusting(authority))
    assert reply.get("Location") == f"{stage.url}/r/there"


class RedirectTo:
    def __init__(self, api: object) -> None:
        self.api = api

    async def play(self, wire: Wire) -> None:
        await wire.message()
        url = getattr(self.api, "url", "")
        head = f"HTTP/1.1 302 Found\r\nLocation: {url}/there\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        await wire.send(head.encode())


async def test_our_own_client_trusts_this_certificate_and_no_other(
    stage: Stage, tmp_path: Path, authority: Authority
) -> None:
    """Also where it is for another name than the one that we reach it by."""
    await stage.open(tls=place(tmp_path, authority, "keyless.example.com"))
    good = client_context((tmp_path / "cert.pem").read_bytes())
    assert await ask(await connect(stage, good)) == 200
    same_name = client_context(authority.issue("keyless.example.com").read_bytes())
    with pytest.raises(ssl.SSLCertVerificationError):
        await connect(stage, same_name)
