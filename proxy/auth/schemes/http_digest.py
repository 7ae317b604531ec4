"""`scheme: http_digest`, a user name and a password of which only a digest is sent, as the API's challenge asks for it.

Owns: its keys. Must not know: how a challenge is answered (auth/placing/challenged.py), or when. Nothing here can be
refreshed: a nonce that is too old is renewed by the API's next challenge.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import field
from typing import Literal

from proxy.auth.keys.provider import BY_STATUS, Inject, ProviderCommon, RefusalRule
from proxy.auth.placing.challenged import Challenged
from proxy.auth.schemes.identity import digest
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.signing.digest import latin
from proxy.auth.token import Flow, Minted, Token
from proxy.http.grammar import CONTROL
from proxy.values.now import Now
from proxy.values.record import record
from proxy.values.secret import Secret
from proxy.values.template import Template
from proxy.values.where import Finding, Where


class HttpDigestProvider(ProviderCommon):
    scheme: Literal["http_digest"]
    username: str
    password: str

    @property
    def effective_inject(self) -> Inject:
        return Inject()

    @property
    def default_refusals(self) -> tuple[RefusalRule, ...]:
        """None: there is no other credential to try."""
        return ()

    @property
    def effective_dead(self) -> list[RefusalRule]:
        """A 401 that no answer mends."""
        return list(BY_STATUS) if self.dead is None else self.dead

    def unfilled(self, name: str) -> str | None:  # noqa: ARG002 -- whatever it is
        return "a digest is no token that could stand somewhere else"

    def check(self, where: Where) -> Iterator[Finding]:
        for key, value in (("username", self.username), ("password", self.password)):
            if not value:
                yield Finding((*where, key), "empty")
            elif CONTROL.search(value):
                yield Finding((*where, key), "holds a line break or another control character; was it copied whole?")
        if ":" in self.username:
            yield Finding((*where, "username"), "can't hold a colon: it ends the name (RFC 7616 §3.4.4)")
        if "inject" in self.model_fields_set:
            yield Finding((*where, "inject"), "a digest has its own place; fixed headers go into the route's `headers`")


@record
class HttpDigestScheme(Scheme):
    identity: str
    password: str = field(repr=False)
    challenged: Challenged = field(repr=False)

    @classmethod
    def compile(cls, provider: HttpDigestProvider, secrets: frozenset[str]) -> HttpDigestScheme:  # noqa: ARG003 -- every scheme is made alike
        challenged = Challenged(latin(provider.username), latin(provider.password))
        identity = digest("http_digest", provider.username, provider.password)
        return cls(identity, Secret(provider.password), challenged)

    def start(self, now: Now) -> Token:
        return Token.eternal(self.password, now)

    def login(self, wall: float, refresh_token: str | None) -> Flow:  # noqa: ARG002 -- nobody is asked
        yield from ()
        return Minted(self.password, math.inf)

    def placing(self, inject: Inject, path: tuple[Template, ...]) -> Challenged:  # noqa: ARG002 -- refused before
        return self.challenged

    def token_type(self, token: Token) -> str:  # noqa: ARG002 -- there is but one
        return "Digest"
