"""`scheme: login`, any one HTTP exchange that ends in a token: AK/SK endpoints, client-key sessions and the like.

Owns: its keys, and the request, built once. Must not know: how it's sent, or what its reply means.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from proxy.auth.keys.reply import ReplyMap
from proxy.auth.keys.sign import Sign
from proxy.auth.placing.inject import encode_form
from proxy.auth.placing.signing import Signing
from proxy.auth.reading.reply import ReplyReader
from proxy.auth.schemes.carried import Carried, CarryingProvider, filled
from proxy.auth.schemes.identity import digest, reading
from proxy.auth.schemes.request import signed, text_pairs, with_query
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.token import Consent, Flow, IssuerRequest
from proxy.http.grammar import TOKEN, field_problem
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


class LoginProvider(CarryingProvider):
    fillers: ClassVar[Mapping[str, Any]] = {"request": {"url": UNSET}}

    scheme: Literal["login"]
    request: TokenRequest
    reply: ReplyMap = ReplyMap()

    def check(self, where: Where) -> Iterator[Finding]:
        yield from self.check_url((*where, "request", "url"), self.request.url)
        yield from self.request.check((*where, "request"))
        yield from self.check_carried(where, self.request.model_dump(exclude={"sign", "url"}))
        yield from self.reply.check((*where, "reply"))


@dataclass(frozen=True, slots=True)
class LoginScheme(Scheme):
    """`written` makes the request anew where it carries something that is there for this one alone."""

    identity: str
    request: IssuerRequest
    written: TokenRequest = field(repr=False)
    carried: Carried = field(repr=False)
    reader: ReplyReader = field(repr=False)
    secrets: frozenset[str] = field(repr=False)
    signing: Signing | None = field(default=None, repr=False)

    @classmethod
    def compile(cls, provider: LoginProvider, secrets: frozenset[str]) -> LoginScheme:
        """`secrets` are the provider's, to be kept out of messages. Raises ValueError if it can't be sent or read."""
        tls, consent = provider.certificates, provider.consent(provider.request.url)
        sign = provider.request.sign
        asked = provider.request.model_dump(exclude={"sign"} if sign is None else None)
        parts = ("login", asked, reading(provider.reply, provider.ttl), *provider.carried_parts)
        return cls(
            # certificates count only where there are some: the tokens that stores hold keep their names
            digest(*parts) if tls is None else digest(*parts, tls._asdict()),
            replace(build(provider.request), tls=tls, consent=consent),
            provider.request,
            provider.carried,
            ReplyReader.compile(provider.reply, provider.ttl, bearer=provider.sent_as_bearer),
            secrets,
            None if sign is None else sign.signing(),
        )

    @property
    def consent(self) -> Consent:
        return self.request.consent

    def login(self, wall: float, refresh_token: str | None) -> Flow:
        texts = yield from self.carried.texts(wall)
        request = self._carrying(texts) if texts else self.request
        reply = yield request if self.signing is None else signed(request, self.signing, wall)
        known = self.secrets if refresh_token is None else self.secrets | {refresh_token}
        return self.reader.read(reply, wall, known | set(texts.values()))

    def _carrying(self, texts: Mapping[str, str]) -> IssuerRequest:
        return replace(build(self.written.filled(texts)), tls=self.request.tls, consent=self.request.consent)


def build(request: TokenRequest) -> IssuerRequest:
    kind, body = _body(request)
    defaults = {"Accept": "application/json"} | ({"Content-Type": kind} if kind else {})
    given = {name.lower() for name in request.headers}
    headers = {name: value for name, value in defaults.items() if name.lower() not in given} | request.headers
    return IssuerRequest(
        request.method, with_query(request.url, request.query), tuple(map(_checked, headers.items())), body
    )


def _body(request: TokenRequest) -> tuple[str | None, bytes | None]:
    if request.json_ is not None:
        return "application/json", json.dumps(request.json_, ensure_ascii=False, default=str).encode()
    if request.form is not None:
        return "application/x-www-form-urlencoded", encode_form(text_pairs(request.form))
    return None, None if request.body is None else request.body.encode()


def _checked(header: tuple[str, str]) -> tuple[str, str]:
    if not TOKEN.fullmatch(header[0]):
        raise ValueError(f"request.headers: {header[0]!r} is no header name")
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", header[1]):
        raise ValueError(f"request.headers.{header[0]}: holds characters that no header can carry")
    return header
