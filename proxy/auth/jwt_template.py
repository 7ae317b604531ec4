"""A JWT that is made here (RFC 7519): header and claims as templates, and the key that signs.

Owns: what its texts know, and the making. Must not know: how a key is read, where the JWT goes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

from proxy.values.signing import sign
from proxy.values.template import Template

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


@dataclass(frozen=True, slots=True)
class JwtTemplate:
    """`header` and `claims` are as written, their texts as templates; `constants` are what those know besides times."""

    header: Any = field(repr=False)
    claims: Any = field(repr=False)
    key: Any = field(repr=False)
    constants: Mapping[str, str] = field(repr=False)
    lifetime: float
    backdate: float

    def made(self, wall: float) -> str:
        """One JWT, good from Unix time `wall` on."""
        names = {**self.constants, "jti": token_hex(16)}
        return sign(self._filled(self.header, wall, names), self._filled(self.claims, wall, names), self.key)

    def _filled(self, value: Any, wall: float, names: Mapping[str, str]) -> Any:
        if isinstance(value, dict):
            return {key: self._filled(inner, wall, names) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._filled(inner, wall, names) for inner in value]
        if not isinstance(value, Template):
            return value
        if value.parts[::2] == ("", "") and value.parts[1] in TIMES:
            return self._time(value.parts[1], wall)
        return value.render(lambda name: str(self._time(name, wall)) if name in TIMES else names[name])

    def _time(self, name: str, wall: float) -> int:
        return TIMES[name](wall, self.lifetime, self.backdate)


def templates(written: Any) -> Any:
    """Raises ValueError for a text that is no template."""
    if isinstance(written, dict):
        return {key: templates(inner) for key, inner in written.items()}
    if isinstance(written, list):
        return [templates(inner) for inner in written]
    return Template.parse(written, NAMES) if isinstance(written, str) else written
