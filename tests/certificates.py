"""Certificates for servers and clients of one test, from an authority of its own."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)
_NO = dict.fromkeys(
    ("key_encipherment", "content_commitment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"),
    False,
)
_SIGNS = x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, **_NO)
"""Python 3.13 and later take no authority without it, and no certificate that does not say whose it is."""


class Authority:
    """`pem` is what a client must trust; `issue` makes a server's or client's context file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Test Authority")
        self._count = 0
        constraint = x509.BasicConstraints(ca=True, path_length=None)
        certificate = self._builder(self._name, self._key, 0).add_extension(constraint, critical=True)
        certificate = certificate.add_extension(_SIGNS, critical=True)
        self.pem = _pem(certificate.sign(self._key, hashes.SHA256()))

    def issue(self, *names: str, age: int = 0, self_signed: bool = False) -> Path:
        """A PEM file with key and certificate for `names`, valid for ten days from `age` days ago."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(_name(names[0]), key, age, _name(names[0]) if self_signed else None)
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key((key if self_signed else self._key).public_key())
        builder = builder.add_extension(signer, critical=False)
        alternatives = x509.SubjectAlternativeName([_alternative(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
        certificate = builder.sign(key if self_signed else self._key, hashes.SHA256())
        self._count += 1
        path = self._folder / f"{self._count}.pem"
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_text(secret.decode() + _pem(certificate))
        return path

    def server(self, *names: str, age: int = 0, self_signed: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.issue(*names, age=age, self_signed=self_signed))
        return context

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, age: int, issuer: x509.Name | None = None
    ) -> x509.CertificateBuilder:
        start = datetime.now(UTC) - DAY - age * DAY
        return (
            x509.CertificateBuilder(issuer or self._name, subject, key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + 10 * DAY)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _alternative(name: str) -> x509.GeneralName:
    if "://" in name:
        return x509.UniformResourceIdentifier(name)
    if "@" in name:
        return x509.RFC822Name(name)
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
