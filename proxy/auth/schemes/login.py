"""Any one HTTP exchange that ends in a token: AK/SK endpoints, client-key sessions and the like, with no code.

Owns: the request, built once. Must not know: how it's sent, or what its reply means.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from proxy.auth.inject import encode_form, encode_query
from proxy.auth.paths import as_text
from proxy.auth.reply import ReplyReader
from proxy.auth.schemes.identity import digest, reading
from proxy.auth.token import Consent, Flow, IssuerRequest, Tls
from proxy.config.model import IssuerProvider, LoginProvider, TokenRequest
from proxy.http.grammar import TOKEN


@dataclass(frozen=True, slots=True)
class LoginScheme:
    identity: str
    request: IssuerRequest
    reader: ReplyReader = field(repr=False)
    secrets: frozenset[str] = field(repr=False)

    @classmethod
    def compile(cls, provider: LoginProvider, secrets: frozenset[str]) -> LoginScheme:
        """`secrets` are the provider's, to be kept out of messages. Raises ValueError if it can't be sent or read."""
        tls = tls_of(provider)
        consent = Consent.of(provider.request.url, private=provider.private, plain_http=provider.plain_http)
        parts = ("login", provider.request.model_dump(), reading(provider.reply, provider.ttl))
        return cls(
            # certificates count only where there are some: the tokens that stores hold keep their names
            digest(*parts) if tls is None else digest(*parts, tls._asdict()),
            replace(build(provider.request), tls=tls, consent=consent),
            ReplyReader.compile(provider.reply, provider.ttl, bearer=sent_as_bearer(provider)),
            secrets,
        )

    @property
    def one_shot(self) -> bool:
        return False

    def login(self, wall: float, refresh_token: str | None) -> Flow:
        reply = yield self.request
        known = self.secrets if refresh_token is None else self.secrets | {refresh_token}
        return self.reader.read(reply, wall, known)


def build(request: TokenRequest) -> IssuerRequest:
    kind, body = _body(request)
    defaults = {"Accept": "application/json"} | ({"Content-Type": kind} if kind else {})
    given = {name.lower() for name in request.headers}
    headers = {name: value for name, value in defaults.items() if name.lower() not in given} | request.headers
    return IssuerRequest(
        request.method, with_query(request.url, request.query), tuple(map(_checked, headers.items())), body
    )


def tls_of(provider: IssuerProvider) -> Tls | None:
    tls = Tls(provider.tls.cert, provider.tls.key, provider.tls.ca)
    return tls if any(tls) else None


def sent_as_bearer(provider: IssuerProvider) -> bool:
    """Nobody has said where the token goes."""
    return "inject" not in provider.model_fields_set


def with_query(url: str, query: Mapping[str, Any]) -> str:
    """The URL with these parameters behind those that it has; a fragment is never sent."""
    url = url.partition("#")[0]
    added = encode_query(text_pairs(query)).decode("ascii")
    if not added:
        return url
    return url + ("?" if "?" not in url else "" if url.endswith(("?", "&")) else "&") + added


def text_pairs(scalars: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, as_text(value) or "") for name, value in scalars.items()]


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
