"""The keys of `scheme: oauth2`, and the rules on them.

Owns: which grant and which proof need which keys. Must not know: requests. No finding quotes a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from proxy.auth.keys.issuer import IssuerProvider
from proxy.auth.keys.provider import ProviderCommon
from proxy.auth.keys.reply import ReplyMap
from proxy.values.kinds import UNSET, Duration, Scalar, Secretive, Url
from proxy.values.signing import signing_key
from proxy.values.where import Finding, Where

_OAUTH2_REPLY: dict[str, Any] = {
    "expires_in": "expires_in",
    "expires_at": "expires_at",
    "refresh_in": "refresh_in",
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
    "basic_raw": "client_secret",
    "post": "client_secret",
    "client_secret_jwt": "client_secret",
    "private_key_jwt": "private_key",
}

_OF_GRANT = {
    "refresh_token": ("refresh_token",),
    "username": ("password",),
    "password": ("password",),
    "assertion": ("jwt_bearer",),
    "subject_token": ("token_exchange",),
    "requested_token_type": ("token_exchange",),
    "actor_token": ("token_exchange",),
    "authorization_url": ("authorization_code",),
    "authorization_params": ("authorization_code", "device_code"),
    "redirect_port": ("authorization_code",),
    "device_url": ("device_code",),
    "revocation_url": ("authorization_code", "device_code"),
}
"""A key that would have no effect is a sign that `grant` was forgotten."""
_PROOFS = {"client_secret", "private_key", "key_id", "algorithm", "client_auth"}
_URLS = ("token_url", "issuer", "authorization_url", "device_url", "revocation_url")


class OAuth2Provider(IssuerProvider):
    fillers: ClassVar[Mapping[str, Any]] = {"token_url": UNSET, "client_id": "unset"}

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
    client_auth: Literal["basic", "basic_raw", "post", "private_key_jwt", "client_secret_jwt", "none"] = "basic"
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

    @property
    def refreshes(self) -> bool:
        """A token costs a refresh token, which may rotate; one that has died means a new login."""
        return self.by_person or self.grant == "refresh_token"

    @property
    def names_upstream(self) -> bool:
        return self.reply.upstream is not None

    def same_login(self, other: ProviderCommon) -> bool:
        if not isinstance(other, OAuth2Provider):
            return False
        return self.refreshes and self.model_dump(exclude=_PROOFS) == other.model_dump(exclude=_PROOFS)

    def check(self, where: Where) -> Iterator[Finding]:
        for key in _URLS:
            yield from self.check_url((*where, key), getattr(self, key))
        for key, grants in _OF_GRANT.items():
            if key in self.model_fields_set and self.grant not in grants:
                yield Finding((*where, key), f"only for grant {' or '.join(grants)}")
        if self.client_auth == "basic_raw" and ":" in self.client_id:
            yield Finding((*where, "client_id"), "client_auth basic_raw can't carry a `:` in it: use basic, or post")
        if self.private_key is not None:
            try:
                signing_key(self.private_key, self.algorithm)
            except ValueError as error:
                yield Finding((*where, "private_key"), str(error))
        yield from self.reply.check((*where, "reply"), self.hosts)
