"""What the examples of presets are filled with: keys are made anew, so that none stands in a file."""

from __future__ import annotations

from typing import Any

from joserfc.jwk import ECKey, OKPKey, RSAKey

from proxy.config.written.catalogue import Preset

KEYS: dict[str, Any] = {
    "made-up RSA key": RSAKey.generate_key(2048),
    "made-up EC key": ECKey.generate_key("P-256"),
    "made-up Ed25519 key": OKPKey.generate_key("Ed25519"),
}


def parameters_of(preset: Preset) -> dict[str, Any]:
    pems = {said: key.as_pem(private=True).decode() for said, key in KEYS.items()}
    return {key: pems.get(value, value) for key, value in preset.examples["with"].items()}
