"""Whether PEM files can be used: what they hold, whether key and certificate belong together, until when.

Owns: the judgement, and its words, which quote no file. Must not know: where files are, nor who reads them.
cryptography is imported at the first use, so that a start without TLS doesn't wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

ROOTS = frozenset(("client_ca", "ca"))
SHORTEST_RSA = 2048  # what OpenSSL takes at its security level 2, the default of most systems

Read = Callable[[str], bytes | str]
"""The content of the file that was written down, or why it can't be had."""


def problems(files: Mapping[str, str], read: Read, now: datetime | None) -> Iterator[tuple[str, str]]:
    """By key of a `tls`. Without a file for `key`, it is looked for in that of `cert`. `now` None: for any time."""
    contents: dict[str, bytes] = {}
    for key, name in files.items():
        content = "this is the PEM itself; give the path of its file" if "-----BEGIN" in name else read(name)
        if isinstance(content, str):
            yield key, content
        else:
            contents[key] = content
    if "cert" in contents:
        secret = contents.get("key", None if "key" in files else contents["cert"])
        for key, problem in _pair(contents["cert"], secret, now):
            yield key if key in files else "cert", problem
    for key in ROOTS & contents.keys():
        yield from ((key, problem) for problem in _roots(contents[key], now))


def _pair(cert: bytes, key: bytes | None, now: datetime | None) -> Iterator[tuple[str, str]]:
    chain = certificates(cert)
    if not chain:
        yield "cert", "holds no certificate in PEM"
    elif problem := _out_of_time(chain[0], now):
        yield "cert", problem
    if key is None:
        return
    secret = _key(key)
    if isinstance(secret, str):
        yield "key", secret
    elif _is_rsa(secret) and secret.key_size < SHORTEST_RSA:
        yield "key", f"has {secret.key_size} bits; TLS libraries want {SHORTEST_RSA}"
    elif chain and secret.public_key() != chain[0].public_key():
        yield "key", "does not belong to the first certificate of tls.cert"


def _roots(written: bytes, now: datetime | None) -> Iterator[str]:
    roots = certificates(written)
    if not roots:
        yield "holds no certificate in PEM"
    elif all(_out_of_time(root, now) for root in roots):
        yield _out_of_time(roots[0], now)


def certificates(written: bytes) -> list[Certificate]:
    """All that are in there, in order; none if one of them is damaged."""
    from cryptography import x509  # noqa: PLC0415 -- see the module

    try:
        return x509.load_pem_x509_certificates(written) if written.isascii() else []
    except ValueError:
        return []


def _key(written: bytes) -> Any:
    """The private key, or what is wrong with it."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 -- see the module
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 -- see the module

    if b"PRIVATE KEY-----" not in written:
        return "holds no private key in PEM"
    if b"ENCRYPTED" in written:
        return "the key has a password, and nobody is there to type it; store it without one"
    try:
        return load_pem_private_key(written, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "holds a private key that can't be read"


def _is_rsa(key: Any) -> bool:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415 -- see the module

    return isinstance(key, RSAPrivateKey)


def _out_of_time(certificate: Certificate, now: datetime | None) -> str:
    if now is None:
        return ""
    end, begin = certificate.not_valid_after_utc, certificate.not_valid_before_utc
    if now > end:
        return f"the certificate expired on {end:%Y-%m-%d %H:%M} UTC; renew it"
    if now < begin:
        return f"the certificate is not valid before {begin:%Y-%m-%d %H:%M} UTC; is the clock right?"
    return ""


def utc_now() -> datetime:
    return datetime.now(UTC)
