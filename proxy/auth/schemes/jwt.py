"""`scheme: jwt`, a JWT (RFC 7519) that the proxy signs itself is the token: made anew near its end, nobody is asked.

Owns: its keys, what its templates know, and the making. Must not know: how keys are read, where the token goes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from proxy.auth.keys.provider import ProviderCommon
from proxy.auth.schemes.identity import digest
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.token import Flow, Minted
from proxy.values.kinds import Duration
from proxy.values.signing import fingerprint, secret_key, sign, signing_key
from proxy.values.template import Template
from proxy.values.where import Finding, Where

TIMES: Mapping[str, Callable[[float, JwtProvider], int]] = {
    "now": lambda wall, _: int(wall),
    "now_ms": lambda wall, _: int(wall * 1000),
    "nbf": lambda wall, provider: int(wall - provider.backdate),
    "exp": lambda wall, provider: int(wall + provider.lifetime),
    "exp_ms": lambda wall, provider: int((wall + provider.lifetime) * 1000),
}
"""Numbers, where they are all of a text."""
NAMES = (*TIMES, "jti", "id", "fingerprint")


class JwtProvider(ProviderCommon):
    """`id_and_key` is both in one text, parted by the first dot, as some consoles hand them out.

    `backdate`: seconds by which `{nbf}` lies before now, for APIs whose clock is behind.
    """

    scheme: Literal["jwt"]
    algorithm: Literal["HS256", "HS384", "HS512", "RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"]
    key: str | None = None
    id_and_key: str | None = None
    key_id: str | None = None
    claims: dict[str, Any] = {}
    headers: dict[str, Any] = {}
    lifetime: Annotated[Duration, Field(gt=0)] = 600.0
    backdate: Duration = 0.0

    @model_validator(mode="after")
    def one_key(self) -> JwtProvider:
        if (self.key is None) == (self.id_and_key is None):
            raise ValueError("give either key or id_and_key")
        return self

    @property
    def pair(self) -> tuple[str | None, str]:
        """The id, if the key brings one, and the key."""
        if self.id_and_key is None:
            return None, self.key or ""
        name, _, key = self.id_and_key.partition(".")
        return name, key

    def signing_key(self) -> Any:
        """Raises ValueError for a text that is no key for the algorithm."""
        text = self.pair[1]
        if not self.algorithm.startswith("HS"):
            return signing_key(text, self.algorithm)
        if not text:
            raise ValueError("empty" if self.key is not None else "expected an id and a key, parted by a dot")
        return secret_key(text)

    def unfilled(self, name: str) -> str | None:
        return "nobody answers where a JWT is made here" if name.startswith("reply.") else super().unfilled(name)

    def check(self, where: Where) -> Iterator[Finding]:
        if self.ttl is not None:
            yield Finding((*where, "ttl"), "a JWT made here lives as long as its `lifetime` says")
        try:
            self.signing_key()
        except ValueError as error:
            yield Finding((*where, "id_and_key" if self.key is None else "key"), str(error))
        for part, written in (("claims", self.claims), ("headers", self.headers)):
            yield from self._check_texts((*where, part), written)

    def _check_texts(self, where: Where, written: Any) -> Iterator[Finding]:
        inner = (
            written.items() if isinstance(written, dict) else enumerate(written) if isinstance(written, list) else ()
        )
        for step, value in inner:
            yield from self._check_texts((*where, step), value)
        if isinstance(written, str):
            try:
                names = Template.parse(written, NAMES).names
            except ValueError as error:
                yield Finding(where, str(error))
                return
            if "id" in names and self.id_and_key is None:
                yield Finding(where, "{id} needs id_and_key")
            if "fingerprint" in names and self.algorithm.startswith("HS"):
                yield Finding(where, "{fingerprint} needs an algorithm with a public key")


@dataclass(frozen=True, slots=True)
class JwtScheme(Scheme):
    """`header` and `claims` are as written, their texts as templates."""

    identity: str
    provider: JwtProvider = field(repr=False)
    key: Any = field(repr=False)
    header: Any = field(repr=False)
    claims: Any = field(repr=False)
    constants: Mapping[str, str] = field(repr=False)

    @classmethod
    def compile(cls, provider: JwtProvider, secrets: frozenset[str]) -> JwtScheme:  # noqa: ARG003 -- every scheme is made alike
        """Raises ValueError for a key that can't sign, or a text that is no template."""
        key, kid = provider.signing_key(), provider.key_id
        usual = {"alg": provider.algorithm, "typ": "JWT"} | ({} if kid is None else {"kid": Template((kid,))})
        header = usual | _templates(provider.headers)
        claims = _templates(provider.claims if "exp" in provider.claims else provider.claims | {"exp": "{exp}"})
        made_of = (provider.algorithm, provider.pair, kid, provider.headers, provider.claims)
        return cls(
            digest("jwt", *made_of, provider.lifetime, provider.backdate),
            provider,
            key,
            {name: value for name, value in header.items() if value is not None},
            {name: value for name, value in claims.items() if value is not None},
            {
                "id": provider.pair[0] or "",
                "fingerprint": "" if provider.algorithm.startswith("HS") else fingerprint(key),
            },
        )

    def login(self, wall: float, refresh_token: str | None) -> Flow:  # noqa: ARG002 -- nobody is asked
        yield from ()
        return Minted(self.made(wall), self.provider.lifetime)

    def made(self, wall: float) -> str:
        """One JWT, good from Unix time `wall` on."""
        known = {**self.constants, "jti": token_hex(16)}
        return sign(self._filled(self.header, wall, known), self._filled(self.claims, wall, known), self.key)

    def _filled(self, value: Any, wall: float, known: Mapping[str, str]) -> Any:
        if isinstance(value, dict):
            return {key: self._filled(inner, wall, known) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._filled(inner, wall, known) for inner in value]
        if not isinstance(value, Template):
            return value
        if value.parts[::2] == ("", "") and (time := TIMES.get(value.parts[1])) is not None:
            return time(wall, self.provider)

        def lookup(name: str) -> str:
            return str(TIMES[name](wall, self.provider)) if name in TIMES else known[name]

        return value.render(lookup)


def _templates(written: Any) -> Any:
    if isinstance(written, dict):
        return {key: _templates(inner) for key, inner in written.items()}
    if isinstance(written, list):
        return [_templates(inner) for inner in written]
    return Template.parse(written, NAMES) if isinstance(written, str) else written
