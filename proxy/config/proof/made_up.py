"""What the examples of presets are filled with: keys are made anew, so that none stands in a file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from proxy.config.written.preset import Preset
from proxy.values.signing import fingerprint, thumbprints

CERTIFIED = "made-up RSA key with its certificate"


def _rsa() -> Any:
    from joserfc.jwk import RSAKey  # noqa: PLC0415 -- few examples need one

    return RSAKey.generate_key(2048)


def _ec() -> Any:
    from joserfc.jwk import ECKey  # noqa: PLC0415

    return ECKey.generate_key("P-256")


def _ed25519() -> Any:
    from joserfc.jwk import OKPKey  # noqa: PLC0415

    return OKPKey.generate_key("Ed25519")


_MAKERS: dict[str, Callable[[], Any]] = {
    "made-up RSA key": _rsa,
    CERTIFIED: _rsa,
    "made-up EC key": _ec,
    "made-up Ed25519 key": _ed25519,
}


@cache
def key_of(said: str) -> Any:
    """The key that these words stand for, the same one each time; None where they are no such words."""
    maker = _MAKERS.get(said)
    return None if maker is None else maker()


def key_for(preset: Preset) -> Any:
    """The first that the examples give; None if they give none."""
    said = _said(preset)
    return None if said is None else key_of(said)


def names_for(preset: Preset) -> dict[str, str]:
    """By what that key is called, and its certificate if it has one."""
    said = _said(preset)
    if said is None:
        return {}
    names = {"{fingerprint}": fingerprint(key_of(said))}
    if said == CERTIFIED:
        names["{x5t}"], names["{x5t_s256}"] = thumbprints(_pem(said))
    return names


def parameters_of(preset: Preset) -> dict[str, Any]:
    """The values that the examples give, with private keys as PEM in the place of the words for them."""
    return {name: _value(value) for name, value in _given(preset).items()}


def _given(preset: Preset) -> dict[str, Any]:
    return preset.examples.get("with") or {}


def _said(preset: Preset) -> str | None:
    return next((value for value in _given(preset).values() if isinstance(value, str) and value in _MAKERS), None)


def _value(written: Any) -> Any:
    return _pem(written) if isinstance(written, str) and written in _MAKERS else written


@cache
def _pem(said: str) -> str:
    key = key_of(said)
    pem: str = key.as_pem(private=True).decode()
    return pem + _certificate(key) if said == CERTIFIED else pem


def _certificate(key: Any) -> str:
    """Signed by the key itself, good for a day."""
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    name, now = x509.Name([]), datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key, x509.random_serial_number(), now, now + timedelta(1))
    return builder.sign(key.private_key, SHA256()).public_bytes(Encoding.PEM).decode()
