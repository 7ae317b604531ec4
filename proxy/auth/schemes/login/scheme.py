"""`scheme: login`, any one HTTP exchange that ends in a token: AK/SK endpoints, client-key sessions and the like.

Owns: the request, built once. Must not know: how it's sent, or what its reply means.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from proxy.auth.placing.signing import Signing
from proxy.auth.reading.reply import ReplyReader
from proxy.auth.schemes.identity import digest, reading
from proxy.auth.schemes.login.asked import build
from proxy.auth.schemes.login.keys import LoginProvider
from proxy.auth.schemes.request import signed
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.token import Consent, Flow, IssuerRequest


@dataclass(frozen=True, slots=True)
class LoginScheme(Scheme):
    identity: str
    request: IssuerRequest
    reader: ReplyReader = field(repr=False)
    secrets: frozenset[str] = field(repr=False)
    signing: Signing | None = field(default=None, repr=False)

    @classmethod
    def compile(cls, provider: LoginProvider, secrets: frozenset[str]) -> LoginScheme:
        """`secrets` are the provider's, to be kept out of messages. Raises ValueError if it can't be sent or read."""
        tls, consent = provider.certificates, provider.consent(provider.request.url)
        sign = provider.request.sign
        asked = provider.request.model_dump(exclude={"sign"} if sign is None else None)
        parts = ("login", asked, reading(provider.reply, provider.ttl))
        return cls(
            # certificates count only where there are some: the tokens that stores hold keep their names
            digest(*parts) if tls is None else digest(*parts, tls._asdict()),
            replace(build(provider.request), tls=tls, consent=consent),
            ReplyReader.compile(provider.reply, provider.ttl, bearer=provider.sent_as_bearer),
            secrets,
            None if sign is None else sign.signing(),
        )

    @property
    def consent(self) -> Consent:
        return self.request.consent

    def login(self, wall: float, refresh_token: str | None) -> Flow:
        reply = yield self.request if self.signing is None else signed(self.request, self.signing, wall)
        known = self.secrets if refresh_token is None else self.secrets | {refresh_token}
        return self.reader.read(reply, wall, known)
