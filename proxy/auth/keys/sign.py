"""By what a request is signed: the keys of `sign`, on a provider and on a login's request.

Owns: what of them an algorithm needs. Must not know: how anything is signed. No finding quotes a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import model_validator

from proxy.auth.keys.digest import Digest
from proxy.auth.placing.signing import Signing
from proxy.auth.signing.request import Algorithm, Keys
from proxy.auth.signing.vendors import ALGORITHMS
from proxy.http.grammar import value_problem
from proxy.values.kinds import Secretive, Texts
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
    "qiniu",
    "digest",
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
    digest: Digest | None = None

    @model_validator(mode="after")
    def described(self) -> Sign:
        if (self.name == "digest") != (self.digest is not None):
            raise ValueError("`name: digest` and the key digest go together")
        return self

    @property
    def algorithm(self) -> Algorithm:
        """Raises ValueError for a digest whose texts are no templates, or a secret that is no key for it."""
        return ALGORITHMS[self.name] if self.digest is None else self.digest.algorithm(self.secret_key)

    def check(self, where: Where) -> Iterator[Finding]:
        if self.digest is not None and (wrong := list(self.digest.check((*where, "digest")))):
            yield from wrong
            return
        try:
            algorithm = self.algorithm
        except ValueError as error:
            yield Finding((*where, "secret_key"), str(error))
            return
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
            if key == "secret_key" and self.digest is not None and self.digest.rsa:
                continue  # a key of several lines, which is never sent
            if value is not None and (problem := "empty" if not value else value_problem(value)):
                yield Finding((*where, key), problem)

    def signing(self) -> Signing:
        region, service = (one or (several[0] if several else "") for one, several in self._scopes())
        keys = Keys(self.access_key, self.secret_key, self.session_token, region, service)
        regions, services = (frozenset([one, *several] if one else several) for one, several in self._scopes())
        algorithm = self.algorithm
        usual = "unsigned" if services == {"s3"} else algorithm.bodies[0]  # S3 alone has that form at AWS
        return Signing(self.name, algorithm, keys, regions, services, (self.body or usual) == "buffer")

    def _scopes(self) -> tuple[tuple[str | None, list[str]], ...]:
        return (self.region, self.regions), (self.service, self.services)
