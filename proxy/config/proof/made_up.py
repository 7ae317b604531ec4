"""What the examples of presets are filled with: keys are made anew, so that none stands in a file."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from proxy.config.written.preset import Preset


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
    "made-up EC key": _ec,
    "made-up Ed25519 key": _ed25519,
}


@cache
def key_of(said: str) -> Any:
    """The key that these words stand for, the same one each time; None where they are no such words."""
    maker = _MAKERS.get(said)
    return None if maker is None else maker()


def parameters_of(preset: Preset) -> dict[str, Any]:
    """The values that the examples give, with private keys as PEM in the place of the words for them."""
    return {name: _value(value) for name, value in (preset.examples.get("with") or {}).items()}


def _value(written: Any) -> Any:
    key = key_of(written) if isinstance(written, str) else None
    return written if key is None else key.as_pem(private=True).decode()
