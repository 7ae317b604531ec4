"""The certificates of routes: what is in their PEM files, and whether it can be used.

Owns: those judgements, and the digest by which certificates are told apart. Must not know: TLS, or how a file is read;
the loader hands that in. No finding quotes a path: it may have come out of `${...}`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from pydantic import ValidationError

from proxy.config.model import TlsFiles
from proxy.config.where import Finding, Where

Read = Callable[[Path], bytes | str]
"""The content of a file, or why it can't be had."""
SHORTEST_RSA = 2048  # what OpenSSL takes at its security level 2, the default of most systems
_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----\n?", re.DOTALL)


class Pem(NamedTuple):
    """Files that were found good. `identity` is a digest of their content; `ca` is the content itself."""

    identity: str
    cert: Path | None
    key: Path | None
    ca: str | None


@dataclass
class Certificates:
    """Of all routes that name some, by prefix; with the mistakes, and the files that were looked for."""

    of: dict[str, Pem] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)


def read_certificates(tree: Mapping[str, Any], folder: Path, read: Read) -> Certificates:
    """`tree` is the config, resolved and perhaps wrong; what isn't of the right kind is left to the model."""
    found = Certificates()
    routes = tree.get("routes")
    for prefix, route in routes.items() if isinstance(routes, dict) else ():
        try:
            tls = TlsFiles.model_validate(route["tls"])
        except (ValidationError, KeyError, TypeError):
            continue
        names = {key: folder / name for key, name in tls.model_dump().items() if name is not None}
        content = {key: read(path) for key, path in names.items()}
        found.files += names.values()
        problems = [Finding(("routes", prefix, "tls", *where), text) for where, text in _problems(content)]
        found.findings += problems
        if not problems:
            found.of[prefix] = _pem(names, content)
    return found


def _pem(names: Mapping[str, Path], content: Mapping[str, bytes | str]) -> Pem:
    digest = hashlib.sha256()
    for key, text in sorted(content.items()):
        digest.update(b"%b %d\n%b" % (key.encode(), len(text), text if isinstance(text, bytes) else b""))
    ca = content.get("ca")
    decoded = ca.decode("ascii") if isinstance(ca, bytes) else None
    return Pem(digest.hexdigest(), names.get("cert"), names.get("key"), decoded)


def _problems(content: Mapping[str, bytes | str]) -> Iterator[tuple[Where, str]]:
    for key, text in content.items():
        problem = text if isinstance(text, str) else None if key == "key" else _certificate_problem(text)
        if problem is not None:
            yield (key,), problem
            return
    cert = content.get("cert")
    if isinstance(cert, bytes):
        where = "key" if "key" in content else "cert"
        problem = _key_problem(cert, content[where])
        if problem is not None:
            yield (where,), problem


def _certificate_problem(text: bytes) -> str | None:
    try:
        text.decode("ascii")
        x509.load_pem_x509_certificates(text)
    except ValueError:
        return "holds no certificate in PEM"
    return None


def _key_problem(cert: bytes, text: bytes | str) -> str | None:
    match = _KEY.search(text) if isinstance(text, bytes) else None
    if match is None:
        return "holds no private key in PEM"
    try:
        key = load_pem_private_key(match[0], None)
    except TypeError:
        return "its private key has a password, and nobody is there to type it"
    except (ValueError, UnsupportedAlgorithm):
        return "holds no private key that can be used"
    if isinstance(key, RSAPrivateKey) and key.key_size < SHORTEST_RSA:
        return f"its private key has {key.key_size} bits; TLS libraries want {SHORTEST_RSA}"
    shown = x509.load_pem_x509_certificates(cert)[0].public_key()
    how = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    same = shown.public_bytes(*how) == key.public_key().public_bytes(*how)
    return None if same else "its private key belongs to another certificate"
