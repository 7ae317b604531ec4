"""Clients that show a certificate, over real TLS."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from proxy.values.now import Now
from tests.certificates import Authority
from tests.conftest import Stage
from tests.raw import Wire
from tests.wire.inbound.test_tls import ask, connect, place, trusting

KEY = "a-client-key-of-the-config"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Of the server. The clients' is another one, so that neither passes for the other."""
    return Authority(tmp_path)


@pytest.fixture
def clients(tmp_path: Path) -> Authority:
    folder = tmp_path / "clients"
    folder.mkdir()
    authority = Authority(folder)
    (tmp_path / "ca.pem").write_text(authority.pem)
    return authority


def showing(server: Authority, cert: Path | None) -> ssl.SSLContext:
    context = trusting(server)
    if cert is not None:
        context.load_cert_chain(cert)
    return context


def tls(tmp_path: Path, authority: Authority, **more: str) -> dict[str, Any]:
    return place(tmp_path, authority) | {"client_ca": "ca.pem"} | more


async def status(stage: Stage, context: ssl.SSLContext, key: str | None = None, method: str = "GET") -> int:
    wire = await connect(stage, context)
    return await said(wire, key, method)


async def said(wire: Wire, key: str | None = None, method: str = "GET") -> int:
    lines = [f"{method} /oauth2/echo HTTP/1.1", "Host: 127.0.0.1", *([f"X-Api-Key: {key}"] if key else []), "", ""]
    await wire.send("\r\n".join(lines).encode())
    return (await wire.message()).status


def fingerprint(path: Path) -> str:
    der = x509.load_pem_x509_certificates(path.read_bytes())[0].public_bytes(Encoding.DER)
    return hashlib.sha256(der).hexdigest()


@pytest.mark.parametrize(
    ("names", "written"),
    [
        (("ci.internal",), "dns:ci.internal"),
        (("CI.internal",), "dns:ci.INTERNAL"),
        (("x", "spiffe://example.org/ci"), "uri:spiffe://example.org/ci"),
        (("x", "ci@example.org"), "email:ci@example.org"),
        (("build server",), "cn:build server"),
        (("x",), "sha256"),
    ],
)
async def test_a_certificate_opens(
    stage: Stage, tmp_path: Path, authority: Authority, clients: Authority, names: tuple[str, ...], written: str
) -> None:
    cert = clients.issue(*names)
    if written == "sha256":
        digest = fingerprint(cert).upper()
        written = "sha256:" + ":".join(digest[at : at + 2] for at in range(0, 64, 2))
    await stage.open(tls=tls(tmp_path, authority), clients=[{"name": "ci", "certificate": written, "methods": ["GET"]}])
    assert await status(stage, showing(authority, cert)) == 200
    assert await status(stage, showing(authority, cert), "a-made-up-key-as-sdks-send-it") == 200
    assert await status(stage, showing(authority, cert), method="POST") == 403, "the client's own rules hold"
    assert await status(stage, showing(authority, clients.issue("nobody"))) == 401
    assert await status(stage, showing(authority, None)) == 401


async def test_key_clients_go_on_beside(stage: Stage, tmp_path: Path, authority: Authority, clients: Authority) -> None:
    ci = {"name": "ci", "certificate": ["dns:old.internal", "dns:ci.internal"], "methods": ["GET"]}
    await stage.open(tls=tls(tmp_path, authority), clients=[ci, {"name": "app", "key": KEY}])
    assert await status(stage, showing(authority, None), KEY, "POST") == 200
    assert await status(stage, showing(authority, clients.issue("sidecar")), KEY, "POST") == 200
    assert await status(stage, showing(authority, clients.issue("ci.internal")), KEY, "POST") == 403


async def test_names_are_taken_once_per_connection(
    stage: Stage, tmp_path: Path, authority: Authority, clients: Authority
) -> None:
    service = await stage.open(tls=tls(tmp_path, authority), clients=[{"name": "ci", "certificate": "cn:ci"}])
    wire = await connect(stage, showing(authority, clients.issue("ci")))
    for _ in range(3):
        assert await said(wire) == 200
    assert len(service.front.visitors._shown) == 1
    await wire.close()
    await stage.until(lambda: not stage.server.connections)


async def test_a_connection_does_not_outlive_its_certificate(
    stage: Stage, tmp_path: Path, authority: Authority, clients: Authority
) -> None:
    service = await stage.open(tls=tls(tmp_path, authority), clients=[{"name": "ci", "certificate": "cn:ci"}])
    wire = await connect(stage, showing(authority, clients.issue("ci")))
    assert await said(wire) == 200
    now = service.front.visitors._clock
    for days, status_then in ((8.9, 200), (9.1, 401)):
        service.front.visitors._clock = lambda days=days: Now(now().boot, now().wall + days * 86400)
        assert await said(wire) == status_then


@pytest.mark.parametrize("cert_of", ["nobody's authority", "the server's authority", "itself", "expired", "not yet"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_certificates_that_end_the_handshake(
    stage: Stage, tmp_path: Path, authority: Authority, clients: Authority, cert_of: str, version: ssl.TLSVersion
) -> None:
    (tmp_path / "stranger").mkdir()
    cert = {
        "nobody's authority": lambda: Authority(tmp_path / "stranger").issue("ci"),
        "the server's authority": lambda: authority.issue("ci"),
        "itself": lambda: clients.issue("ci", self_signed=True),
        "expired": lambda: clients.issue("ci", age=12),
        "not yet": lambda: clients.issue("ci", age=-3),
    }[cert_of]()
    app = {"name": "app", "key": KEY}
    await stage.open(tls=tls(tmp_path, authority), clients=[{"name": "ci", "certificate": "cn:ci"}, app])
    context = showing(authority, cert)
    context.maximum_version = version
    with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
        await status(stage, context, KEY)
    assert stage.sandbox.api_requests == 0


async def test_required_keeps_out_who_shows_none(
    stage: Stage, tmp_path: Path, authority: Authority, clients: Authority
) -> None:
    await stage.open(tls=tls(tmp_path, authority, client_cert="required"), clients=[{"name": "app", "key": KEY}])
    with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
        await status(stage, showing(authority, None), KEY)
    assert await status(stage, showing(authority, clients.issue("any")), KEY) == 200
    assert await status(stage, showing(authority, clients.issue("any"))) == 401


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_changed_authority_counts_also_for_resumed_sessions(
    stage: Stage, tmp_path: Path, authority: Authority, clients: Authority, version: ssl.TLSVersion
) -> None:
    await stage.open(tls=tls(tmp_path, authority), clients=[{"name": "ci", "certificate": "cn:ci"}])
    cert = clients.issue("ci")
    context = showing(authority, cert)
    context.maximum_version = version
    wire = await connect(stage, context)
    assert await ask(wire) == 200
    session = wire.writer.get_extra_info("ssl_object").session
    assert b"HTTP/1.1 200" in await resumed(stage, context, session)
    (tmp_path / "stranger").mkdir()
    other = Authority(tmp_path / "stranger")
    (tmp_path / "ca.pem").write_text(other.pem)
    with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
        await status(stage, context)
    assert await status(stage, showing(authority, other.issue("ci"))) == 200
    reply = await resumed(stage, context, session)
    assert b"HTTP/1.1 200" not in reply


async def resumed(stage: Stage, context: ssl.SSLContext, session: ssl.SSLSession | None) -> bytes:
    """What a request on a session of before gets: asyncio has no say in sessions, so this speaks TLS by hand."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1", session=session)
    wire = await Wire.connect("127.0.0.1", stage.service.listening.addresses[0].port)
    stage.stack.push_async_callback(wire.close)
    got = b""
    try:
        await _pump(wire, incoming, outgoing, tls.do_handshake)
        tls.write(b"GET /oauth2/echo HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        while piece := await _pump(wire, incoming, outgoing, tls.read):
            got += piece
    except (ssl.SSLError, EOFError, ConnectionError):
        pass
    return got


async def _pump(wire: Wire, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, step: Any) -> Any:
    while True:
        try:
            done = step()
        except ssl.SSLWantReadError:
            await wire.send(outgoing.read())
            came = await wire.reader.read(65536)
            if not came:
                raise EOFError from None
            incoming.write(came)
        else:
            await wire.send(outgoing.read())
            return done
