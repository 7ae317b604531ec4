"""The keys of `scheme: login`, and the rules on them.

Must not know: how a request is built or sent. No finding quotes a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from proxy.auth.keys.reply import ReplyMap
from proxy.auth.keys.sign import Sign
from proxy.auth.keys.sign_by_reply import KeyedProvider
from proxy.auth.schemes.login.carried import CarryingProvider, filled
from proxy.http.grammar import field_problem
from proxy.values.kinds import UNSET, Method, Scalar, Secretive, Url
from proxy.values.where import Finding, Where


class TokenRequest(Secretive):
    """The HTTP request that asks for a token. At most one of json, form and body."""

    method: Method = "POST"
    url: Url
    query: dict[str, Scalar] = {}
    headers: dict[str, str] = {}
    json_: Any = Field(default=None, alias="json")
    form: dict[str, Scalar] | None = None
    body: str | None = None
    sign: Sign | None = None

    @model_validator(mode="after")
    def one_body(self) -> TokenRequest:
        if sum(part is not None for part in (self.json_, self.form, self.body)) > 1:
            raise ValueError("give one of json, form and body, not several")
        return self

    def filled(self, texts: Mapping[str, str]) -> TokenRequest:
        """With these texts where their names stand in braces."""
        parts = {name: filled(getattr(self, name), texts) for name in ("query", "headers", "json_", "form", "body")}
        return self.model_copy(update=parts)

    def check(self, where: Where) -> Iterator[Finding]:
        for name, value in self.headers.items():
            if problem := field_problem(name, value):
                yield Finding((*where, "headers", name), problem)
        if self.sign is not None:
            yield from self.sign.check((*where, "sign"))


class LoginProvider(KeyedProvider, CarryingProvider):
    """`sign`: the reply brings keys, by which requests are signed."""

    fillers: ClassVar[Mapping[str, Any]] = {"request": {"url": UNSET}}

    scheme: Literal["login"]
    request: TokenRequest
    reply: ReplyMap = ReplyMap()

    def check(self, where: Where) -> Iterator[Finding]:
        yield from self.check_url((*where, "request", "url"), self.request.url)
        yield from self.request.check((*where, "request"))
        yield from self.check_sign(where)
        yield from self.check_carried(where, self.request.model_dump(exclude={"sign", "url"}))
        yield from self.reply.check((*where, "reply"))
