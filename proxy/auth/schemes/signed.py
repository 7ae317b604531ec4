"""`scheme: signed`, an API that wants no token but a signature of each request.

Must not know: how anything is signed. Nothing here is refreshed: the key that signs is the credential, as in
`scheme: static`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import field
from typing import Literal

from proxy.auth.keys.provider import Inject, ProviderCommon, RefusalRule
from proxy.auth.keys.sign import Sign
from proxy.auth.placing.signing import Signing
from proxy.auth.schemes.identity import digest
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.token import Flow, Minted, Token
from proxy.http.origin import Origin
from proxy.values.now import Now
from proxy.values.record import record
from proxy.values.secret import Secret
from proxy.values.template import Template
from proxy.values.where import Finding, Where


class SignedProvider(ProviderCommon):
    """`skewed`: the replies by which the API says that our clock is off, or may be."""

    scheme: Literal["signed"]
    sign: Sign
    skewed: list[RefusalRule] = []

    @property
    def effective_inject(self) -> Inject:
        return Inject()

    @property
    def filled_headers(self) -> frozenset[str]:
        return self.sign.algorithm.fills

    @property
    def default_refusals(self) -> tuple[RefusalRule, ...]:
        """None: there is no other key to try."""
        return ()

    @property
    def effective_skewed(self) -> list[RefusalRule]:
        return self.skewed

    def unfilled(self, name: str) -> str | None:  # noqa: ARG002 -- whatever it is
        return "a signature is no token that could stand somewhere else"

    def check(self, where: Where) -> Iterator[Finding]:
        yield from self.sign.check((*where, "sign"))
        if "inject" in self.model_fields_set:
            yield Finding(
                (*where, "inject"), "a signature has its own place; fixed headers go into the route's headers.set"
            )


@record
class SignedScheme(Scheme):
    identity: str
    secret_key: str = field(repr=False)
    signing: Signing = field(repr=False)

    @classmethod
    def compile(cls, provider: SignedProvider, secrets: frozenset[str]) -> SignedScheme:  # noqa: ARG003 -- every scheme is made alike
        sign = provider.sign
        return cls(digest("signed", sign.model_dump()), Secret(sign.secret_key), sign.signing())

    def start(self, now: Now) -> Token:
        return Token.eternal(self.secret_key, now)

    def login(self, wall: float, refresh_token: str | None) -> Flow:  # noqa: ARG002 -- nobody is asked
        yield from ()
        return Minted(self.secret_key, math.inf)

    @property
    def skews(self) -> dict[Origin, float]:
        return self.signing.skews

    def placing(self, inject: Inject, path: tuple[Template, ...]) -> Signing:  # noqa: ARG002 -- refused before
        return self.signing
