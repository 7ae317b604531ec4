"""The config language of DESIGN §2 as a validated, frozen model.

Owns: which keys exist, their types and defaults; `keyless schema` is printed from here. Must not know: files, the
environment, YAML, or what a value is used for. The loader hands in plain mappings whose `${...}` are resolved and
whose presets are merged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from proxy.config import units


def _as_written(written: object) -> object:
    """The loader's floats know their text: a parameter `1.10` must not become 1.1."""
    return str(written) if isinstance(written, float) and str(written) != repr(written) else written


Scalar = Annotated[str | int | float | bool, BeforeValidator(_as_written)]

Duration = Annotated[
    float,
    BeforeValidator(units.duration),
    WithJsonSchema({"type": ["string", "number"], "pattern": units.DURATION}),
]
Size = Annotated[
    int,
    BeforeValidator(units.size),
    WithJsonSchema({"type": ["string", "integer"], "pattern": units.SIZE}),
]


def _as_list(written: object) -> object:
    return written if isinstance(written, list) else [written]


def _scopes(written: object) -> object:
    """A text holds as many as it has words, as in OAuth's own `scope`."""
    return written.split() if isinstance(written, str) else written


def _url(written: str) -> str:
    if re.fullmatch(r"https?://[^/\s?#@\x00-\x1f\x7f]+([/?#][^\s\x00-\x1f\x7f]*)?", written) and _reachable(written):
        return written
    raise ValueError("expected an absolute http(s) URL")


def _reachable(url: str) -> bool:
    """Whether its host and port can be spoken of in DNS and TCP at all."""
    try:
        parts = urlsplit(url)
        return bool((parts.hostname or "").encode("idna")) and parts.port != 0
    except ValueError:
        return False


def _regex(written: str) -> str:
    try:
        re.compile(written)
    except re.error as error:
        where = "" if error.pos is None else f", this one breaks at character {error.pos + 1}"
        # not the error's own text: it may quote the pattern
        raise ValueError(f"expected a regular expression{where}") from None
    return written


def _prefix(written: str) -> str:
    if not re.fullmatch(r"/([A-Za-z0-9._~!$&'()*+,;=:@-]+(/[A-Za-z0-9._~!$&'()*+,;=:@-]+)*)?", written):
        raise ValueError("expected a path prefix such as /openai, without a slash at its end")
    return written


def _method(written: str) -> str:
    if not re.fullmatch(r"[A-Za-z]+", written):
        raise ValueError("expected an HTTP method such as GET")
    return written.upper()


def _origin(written: str) -> str:
    if not re.fullmatch(r"https?://[^/\s?#@]+", written):
        raise ValueError("expected an origin such as https://app.example.com")
    return written.lower()


Url = Annotated[str, AfterValidator(_url)]
Regex = Annotated[str, AfterValidator(_regex)]
Prefix = Annotated[str, AfterValidator(_prefix)]
Method = Annotated[str, AfterValidator(_method)]
Origin = Annotated[str, AfterValidator(_origin)]


def _one_or_more(*types: str) -> WithJsonSchema:
    return WithJsonSchema({"type": [*types, "array"], "items": {"type": list(types)}})


OneOrMore = Annotated[list[Scalar], BeforeValidator(_as_list), _one_or_more("string", "integer", "number", "boolean")]
Texts = Annotated[list[str], BeforeValidator(_as_list), _one_or_more("string")]
Scopes = Annotated[list[str], BeforeValidator(_scopes), _one_or_more("string")]
Statuses = Annotated[list[Annotated[int, Field(ge=100, le=599)]], BeforeValidator(_as_list), _one_or_more("integer")]


class Strict(BaseModel):
    """Unknown keys are errors, nothing changes after load, and no error message repeats a value."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True)


# ---------------------------------------------------------------------------------------------- providers


class Secretive(Strict):
    """A model whose values may be secrets: its repr shows none of them."""

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield from ()


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


class IssuerTls(Strict):
    """PEM files, relative to the config: a certificate of ours with its key (RFC 8705), and the roots to trust."""

    cert: str | None = None
    key: str | None = None
    ca: str | None = None

    @model_validator(mode="after")
    def together(self) -> IssuerTls:
        if self.key is not None and self.cert is None:
            raise ValueError("key needs cert")
        return self


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


class OAuth2Provider(ProviderCommon):
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
    tls: IssuerTls = IssuerTls()
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


class LoginProvider(ProviderCommon):
    scheme: Literal["login"]
    request: TokenRequest
    reply: ReplyMap = ReplyMap()


Provider = Annotated[StaticProvider | OAuth2Provider | LoginProvider, Field(discriminator="scheme")]

# ---------------------------------------------------------------------------------------------- routes


class HeaderEdits(Secretive):
    set: dict[str, str] = {}
    remove: Texts = []


class Timeout(Strict):
    connect: Duration = 10.0
    head: Duration = 600.0
    idle: Duration = 300.0


class Replay(Strict):
    max_body: Size = 1024 * 1024


class Route(Secretive):
    """`provider: none` forwards without a credential; it must be said, never happens by omission (TRAPS 28)."""

    upstream: Url
    provider: str
    methods: list[Method] | None = None
    paths: Texts | None = None
    keep_prefix: bool = False
    headers: HeaderEdits = HeaderEdits()
    reply_headers: HeaderEdits = HeaderEdits()
    timeout: Timeout = Timeout()
    replay: Replay = Replay()
    cookies: Literal["drop", "pass"] = "drop"
    cors: Literal["proxy", "pass"] = "proxy"
    scrub: Literal["bodies", "strict", "headers"] = "bodies"
    stand_in: bool = False
    require_scope: Scopes | None = None


# ---------------------------------------------------------------------------------------------- the rest


class Client(Secretive):
    """`key` is `sha256:` and 64 hex digits, or the key itself (from `${...}`).

    `read_tokens`: the providers whose tokens it may have, or all of them.
    """

    name: str
    key: str
    routes: list[Prefix] | None = None
    methods: list[Method] | None = None
    origins: list[Origin] | None = None
    read_tokens: bool | list[str] = False


class Browser(Strict):
    origins: list[Origin] | None = None
    hosts: Texts | None = None


class Admin(Secretive):
    path: Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~-]+/$")] = "/-/"
    key: str | None = None


class Limits(Strict):
    max_body: Size | None = None
    max_header: Size = 32 * 1024
    max_connections: int = Field(default=10_000, ge=1)


class Log(Strict):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"
    access: bool = True


def _store(written: str) -> str:
    if not re.fullmatch(r"memory|file:\S.*|rediss?://\S+", written):
        raise ValueError("expected memory, file:DIR, redis://... or rediss://...")
    return written


class Config(Strict):
    """One whole config file, includes merged."""

    listen: Texts = ["127.0.0.1:8080"]
    providers: dict[str, Provider] = {}
    routes: dict[Prefix, Route] = {}
    clients: list[Client] = []
    browser: Browser = Browser()
    anyone: bool = False
    strict: bool = False
    forwarded: bool = False
    store: Annotated[str, AfterValidator(_store)] = Field("memory", repr=False)
    store_key: Texts | None = Field(None, repr=False)
    workers: Annotated[int, Field(ge=1, le=64)] | Literal["auto"] = 1
    admin: Admin = Admin()
    limits: Limits = Limits()
    log: Log = Log()
