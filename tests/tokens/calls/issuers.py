"""Token endpoints by the byte, for tests of the client that calls them."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from proxy.auth.token import Consent, Flow, IssuerReply, IssuerRequest, Minted
from proxy.errors import FailureClass, IssuerError
from proxy.tokens.calls.issuer import Issuer

GOOD = b'{"access_token": "a-token", "expires_in": 80}'


class Server:
    """A token endpoint by the byte. `heads` are the request heads that came, `bodies` what followed them."""

    def __init__(self, *replies: bytes, hangs: bool = False) -> None:
        self.replies = list(replies)
        self.hangs = hangs
        self.heads: list[str] = []
        self.bodies: list[bytes] = []
        self.url = ""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = next(
                (int(line[15:]) for line in head.lower().splitlines() if line.startswith("content-length:")), 0
            )
            self.heads.append(head)
            self.bodies.append(await reader.readexactly(length))
            writer.write(self.replies.pop(0) if len(self.replies) > 1 else self.replies[0])
            await writer.drain()
            if self.hangs:
                await reader.read()  # until the client has had enough
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    def header(self, name: str, call: int = 0) -> list[str]:
        lines = (line.partition(":") for line in self.heads[call].splitlines()[1:])
        return [value.strip() for key, _, value in lines if key.lower() == name]


@asynccontextmanager
async def serving(server: Server, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    listening = await asyncio.start_server(server, "127.0.0.1", 0, ssl=tls)
    server.url = f"http{'s' if tls else ''}://127.0.0.1:{listening.sockets[0].getsockname()[1]}/token"
    async with listening:
        yield server


@contextmanager
def deaf() -> Iterator[str]:
    """A URL where nothing listens, nor will while this lasts."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def reply(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = (f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers, "", "")
    return "\r\n".join(lines).encode() + body


def asking(*requests: IssuerRequest, seen: list[IssuerReply] | None = None) -> Flow:
    """A login that sends these and mints whatever comes."""
    for request in requests:
        came = yield request
        if seen is not None:
            seen.append(came)
    return Minted("a-token", 80.0)


def post(url: str, *headers: tuple[str, str], body: bytes | None = b"secret=hush-hush") -> IssuerRequest:
    return IssuerRequest("POST", url, headers, body, consent=written(url))


def written(url: str) -> Consent:
    """As if the config spelled it out."""
    try:
        return Consent.of(url)
    except ValueError:
        return Consent()


async def failure(client: Issuer, request: IssuerRequest) -> IssuerError:
    with pytest.raises(IssuerError) as caught:
        await client.login(asking(request))
    return caught.value


def unreachable(error: IssuerError) -> bool:
    return error.failure is FailureClass.PASSING and error.again


def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a certificate for 127.0.0.1 that it signed itself, and the file to trust it by."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "keyless test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, key_pem = tmp_path / "cert.pem", tmp_path / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key_pem)
    return context, pem
