"""Keys: what is read, and that no message repeats one."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from proxy.values.signing import signing_key

RSA, EC, ED = RSAKey.generate_key(2048), ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519")


def pem(key: Any, **how: Any) -> str:
    return str(key.as_pem(**({"private": True} | how)).decode())


GOOD = [("RS256", RSA), ("PS256", RSA), ("ES256", EC), ("EdDSA", ED)]


@pytest.mark.parametrize(("algorithm", "key"), GOOD, ids=[name for name, _ in GOOD])
def test_pem_and_jwk(algorithm: str, key: Any) -> None:
    for text in (pem(key), pem(key).strip(), json.dumps(key.as_dict(private=True))):
        assert signing_key(text, algorithm).is_private


@pytest.mark.parametrize("quote", ["", '"', "'"])
@pytest.mark.parametrize("end", [r"\n", r"\r\n"])
def test_a_pem_whose_line_breaks_are_two_characters(quote: str, end: str) -> None:
    text = quote + pem(RSA).strip().replace("\n", end) + quote
    assert signing_key(text, "RS256").is_private


BAD = {
    "escaped nonsense": (r"secret\nnonsense", "RS256"),
    "nonsense": ("secret-nonsense", "RS256"),
    "empty": ("", "RS256"),
    "torn": (pem(RSA)[:400], "RS256"),
    "public": (pem(RSA, private=False), "RS256"),
    "public JWK": (json.dumps(RSA.as_dict(private=False)), "RS256"),
    "another kind": (pem(EC), "RS256"),
    "another kind of JWK": (json.dumps(EC.as_dict(private=True)), "RS256"),
    "another curve": (pem(ECKey.generate_key("P-384")), "ES256"),
    "X25519": (pem(OKPKey.generate_key("X25519")), "EdDSA"),
    "half a JWK": ('{"kty": "RSA"}', "RS256"),
    "odd JWK": ('{"kty": "RSA", "n": ["a"], "e": 5}', "RS256"),
    "broken JSON": ('{"kty": secret-nonsense', "RS256"),
    "deep JSON": ('{"a":' * 100_000, "RS256"),
}


@pytest.mark.parametrize(("text", "algorithm"), BAD.values(), ids=BAD)
def test_what_is_no_key(text: str, algorithm: str) -> None:
    with pytest.raises(ValueError, match=f"^expected a private key for {algorithm}: .* in PEM or as a JWK$") as caught:
        signing_key(text, algorithm)
    assert caught.value.__cause__ is None


def test_a_key_with_a_password() -> None:
    with pytest.raises(ValueError, match="without a password"):
        signing_key(pem(RSA, password="a password"), "RS256")


def test_a_start_without_keys_does_not_import_joserfc() -> None:
    program = "import sys, proxy.app, proxy.config.load; sys.exit('joserfc' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
