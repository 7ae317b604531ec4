"""Keys that sign, JWTs and other texts.

Owns: which kind of key an algorithm wants, and how one is read: PEM, a JWK as JSON, or JSON that has a PEM in
`private_key`. Must not know: what is claimed, or for whom. joserfc is imported at the first use, so that a start
without signing keys doesn't wait for it. No message repeats a key, nor what a library says of one.
"""

from __future__ import annotations

import hashlib
import json
import re
import warnings
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_RSA_ENCRYPTION = bytes.fromhex("2a864886f70d010101")  # 1.2.840.113549.1.1.1 (RFC 8017, appendix C)
_EC = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_KINDS = {"RS256": "RSA", "PS256": "RSA", "EdDSA": "Ed25519"} | {name: f"EC on {curve}" for name, curve in _EC.items()}


def signing_key(text: str, algorithm: str) -> Any:
    """A key that signs with this algorithm. Raises ValueError for any other text."""
    try:
        key = _read(text, algorithm)
        sign({"alg": algorithm}, {}, key)  # only now joserfc finds public keys and other curves
    except Exception:
        # whatever the damage leads to, in joserfc, cryptography or base64; their words may quote the key
        locked = " without a password" if "ENCRYPTED" in text else ""
        message = f"expected a private key{locked} for {algorithm}: {_KINDS[algorithm]}, in PEM or as a JWK"
        raise ValueError(message) from None
    return key


def secret_key(secret: str) -> Any:
    """The key of an HMAC: the secret's own bytes."""
    from joserfc.jwk import OctKey  # noqa: PLC0415 -- see the module

    with _quiet():
        return OctKey.import_key({"kty": "oct", "k": _base64url(secret.encode("utf-8"))})


def sign(header: Mapping[str, Any], claims: Mapping[str, Any], key: Any) -> str:
    """A compact JWT (RFC 7519); `header` names the algorithm."""
    from joserfc import jws  # noqa: PLC0415 -- see the module

    payload = json.dumps(claims, ensure_ascii=False, separators=(",", ":")).encode()
    words = jws.JWSRegistry(algorithms=[header["alg"]], strict_check_header=False)  # vendors have headers of their own
    with _quiet():
        return jws.serialize_compact(dict(header), payload, key, registry=words)


def rsa_signer(text: str, digest: str) -> Callable[[bytes], bytes]:
    """Signs with PKCS#1 v1.5 (RFC 8017 §8.2) over SHA-1 or SHA-256. `text` is a private key as `signing_key` reads it,
    or its DER in base64 alone, as some consoles hand it out. Raises ValueError for any other text.
    """
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415 -- see the module
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256  # noqa: PLC0415 -- see the module

    key = signing_key(_armoured(text), "RS256").private_key
    padding, hashed = PKCS1v15(), {"sha1": SHA1, "sha256": SHA256}[digest]()
    return lambda data: bytes(key.sign(data, padding, hashed))


def _armoured(text: str) -> str:
    """Lines of base64 alone get the armour of PKCS#8, or of PKCS#1: the first says which algorithm it is for."""
    bare = "".join(text.split())
    if not re.fullmatch(r"[A-Za-z0-9+/]{100,}={0,2}", bare):
        return text
    kind = "PRIVATE KEY" if _RSA_ENCRYPTION in b64decode(bare[:64]) else "RSA PRIVATE KEY"
    return f"-----BEGIN {kind}-----\n{bare}\n-----END {kind}-----\n"


def fingerprint(key: Any) -> str:
    """SHA-256 of the public half, in DER, in base64: how some APIs are told which key signs."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 -- see the module

    der = key.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b64encode(hashlib.sha256(der).digest()).decode("ascii")


def thumbprints(text: str) -> tuple[str, str]:
    """Of the first certificate in a PEM text, by SHA-1 and SHA-256, in base64url: how others are told which one it is.

    Raises ValueError if there is none.
    """
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256  # noqa: PLC0415 -- see the module
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415

    if "BEGIN CERTIFICATE" not in text:
        raise ValueError("expected a certificate in PEM")
    try:
        certificate = load_pem_x509_certificate(_pem(text).encode())
    except ValueError:
        raise ValueError("expected a certificate in PEM") from None
    by_sha1, by_sha256 = (certificate.fingerprint(kind) for kind in (SHA1(), SHA256()))  # noqa: S303 -- a name, no proof
    return _base64url(by_sha1), _base64url(by_sha256)


def _read(text: str, algorithm: str) -> Any:
    from joserfc.jwk import ECKey, OKPKey, RSAKey  # noqa: PLC0415 -- see the module

    kinds: dict[str, Any] = {"RS": RSAKey, "PS": RSAKey, "ES": ECKey, "Ed": OKPKey}
    with _quiet():
        return kinds[algorithm[:2]].import_key(_of_json(text) if text.lstrip().startswith("{") else _pem(text))


def _of_json(text: str) -> Any:
    """A JWK; or the PEM in a file that a console hands out, as Google's for service accounts."""
    document = json.loads(text)
    return document.get("private_key", document)


def _pem(text: str) -> str:
    """Env files, panels and CI systems hold no line breaks, so that keys have `\\n` there, and quotes around them."""
    if "\\n" not in text:
        return text
    return text.strip().strip("'\"").replace("\\r", "").replace("\\n", "\n")


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


@contextmanager
def _quiet() -> Iterator[None]:
    """joserfc warns of short keys and of the name EdDSA (RFC 9864), which are the issuer's choice."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
