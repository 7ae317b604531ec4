"""What the examples of presets are filled with: keys are made anew, so that none stands in a file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.jwk import ECKey, OKPKey, RSAKey

from proxy.config.written.preset import Preset
from proxy.values.signing import thumbprints

CERTIFIED = "made-up RSA key with its certificate"
KEYS: dict[str, Any] = {
    "made-up RSA key": RSAKey.generate_key(2048),
    CERTIFIED: RSAKey.generate_key(2048),
    "made-up EC key": ECKey.generate_key("P-256"),
    "made-up Ed25519 key": OKPKey.generate_key("Ed25519"),
}


def _certificate(key: Any) -> str:
    name, now = x509.Name([]), datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key, x509.random_serial_number(), now, now + timedelta(1))
    return builder.sign(key.private_key, SHA256()).public_bytes(Encoding.PEM).decode()


def _pem(said: str) -> str:
    pem: str = KEYS[said].as_pem(private=True).decode()
    return pem + _certificate(KEYS[said]) if said == CERTIFIED else pem


PEMS = {said: _pem(said) for said in KEYS}


def parameters_of(preset: Preset) -> dict[str, Any]:
    return {key: PEMS.get(value, value) for key, value in preset.examples["with"].items()}


def names_of(said: str) -> dict[str, str]:
    """By what a key's certificate is called, where it has one."""
    if said != CERTIFIED:
        return {}
    by_sha1, by_sha256 = thumbprints(PEMS[said])
    return {"{x5t}": by_sha1, "{x5t_s256}": by_sha256}
