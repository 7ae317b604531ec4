"""`scheme: login`, any one HTTP exchange that ends in a token: AK/SK endpoints, client-key sessions and the like.

Owns: the request, built once. Must not know: how it's sent, or what its reply means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from proxy.auth.keys.provider import Inject
from proxy.auth.placing.draft import Placing
from proxy.auth.placing.inject import Injection
from proxy.auth.placing.signing import Signing
from proxy.auth.reading.reply import ReplyReader
from proxy.auth.schemes.identity import digest, reading
from proxy.auth.schemes.login.asked import build
from proxy.auth.schemes.login.carried import Carried
from proxy.auth.schemes.login.keys import LoginProvider, TokenRequest
from proxy.auth.schemes.request import signed
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.token import Consent, Flow, IssuerRequest
from proxy.values.template import Template


@dataclass(frozen=True, slots=True)
class LoginScheme(Scheme):
    """`written` makes the request anew where it carries something that is there for this one alone. `signing` is the
    request's, `keyed` that of requests to the API, by keys of the reply.
    """

    identity: str
    request: IssuerRequest
    written: TokenRequest = field(repr=False)
    carried: Carried = field(repr=False)
    reader: ReplyReader = field(repr=False)
    secrets: frozenset[str] = field(repr=False)
    signing: Signing | None = field(default=None, repr=False)
    keyed: Signing | None = field(default=None, repr=False)

    @classmethod
    def compile(cls, provider: LoginProvider, secrets: frozenset[str]) -> LoginScheme:
        """`secrets` are the provider's, to be kept out of messages. Raises ValueError if it can't be sent or read."""
        tls, consent = provider.certificates, provider.consent(provider.request.url)
        sign, keyed = provider.request.sign, provider.sign
        reply = provider.reply if keyed is None else keyed.over(provider.reply)
        asked = provider.request.model_dump(exclude={"sign"} if sign is None else None)
        parts = ("login", asked, reading(reply, provider.ttl), *provider.carried_parts)
        return cls(
            # certificates count only where there are some: the tokens that stores hold keep their names
            digest(*parts) if tls is None else digest(*parts, tls._asdict()),
            replace(build(provider.request), tls=tls, consent=consent),
            provider.request,
            provider.carried,
            ReplyReader.compile(reply, provider.ttl, bearer=provider.sent_as_bearer),
            secrets,
            None if sign is None else sign.signing(),
            None if keyed is None else keyed.signing(),
        )

    @property
    def consent(self) -> Consent:
        return self.request.consent

    def placing(self, inject: Inject, path: tuple[Template, ...]) -> Placing:
        return Injection.compile(inject, None, path) if self.keyed is None else self.keyed

    def login(self, wall: float, refresh_token: str | None) -> Flow:
        texts = yield from self.carried.texts(wall)
        request = self._carrying(texts) if texts else self.request
        reply = yield request if self.signing is None else signed(request, self.signing, wall)
        known = self.secrets if refresh_token is None else self.secrets | {refresh_token}
        return self.reader.read(reply, wall, known | set(texts.values()))

    def _carrying(self, texts: Mapping[str, str]) -> IssuerRequest:
        return replace(build(self.written.filled(texts)), tls=self.request.tls, consent=self.request.consent)
