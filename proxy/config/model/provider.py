"""Providers: how a credential is got, where it goes, how its death shows (docs/config.md#providers)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from proxy.config.model.tls import TlsFiles
from proxy.config.model.values import (
    Duration,
    Method,
    OneOrMore,
    Regex,
    Scalar,
    Secretive,
    Statuses,
    Strict,
    Texts,
    Url,
)


class TokenRequest(Secretive):
    """The HTTP request that asks for a token. At most one of json, form and body."""

    method: Method = "POST"
    url: Url
    query: dict[str, Scalar] = {}
    headers: dict[str, str] = {}
    json_: Any = Field(default=None, alias="json")
    form: dict[str, Scalar] | None = None
    body: str | None = None

    @model_validator(mode="after")
    def one_body(self) -> TokenRequest:
        if sum(part is not None for part in (self.json_, self.form, self.body)) > 1:
            raise ValueError("give one of json, form and body, not several")
        return self


class ExpiresIn(Strict):
    path: str
    unit: Literal["ms", "s", "minutes", "hours"] = "s"


class ExpiresAt(Strict):
    path: str
    unit: Literal["s", "ms", "iso"] = "s"


class ErrorRule(Strict):
    """How one documented error of the issuer is classed, and what the operator should do about it."""

    status: Statuses | None = None
    json_: dict[str, OneOrMore] | None = Field(default=None, alias="json")
    message: dict[str, Regex] | None = None
    body: Texts | None = None
    class_: Literal["passing", "credential", "login"] = Field(default="passing", alias="class")
    hint: str | None = None


class ReplyMap(Strict):
    """Where the parts of the issuer's reply are: JMESPath into its JSON, or `header:NAME`."""

    ok: dict[str, OneOrMore] = {}
    token: str = "access_token"  # noqa: S105 -- the name of a reply field
    expires_in: str | ExpiresIn | None = None
    expires_at: str | ExpiresAt | None = None
    refresh_in: str | None = None
    refresh_token: str | None = None
    scope: str | None = None
    error: str | None = None
    errors: list[ErrorRule] = []


class Inject(Secretive):
    """Where the credential goes: templates over {token}, {basic} and {reply.PATH}, by the place's name."""

    header: dict[str, str] = {}
    query: dict[str, str] = {}
    cookie: dict[str, str] = {}
    json_: dict[str, str] = Field(default={}, alias="json")
    form: dict[str, str] = {}


class RefusalRule(Strict):
    """All keys of a rule must match."""

    status: Statuses | None = None
    header: dict[str, str] | None = None
    json_: dict[str, OneOrMore] | None = Field(default=None, alias="json")
    message: dict[str, Regex] | None = None
    body: Texts | None = None
    content_type: str | None = None
    older_than: Duration | None = None
    safe_only: bool = False


class Refresh(Strict):
    before: Duration | None = None
    min_interval: Duration | None = None


class StandIn(Strict):
    """The token endpoint that the proxy plays for SDKs that insist on one; `{placeholder}` in the reply."""

    path: str
    reply: dict[str, Any]


class ProviderCommon(Secretive):
    use: str | None = None
    inject: Inject = Inject(header={"Authorization": "Bearer {token}"})
    refused: list[RefusalRule] | None = None
    refresh: Refresh = Refresh()
    ttl: Duration | None = None
    exclusive: bool = False
    stand_in: StandIn | None = None

    @property
    def effective_inject(self) -> Inject:
        """Where the credential goes if the route says nothing else."""
        return self.inject


class IssuerProvider(ProviderCommon):
    """A provider that asks an issuer: where its requests may go, and over what."""

    private: bool = False
    plain_http: bool = False
    tls: TlsFiles = TlsFiles()


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


_OAUTH2_REPLY: dict[str, Any] = {
    "expires_in": "expires_in",
    "refresh_token": "refresh_token",
    "scope": "scope",
    "error": "error_description",
}


def _over_oauth2(written: object) -> object:
    """What RFC 6749 §5 calls the parts of a reply holds for those that the user does not name."""
    return _OAUTH2_REPLY | written if isinstance(written, dict) else written


class Assertion(Secretive):
    """The JWT that `grant: jwt_bearer` presents (RFC 7523 §3). Unsaid, the client speaks for itself."""

    issuer: str | None = None
    subject: str | None = None
    audience: str | None = None
    claims: dict[str, Any] = {}
    lifetime: Duration = 300.0


_GRANT_NEEDS: dict[str, tuple[tuple[str, ...], ...]] = {
    # every group needs one of its keys
    "refresh_token": (("refresh_token",),),
    "authorization_code": (("authorization_url", "issuer"),),
    "device_code": (("device_url", "issuer"),),
    "password": (("username",), ("password",)),
    "jwt_bearer": (("private_key",),),
    "token_exchange": (("subject_token",),),
}
_CLIENT_AUTH_NEEDS = {
    "basic": "client_secret",
    "post": "client_secret",
    "client_secret_jwt": "client_secret",
    "private_key_jwt": "private_key",
}


class OAuth2Provider(IssuerProvider):
    scheme: Literal["oauth2"]
    grant: Literal[
        "client_credentials",
        "refresh_token",
        "authorization_code",
        "device_code",
        "password",
        "jwt_bearer",
        "token_exchange",
    ] = "client_credentials"
    token_url: Url | None = None
    issuer: Url | None = None
    client_id: str
    client_secret: str | None = None
    client_auth: Literal["basic", "post", "private_key_jwt", "client_secret_jwt", "none"] = "basic"
    private_key: str | None = None
    key_id: str | None = None
    algorithm: Literal["RS256", "PS256", "ES256", "EdDSA"] = "RS256"
    auth_audience: str | None = None
    refresh_token: str | None = None
    authorization_url: Url | None = None
    authorization_params: dict[str, Scalar] = {}
    redirect_port: int = Field(default=0, ge=0, le=65535)
    device_url: Url | None = None
    revocation_url: Url | None = None
    username: str | None = None
    password: str | None = None
    assertion: Assertion = Assertion()
    subject_token: str | None = None
    subject_token_type: str = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 -- RFC 8693's name of a type
    requested_token_type: str | None = None
    actor_token: str | None = None
    actor_token_type: str = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 -- likewise
    resource: str | None = None
    scope: str | list[str] | None = None
    audience: str | None = None
    params: dict[str, Scalar] = {}
    reply: Annotated[ReplyMap, BeforeValidator(_over_oauth2)] = ReplyMap(**_OAUTH2_REPLY)

    @model_validator(mode="after")
    def complete(self) -> OAuth2Provider:
        if (self.token_url is None) == (self.issuer is None):
            raise ValueError("give either token_url or issuer")
        needed = _CLIENT_AUTH_NEEDS.get(self.client_auth)
        if needed is not None and getattr(self, needed) is None:
            raise ValueError(f"client_auth {self.client_auth} needs {needed}")
        for group in _GRANT_NEEDS.get(self.grant, ()):
            if all(getattr(self, key) is None for key in group):
                raise ValueError(f"grant {self.grant} needs {' or '.join(group)}")
        return self

    @property
    def by_person(self) -> bool:
        """Someone has to log in first, with `keyless login`."""
        return self.grant in ("authorization_code", "device_code")


class LoginProvider(IssuerProvider):
    scheme: Literal["login"]
    request: TokenRequest
    reply: ReplyMap = ReplyMap()


Provider = Annotated[StaticProvider | OAuth2Provider | LoginProvider, Field(discriminator="scheme")]
