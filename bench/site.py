"""The API behind every proxy of a run: one nginx worker for plain replies, bench/api.py for what nginx can't do.

Owns: the run's temporary folder, the certificate, the two upstream processes. Without nginx, bench/api.py does it all.
"""

from __future__ import annotations

import shutil
import ssl
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench.process import Process, free_port

GIB = 1 << 30
START_SECONDS = 20.0


@dataclass(frozen=True)
class Origin:
    """Where an upstream listens. TLS ones are named `localhost` by their certificate."""

    port: int
    tls: bool = False

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}" if self.tls else f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Site:
    folder: Path
    fast: Origin
    tls: Origin
    api: Origin
    server: str

    @property
    def authority(self) -> Path:
        """The bench's own CA: each proxy is told to trust it, by its own option."""
        return self.folder / "ca.pem"

    @property
    def certificate(self) -> Path:
        """Of `localhost` and 127.0.0.1; what a secure listener shows."""
        return self.folder / "cert.pem"

    @property
    def key(self) -> Path:
        return self.folder / "key.pem"

    @property
    def token_url(self) -> str:
        return f"{self.api.url}/token"


def open_site(stack: ExitStack, folder: Path, cpus: set[int], blob: int) -> Site:
    """Start the upstreams; they end with `stack`."""
    certify(folder)
    write_payloads(folder, blob)
    nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    fast, tls, api = free_port(), free_port(), free_port()
    own = [sys.executable, "-m", "bench.api", str(folder), str(api)]
    if nginx is None:
        own += [str(fast), str(tls)]
    process = stack.enter_context(Process(own, cpus, folder / "api.log"))
    process.wait_listening(api, START_SECONDS)
    if nginx is not None:
        config = folder / "upstream.conf"
        config.write_text(nginx_config(folder, fast, tls), encoding="utf-8")
        argv = [nginx, "-p", str(folder), "-e", str(folder / "upstream.err"), "-c", str(config)]
        process = stack.enter_context(Process(argv, cpus, folder / "upstream.log"))
    process.wait_listening(fast, START_SECONDS)
    return Site(folder, Origin(fast), Origin(tls, tls=True), Origin(api), "nginx" if nginx else "bench/api.py")


def nginx_config(folder: Path, port: int, tls_port: int) -> str:
    locations = "\n".join(
        f'    location = /{name} {{ return 200 "{body(size).decode().translate(_QUOTED)}"; }}'
        for name, size in (("get500", 500), ("post500", 500), ("json2k", 2048))
    )
    return f"""
daemon off; worker_processes 1; pid {folder}/upstream.pid; error_log {folder}/upstream.err;
events {{ worker_connections 15000; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s; client_max_body_size 0;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5; sendfile on; tcp_nodelay on; open_file_cache max=10;
  default_type application/json;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    listen 127.0.0.1:{tls_port} ssl backlog=4096;
    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
{locations}
    location / {{ default_type application/octet-stream; root {folder}/files; }}
  }}
}}
"""


_QUOTED = str.maketrans({'"': '\\"'})


def body(size: int) -> bytes:
    """JSON of exactly `size` bytes, shaped like a chat completion."""
    head, tail = b'{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"text":"', b'"}'
    return head + (b"the quick brown fox " * (size // 20 + 1))[: size - len(head) - len(tail)] + tail


def write_payloads(folder: Path, blob: int) -> None:
    files = folder / "files"
    files.mkdir()
    (files / "reply64k").write_bytes(bytes(range(256)) * 256)
    with (files / "blob").open("wb") as file:
        file.truncate(blob)
    with (files / "blob").open("rb") as file:  # into the page cache, or the first to ask pays for it
        while file.read(1 << 20):
            pass


def certify(folder: Path) -> None:
    """A CA and a certificate for `localhost`, good for a day."""
    now = datetime.now(UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bench CA")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])

    def builder(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
        )

    ca = builder(ca_name, ca_key.public_key()).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    leaf = builder(name, key.public_key()).add_extension(names, critical=False)
    (folder / "ca.pem").write_bytes(ca.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    (folder / "cert.pem").write_bytes(leaf.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def server_tls(folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context
