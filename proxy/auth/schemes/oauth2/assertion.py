"""JWTs by which a client proves itself, or what it stands for (RFC 7523 §2, §3).

Owns: their claims. Must not know: how keys are read, or who asks. The `jti` is drawn here, not handed in: nothing
decides anything by it, only the issuer looks at it, so that a seed would burden every scheme and tell no test more.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from proxy.values.record import record
from proxy.values.signing import sign

LIFETIME = 60
"""Seconds that a client's proof lives: long enough for a clock that is off, too short to be worth stealing."""


@record
class Signer:
    key: Any = field(repr=False)
    algorithm: str
    key_id: str | None = None

    def sign(self, claims: Mapping[str, Any], wall: float, lifetime: float = LIFETIME) -> str:
        """`claims` come last, so that a vendor's own may replace any of these."""
        issued = int(wall)
        standard = {"jti": secrets.token_hex(16), "iat": issued, "exp": issued + max(1, int(lifetime))}
        header = {"alg": self.algorithm, "typ": "JWT"} | ({} if self.key_id is None else {"kid": self.key_id})
        return sign(header, {**standard, **claims}, self.key)
