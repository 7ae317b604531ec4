"""OAuth 2.0: any grant of `grants.py` with any proof of `client_auth.py`, at one token endpoint.

Owns: the token request as a whole, and where the endpoint is. Must not know: how it's sent, or when. Grants that need a
person (RFC 6749 §4.1, RFC 8628) live on the refresh token that `keyless login` has kept; without one nothing is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from proxy.auth.keys.provider import ProviderCommon
from proxy.auth.placing.inject import encode_form
from proxy.auth.reading.meaning import Advice
from proxy.auth.reading.reply import ReplyReader
from proxy.auth.schemes.identity import digest, reading
from proxy.auth.schemes.oauth2.assertion import Signer
from proxy.auth.schemes.oauth2.client_auth import ClientAuth, altered, client_pair, private_signer
from proxy.auth.schemes.oauth2.discovery import Endpoints, Finding, Places, find_endpoints, metadata_urls
from proxy.auth.schemes.oauth2.grants import GRANTS, Asked, Grant, scope_fields, scope_of
from proxy.auth.schemes.oauth2.keys import OAuth2Provider
from proxy.auth.schemes.request import Asking, text_pairs
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.scope import ungranted
from proxy.auth.token import Consent, Flow, IssuerRequest, Registration, Tls
from proxy.errors import FailureClass, IssuerError
from proxy.values.secret import Secret

if TYPE_CHECKING:  # whoever logs in has loaded them; others start without
    from proxy.auth.schemes.oauth2.authorize import Attempt
    from proxy.auth.schemes.oauth2.device import Device

LOGIN_HINT = "Run `keyless login NAME`, with the provider's name; the running proxy takes it over by itself."
_RAW_HINT = (
    "The id or the secret holds characters that Basic encodes (RFC 6749 §2.3.1): if both are right, the issuer may not "
    "decode them, and wants `client_auth: basic_raw`."
)

_NOT_OF_THE_TOKEN = frozenset((*ProviderCommon.model_fields, "scheme", "scope", "reply", "private", "plain_http"))
_OF_LOGIN_ONLY = frozenset(("refresh_token", "authorization_url", "redirect_port", "device_url", "revocation_url"))
_SECRET_FIELDS = frozenset(
    (
        *("refresh_token", "client_assertion", "assertion", "code", "code_verifier", "device_code", "token"),
        *("client_secret", "password", "subject_token", "actor_token"),
    )
)


@dataclass(slots=True)
class OAuth2Scheme(Scheme):
    """`known_url` is where the token endpoint was found last; it's forgotten when a login fails there.

    Asking an issuer for its metadata at each login would double the calls, and fail each time where only the second
    place has it (docs/traps.md 19).
    """

    identity: str
    provider: OAuth2Provider = field(repr=False)
    grant: Grant
    auth: ClientAuth = field(repr=False)
    signer: Signer | None = field(repr=False)
    tls: Tls | None
    consent: Consent = field()  # a dataclass would take Scheme's answer for a default
    reader: ReplyReader = field(repr=False)
    secrets: frozenset[str] = field(repr=False)
    known_url: str | None = field(default=None, init=False)

    @classmethod
    def compile(cls, provider: OAuth2Provider, secrets: frozenset[str]) -> Self:
        """`secrets` are the provider's, to be kept out of messages. Raises ValueError for what can't be read."""
        known, secret = provider.client_id, provider.client_secret
        pairs = {Secret(client_pair(known, secret, raw=raw)) for raw in (False, True)} if secret else set()
        return cls(
            _identity(provider),
            provider,
            GRANTS[provider.grant],
            ClientAuth.compile(provider),
            private_signer(provider) if provider.grant == "jwt_bearer" else None,
            provider.certificates,
            provider.consent(provider.token_url, provider.issuer, provider.device_url, provider.revocation_url),
            ReplyReader.compile(
                provider.reply,
                provider.ttl,
                provider.hosts,
                bearer=provider.sent_as_bearer,
                advice=_advice(provider),
            ),
            secrets | pairs,
        )

    @property
    def one_shot(self) -> bool:
        return self.provider.refreshes

    @property
    def refresh_token(self) -> str | None:
        return self.provider.refresh_token

    @property
    def asked_scope(self) -> str | None:
        return scope_of(self.provider)

    @property
    def discovers(self) -> bool:
        return (self.provider.token_url or self.known_url) is None

    @property
    def by_person(self) -> OAuth2Scheme | None:
        return self if self.provider.by_person else None

    @property
    def by_device(self) -> bool:
        return self.provider.grant == "device_code"

    @property
    def redirect_port(self) -> int:
        return self.provider.redirect_port

    def strangers(self, endpoints: Endpoints) -> tuple[str, ...]:  # noqa: ARG002 -- the config names the issuer itself
        return ()

    @property
    def places(self) -> Places:
        return metadata_urls

    @property
    def registration(self) -> Registration | None:
        """None where the config says as whom, and where."""
        return None

    def client_of(self, registration: Registration | None) -> OAuth2Scheme:  # noqa: ARG002 -- the config says it
        return self

    def as_client(self, endpoints: Endpoints, redirect_uri: str, wall: float) -> Finding[OAuth2Scheme]:  # noqa: ARG002
        yield from ()
        return self

    def login(self, wall: float, refresh_token: str | None) -> Flow:
        """`refresh_token` is the newest that the issuer gave; the config's own serves until there is one."""
        newest = refresh_token or self.provider.refresh_token
        if self.provider.by_person and refresh_token is None:
            raise IssuerError(FailureClass.LOGIN, "nobody has logged in yet", hint=LOGIN_HINT)
        url = yield from self._token_url(wall)
        fields = self.grant.fields(Asked(self.provider, self.signer, url, wall, newest))
        scope = scope_fields(self.provider) if self.grant.scoped else {}
        fields = {"grant_type": self.grant.name, **fields, **scope}
        return (yield from self._present(url, wall, fields, refreshing=self.one_shot))

    def authorization_url(self, endpoints: Endpoints, attempt: Attempt) -> str:
        from proxy.auth.schemes.oauth2.authorize import authorization_url  # noqa: PLC0415 -- only a person's login

        return authorization_url(self.provider, endpoints, attempt)

    def ask_code(self, endpoints: Endpoints, wall: float) -> Finding[Device]:
        from proxy.auth.schemes.oauth2 import device  # noqa: PLC0415 -- only a person's login

        fields = scope_fields(self.provider) | dict(text_pairs(self.provider.authorization_params))
        asking = self.ask(device.endpoint(endpoints), endpoints.token, wall, fields)
        return device.start(asking, self.reader.diagnosis, wall)

    def revoke(self, endpoints: Endpoints, token: str, kind: str, wall: float) -> Finding[None]:
        from proxy.auth.schemes.oauth2 import revoke  # noqa: PLC0415 -- only a person's logout

        asking = self.ask(revoke.endpoint(endpoints), endpoints.token, wall, {"token": token, "token_type_hint": kind})
        return revoke.revoke(asking, self.reader.diagnosis, wall)

    def redeem(self, token_url: str, wall: float, fields: Mapping[str, str]) -> Flow:
        """The end of a person's login: the code that it brought, for tokens (RFC 6749 §4.1.3, RFC 8628 §3.4)."""
        return (yield from self._present(token_url, wall, fields, refreshing=False))

    def endpoints(self, wall: float) -> Finding[Endpoints]:
        """Where a login and a logout take place: the config's word counts before the metadata's."""
        given = self.provider
        if given.issuer is None:
            return Endpoints(given.token_url or "", given.authorization_url, given.device_url, given.revocation_url)
        found = yield from find_endpoints(given.issuer, wall, self.tls, self.consent, self.places)
        return found._replace(
            authorization=given.authorization_url or found.authorization,
            device=given.device_url or found.device,
            revocation=given.revocation_url or found.revocation,
        )

    def ask(self, url: str, token_url: str, wall: float, fields: Mapping[str, str]) -> Asking:
        """A form with the client's proof. `params` come last, so that they may replace anything.

        WeChat's grant has a name of its own.
        """
        proof = self.auth.prove(token_url, wall)
        form = {**fields, **proof.fields, **dict(text_pairs(self.provider.params))}
        headers = (("Accept", "application/json"), ("Content-Type", "application/x-www-form-urlencoded"))
        body = encode_form(list(form.items()))
        request = IssuerRequest("POST", url, headers + proof.headers, body, self.tls, self.consent)
        return Asking(request, self.secrets | {value for name, value in form.items() if name in _SECRET_FIELDS})

    def _present(self, url: str, wall: float, fields: Mapping[str, str], *, refreshing: bool) -> Flow:
        asking = self.ask(url, url, wall, fields)
        reply = yield asking.request
        try:
            minted = self.reader.read(reply, wall, asking.hidden, refreshing=refreshing)
        except IssuerError as error:
            self.known_url = None
            if error.failure is FailureClass.LOGIN and self.provider.by_person:
                error.hint = f"The refresh token is no longer valid. {LOGIN_HINT}"
            raise
        self.known_url = url
        return replace(minted, lacks=ungranted(self.asked_scope, minted.scope))

    def _token_url(self, wall: float) -> Finding[str]:
        known = self.provider.token_url or self.known_url
        return known or (yield from self.endpoints(wall)).token


def _advice(provider: OAuth2Provider) -> Advice:
    encoded = provider.client_auth == "basic" and altered(provider.client_id, provider.client_secret)
    return Advice(provider.grant == "password", scope_of(provider) is None, _RAW_HINT if encoded else None)


def _identity(provider: OAuth2Provider) -> str:
    """Everything counts that isn't known to leave the token alone; a login lands in the cell that it was made for."""
    left_out = _NOT_OF_THE_TOKEN | (_OF_LOGIN_ONLY if provider.by_person else frozenset())
    known = provider.model_dump(exclude=set(left_out))
    return digest("oauth2", known, scope_of(provider), reading(provider.reply, provider.ttl, provider.hosts))
