"""A JWT that is made here (RFC 7519): header and claims as templates, and the key that signs.

Owns: what its texts know, and the making. Must not know: how a key is read, where the JWT goes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from secrets import token_hex
from typing import Any

from proxy.auth.filled import filled
from proxy.values.record import record
from proxy.values.signing import sign

TIMES: Mapping[str, Callable[[float, float, float], int]] = {
    "now": lambda wall, _lifetime, _backdate: int(wall),
    "now_ms": lambda wall, _lifetime, _backdate: int(wall * 1000),
    "nbf": lambda wall, _lifetime, backdate: int(wall - backdate),
    "exp": lambda wall, lifetime, _backdate: int(wall + lifetime),
    "exp_ms": lambda wall, lifetime, _backdate: int((wall + lifetime) * 1000),
}
"""Numbers, where they are all of a text."""
CONSTANTS = ("id", "fingerprint", "x5t", "x5t_s256")
NAMES = (*TIMES, "jti", *CONSTANTS)


@record
class JwtTemplate:
    """`header` and `claims` are as written, their texts as templates; `constants` are what those know besides times."""

    header: Any = field(repr=False)
    claims: Any = field(repr=False)
    key: Any = field(repr=False)
    constants: dict[str, str] = field(repr=False)
    lifetime: float
    backdate: float

    def made(self, wall: float) -> str:
        """One JWT, good from Unix time `wall` on."""
        jti = token_hex(16)

        def value(name: str) -> Any:
            time = TIMES.get(name)
            return (self.constants | {"jti": jti})[name] if time is None else time(wall, self.lifetime, self.backdate)

        def text(name: str) -> str:
            return str(value(name))

        return sign(filled(self.header, value, text), filled(self.claims, value, text), self.key)
