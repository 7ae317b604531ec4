"""MCP: the server names its issuer, a person logs in there, and what follows is OAuth 2.0 like any other.

Owns: the order of discovery, and the OAuth provider that a login leads to. Must not know: sockets, stores. A refresh
token goes to the issuer that gave it, whatever the server says later.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from proxy.auth.schemes.identity import digest
from proxy.auth.schemes.mcp.client import given_auth, given_client, register
from proxy.auth.schemes.mcp.keys import McpProvider
from proxy.auth.schemes.mcp.server import Asked, ask_issuer, ask_server, login_page, metadata_urls
from proxy.auth.schemes.oauth2.discovery import Endpoints, Finding, Places
from proxy.auth.schemes.oauth2.keys import OAuth2Provider
from proxy.auth.schemes.oauth2.scheme import LOGIN_HINT, OAuth2Scheme
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.token import Consent, Flow, Registration
from proxy.errors import FailureClass, IssuerError
from proxy.values.secret import Secret

_OF_CLIENT = ("invalid_client", "unauthorized_client")


@dataclass(slots=True)
class Client(OAuth2Scheme):
    """What a login has led to. `registered_for_it`: the client is that login's alone, and known to nobody else."""

    registered_for_it: bool = field(default=False, init=False)

    @property
    def registration(self) -> Registration:
        """Without what the config says."""
        own = self.provider
        if not self.registered_for_it:
            return Registration(own.issuer or "", own.client_id)
        return Registration(own.issuer or "", own.client_id, own.client_secret, own.client_auth)

    @property
    def places(self) -> Places:
        return metadata_urls

    def login(self, wall: float, refresh_token: str | None) -> Flow:
        try:
            return (yield from OAuth2Scheme.login(self, wall, refresh_token))
        except IssuerError as error:
            if self.registered_for_it and error.error in _OF_CLIENT:
                error.failure = FailureClass.LOGIN
                error.hint = f"The issuer no longer knows the client that was registered. {LOGIN_HINT}"
            raise


@dataclass(slots=True)
class McpScheme(Scheme):
    """`client` is what the last login known has led to."""

    identity: str
    provider: McpProvider = field(repr=False)
    consent: Consent = field()  # a dataclass would take Scheme's answer for a default
    secrets: frozenset[str] = field(repr=False)
    client: Client | None = field(default=None, init=False, repr=False)

    @classmethod
    def compile(cls, provider: McpProvider, secrets: frozenset[str]) -> McpScheme:
        """`secrets` are the provider's, to be kept out of messages."""
        scope = " ".join(provider.scope) if isinstance(provider.scope, list) else provider.scope
        client = (provider.client_id, provider.client_metadata)
        identity = digest("mcp", provider.url, provider.named, scope, client, provider.ttl)
        return cls(identity, provider, provider.consent(provider.url), secrets)

    @property
    def one_shot(self) -> bool:
        return True

    @property
    def discovers(self) -> bool:
        return self.client is None or self.client.discovers

    @property
    def by_person(self) -> McpScheme:
        return self

    @property
    def by_device(self) -> bool:
        return False

    @property
    def redirect_port(self) -> int:
        return self.provider.redirect_port

    def login(self, wall: float, refresh_token: str | None) -> Flow:  # noqa: ARG002 -- without a client there is none
        raise IssuerError(FailureClass.LOGIN, "nobody has logged in yet", hint=LOGIN_HINT)

    def registered(self, registration: Registration | None) -> Scheme:
        return self.client_of(registration) or self

    def client_of(self, registration: Registration | None) -> Client | None:
        if registration is not None and (self.client is None or self.client.registration != registration):
            self.client = self._client(registration)
        return None if registration is None else self.client

    def endpoints(self, wall: float) -> Finding[Endpoints]:
        asked = Asked(self.provider.url, self.provider.named, wall, self.provider.certificates, self.consent)
        server = yield from ask_server(asked)
        endpoints = yield from ask_issuer(server.issuer, asked)
        return endpoints._replace(scope=server.scope)

    def strangers(self, endpoints: Endpoints) -> tuple[str, ...]:
        """What the issuer's metadata names, but for the registration, which is asked before the person is."""
        return login_page(endpoints), endpoints.token

    def as_client(self, endpoints: Endpoints, redirect_uri: str, wall: float) -> Finding[Client]:
        registration = given_client(self.provider, endpoints)
        if registration is None:
            tls = self.provider.certificates
            registration = yield from register(endpoints, redirect_uri, wall, tls, self.consent)
        return self._client(registration, _scope(endpoints))

    def _client(self, registration: Registration, scope: str | None = None) -> Client:
        """`scope` is what is asked for where the config says nothing."""
        given = self.provider
        configured = given.client_id is not None
        secret = given.client_secret if configured else registration.client_secret
        known = {
            "scheme": "oauth2",
            "grant": "authorization_code",
            "issuer": registration.issuer,
            "client_id": registration.client_id,
            "client_secret": secret,
            "client_auth": given_auth(given) if configured else registration.client_auth,
            "scope": given.scope or scope,
            "resource": given.named,
            "params": _always(registration, given),
        }
        provider = OAuth2Provider.model_validate(given.as_written | known)
        client = Client.compile(provider, self.secrets | ({Secret(secret)} if secret else set()))
        client.consent = self.consent  # the issuer's host is not one that the config spells out
        client.registered_for_it = not configured and registration.client_id != given.client_metadata
        return client


def _always(registration: Registration, given: McpProvider) -> dict[str, str]:
    """What each request to the token endpoint holds (RFC 8707 §2.2). The SDK's servers read the id from the form, also
    where it stands in `Authorization`.
    """
    return {"resource": given.named, "client_id": registration.client_id}


def _scope(endpoints: Endpoints) -> str | None:
    """With a word for a refresh token, where the issuer has one (OpenID Connect Core §11)."""
    words = (endpoints.scope or "").split()
    offered = endpoints.metadata.get("scopes_supported")
    if words and isinstance(offered, list) and "offline_access" in offered and "offline_access" not in words:
        words.append("offline_access")
    return " ".join(words) or None
