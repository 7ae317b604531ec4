"""`scheme: signed`, an API that wants no token but a signature of each request.

Owns: its keys, and what of them an algorithm needs. Must not know: how anything is signed. Nothing here is refreshed:
the key that signs is the credential, as in `scheme: static`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from proxy.auth.keys.provider import Inject, ProviderCommon, RefusalRule
from proxy.auth.placing.signing import Signing
from proxy.auth.schemes.identity import digest
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.signing.request import Keys
from proxy.auth.signing.vendors import ALGORITHMS
from proxy.auth.token import Flow, Minted, Token
from proxy.http.grammar import value_problem
from proxy.values.kinds import Secretive, Texts
from proxy.values.now import Now
from proxy.values.secret import Secret
from proxy.values.template import Template
from proxy.values.where import Finding, Where

AlgorithmName = Literal[
    "bce-auth-v1",
    "aws-sigv4",
    "tencent-tc3",
    "aliyun-acs3",
    "aliyun-rpc",
    "volc",
    "huawei",
    "oss-v4",
    "cos",
    "obs",
    "tos",
]


class Sign(Secretive):
    """By which algorithm, with which keys. `regions` and `services` are what a client's SDK may sign for besides."""

    name: AlgorithmName
    access_key: str
    secret_key: str
    session_token: str | None = None
    region: str | None = None
    service: str | None = None
    regions: Texts = []
    services: Texts = []
    body: Literal["buffer", "unsigned"] | None = None

    def check(self, where: Where) -> Iterator[Finding]:
        algorithm = ALGORITHMS[self.name]
        for key in ("region", "service"):
            said, several = getattr(self, key), f"{key}s"
            if key in algorithm.needs and said is None and not getattr(self, several):
                yield Finding((*where, key), f"missing; {self.name} signs for one {key}")
            if key not in algorithm.needs and (said is not None or getattr(self, several)):
                yield Finding((*where, key if said is not None else several), f"{self.name} signs for no {key}")
        if self.body is not None and self.body not in algorithm.bodies:
            fits = " or ".join(each for each in algorithm.bodies if each != "none") or "leave it out"
            yield Finding((*where, "body"), f"{self.name} can't do that; {fits}")
        for key in ("access_key", "secret_key", "session_token"):
            value = getattr(self, key)
            if value is not None and (problem := "empty" if not value else value_problem(value)):
                yield Finding((*where, key), problem)

    def signing(self) -> Signing:
        region, service = (one or (several[0] if several else "") for one, several in self._scopes())
        keys = Keys(self.access_key, self.secret_key, self.session_token, region, service)
        regions, services = (frozenset([one, *several] if one else several) for one, several in self._scopes())
        algorithm = ALGORITHMS[self.name]
        usual = "unsigned" if services == {"s3"} else algorithm.bodies[0]  # S3 alone has that form at AWS
        return Signing(self.name, algorithm, keys, regions, services, (self.body or usual) == "buffer")

    def _scopes(self) -> tuple[tuple[str | None, list[str]], ...]:
        return (self.region, self.regions), (self.service, self.services)


class SignedProvider(ProviderCommon):
    scheme: Literal["signed"]
    sign: Sign

    @property
    def effective_inject(self) -> Inject:
        return Inject()

    @property
    def default_refusals(self) -> tuple[RefusalRule, ...]:
        """None: there is no other key to try."""
        return ()

    def unfilled(self, name: str) -> str | None:  # noqa: ARG002 -- whatever it is
        return "a signature is no token that could stand somewhere else"

    def check(self, where: Where) -> Iterator[Finding]:
        yield from self.sign.check((*where, "sign"))
        if "inject" in self.model_fields_set:
            yield Finding(
                (*where, "inject"), "a signature has its own place; fixed headers go into the route's headers.set"
            )


@dataclass(frozen=True, slots=True)
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

    def placing(self, inject: Inject, path: tuple[Template, ...]) -> Signing:  # noqa: ARG002 -- refused before
        return self.signing
