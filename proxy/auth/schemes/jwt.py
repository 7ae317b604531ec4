"""`scheme: jwt`, a JWT (RFC 7519) that the proxy signs itself is the token: made anew near its end, nobody is asked.

Must not know: how it is made, where the token goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Literal

from proxy.auth.jwt_template import JwtTemplate
from proxy.auth.keys.jwt import JwtKeys
from proxy.auth.keys.provider import ProviderCommon
from proxy.auth.schemes.identity import digest
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.token import Flow, Minted
from proxy.values.record import record
from proxy.values.where import Finding, Where


class JwtProvider(JwtKeys, ProviderCommon):
    scheme: Literal["jwt"]

    def unfilled(self, name: str) -> str | None:
        return "nobody answers where a JWT is made here" if name.startswith("reply.") else super().unfilled(name)

    def check(self, where: Where) -> Iterator[Finding]:
        if self.ttl is not None:
            yield Finding((*where, "ttl"), "a JWT made here lives as long as its `lifetime` says")
        yield from self.check_jwt(where)


@record
class JwtScheme(Scheme):
    identity: str
    template: JwtTemplate = field(repr=False)

    @classmethod
    def compile(cls, provider: JwtProvider, secrets: frozenset[str]) -> JwtScheme:  # noqa: ARG003 -- every scheme is made alike
        """Raises ValueError for a key that can't sign, or a text that is no template."""
        return cls(digest("jwt", *provider.made_of), provider.template())

    def login(self, wall: float, refresh_token: str | None) -> Flow:  # noqa: ARG002 -- nobody is asked
        yield from ()
        return Minted(self.template.made(wall), self.template.lifetime)
