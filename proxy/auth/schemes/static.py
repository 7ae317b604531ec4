"""`scheme: static`, a credential that the user already has: an API key, a token, or a user name with its password.

Owns: its keys, and what stands for `{token}` and `{basic}`. Must not know: where it goes. Nothing here can be
refreshed.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterator
from dataclasses import field
from typing import Literal

from pydantic import model_validator

from proxy.auth.keys.provider import BY_STATUS, Inject, ProviderCommon, RefusalRule
from proxy.auth.schemes.identity import digest
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.token import Flow, Minted, Token
from proxy.http.grammar import CONTROL, value_problem
from proxy.values.now import Now
from proxy.values.record import record
from proxy.values.secret import Secret, hidden
from proxy.values.where import Finding, Where


class StaticProvider(ProviderCommon):
    scheme: Literal["static"]
    token: str | None = None
    username: str | None = None
    password: str | None = None

    @model_validator(mode="after")
    def one_credential(self) -> StaticProvider:
        if (self.token is None) == (self.username is None and self.password is None):
            raise ValueError("give either token, or username and password")
        if self.token is None and (self.username is None or self.password is None):
            raise ValueError("username and password go together")
        return self

    @property
    def effective_inject(self) -> Inject:
        """A user name and a password that say nothing else go into `Authorization: Basic`."""
        if self.token is None and "inject" not in self.model_fields_set:
            return Inject(header={"Authorization": "Basic {basic}"})
        return self.inject

    @property
    def default_refusals(self) -> tuple[RefusalRule, ...]:
        """None: there is no other credential to try."""
        return ()

    @property
    def effective_dead(self) -> list[RefusalRule]:
        """A 401, which nothing here mends; by rules under `refused` somebody else does."""
        return list(BY_STATUS) if self.dead is None and not self.refused else super().effective_dead

    def unfilled(self, name: str) -> str | None:
        if name.startswith("reply."):
            return "a static provider has no reply to take {reply...} from"
        if name == "token" and self.token is None:
            return "{token} needs a token; with username and password there is {basic}"
        return None if name == "basic" and self.username is not None else super().unfilled(name)

    def check(self, where: Where) -> Iterator[Finding]:
        in_headers = self.effective_inject.header or self.effective_inject.cookie
        token = self.token
        if token is not None:
            if not token:
                yield Finding((*where, "token"), "empty")
            elif problem := value_problem(token if in_headers else re.sub(r"[^\x00-\x7f]", "", token)):
                yield Finding((*where, "token"), problem)
        for key, value in (("username", self.username), ("password", self.password)):
            if CONTROL.search(value or ""):
                yield Finding((*where, key), "holds a line break or another control character; was it copied whole?")
        if ":" in (self.username or ""):
            yield Finding((*where, "username"), "can't hold a colon: it ends the name in HTTP Basic (RFC 7617)")


@record
class StaticScheme(Scheme):
    """`credential` is the token or, without one, the base64 pair."""

    identity: str
    credential: str = field(repr=False)
    basic: str | None = field(repr=False)

    @classmethod
    def compile(cls, provider: StaticProvider, secrets: frozenset[str]) -> StaticScheme:  # noqa: ARG003 -- every scheme is made alike
        basic = None
        if provider.username is not None and provider.password is not None:
            basic = basic_pair(provider.username, provider.password)
        credential = Secret(provider.token or basic or "")
        return cls(digest("static", provider.token, basic), credential, hidden(basic))

    def start(self, now: Now) -> Token:
        return Token.eternal(self.credential, now)

    def token_type(self, token: Token) -> str:  # noqa: ARG002 -- there is but one
        return "Bearer" if self.basic is None else "Basic"

    def login(self, wall: float, refresh_token: str | None) -> Flow:  # noqa: ARG002 -- nobody is asked
        """Nothing is sent for what is there already."""
        yield from ()
        return Minted(self.credential, math.inf)


def basic_pair(username: str, password: str) -> str:
    """RFC 7617, in UTF-8."""
    return base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
