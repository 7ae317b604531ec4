"""The keys of `scheme: mcp`, and the rules on them.

Must not know: requests. No finding quotes a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field, model_validator

from proxy.auth.keys.issuer import IssuerProvider
from proxy.auth.keys.provider import BY_STATUS, ProviderCommon, RefusalRule
from proxy.values.kinds import Url
from proxy.values.where import Finding, Where

_PROOFS = {"client_secret", "client_auth"}


class McpProvider(IssuerProvider):
    """`url` is the server's; `resource` is what it calls itself, where that is not its URL. The client is `client_id`,
    else the one whose document lies at `client_metadata`, else one that is registered at each login.
    """

    scheme: Literal["mcp"]
    url: Url
    resource: Url | None = None
    client_id: str | None = None
    client_secret: str | None = None
    client_auth: Literal["basic", "post", "none"] | None = None
    client_metadata: Url | None = None
    scope: str | list[str] | None = None
    redirect_port: int = Field(default=0, ge=0, le=65535)

    @model_validator(mode="after")
    def one_client(self) -> McpProvider:
        if self.client_id is None and (self.client_secret is not None or self.client_auth is not None):
            raise ValueError("client_secret and client_auth go with client_id")
        if self.client_id is not None and self.client_metadata is not None:
            raise ValueError("either client_id or client_metadata")
        if self.client_secret is None and self.client_auth in ("basic", "post"):
            raise ValueError(f"client_auth {self.client_auth} needs client_secret")
        return self

    @property
    def by_person(self) -> bool:
        """Someone has to log in first, with `keyless login`."""
        return True

    @property
    def clients_log_in(self) -> bool:
        return True

    @property
    def effective_refusals(self) -> list[RefusalRule]:
        """A 401 is always one (MCP, authorization), whatever else the config says is."""
        return [*BY_STATUS, *(self.refused or ())]

    @property
    def named(self) -> str:
        """What its metadata must call the server (RFC 9728 §3.3), and what tokens are asked for (RFC 8707)."""
        return self.resource or self.url

    def same_login(self, other: ProviderCommon) -> bool:
        if not isinstance(other, McpProvider):
            return False
        return self.model_dump(exclude=_PROOFS) == other.model_dump(exclude=_PROOFS)

    def check(self, where: Where) -> Iterator[Finding]:
        yield from self.check_url((*where, "url"), self.url)
        if self.client_metadata is not None and not self.client_metadata.startswith("https://"):
            yield Finding((*where, "client_metadata"), "expected an https:// URL, at which the issuer reads it")
        for key in ("url", "resource"):
            if "#" in (getattr(self, key) or ""):
                yield Finding((*where, key), "a resource has no fragment (RFC 8707)")

    @property
    def as_written(self) -> dict[str, Any]:
        """What the OAuth provider that a login leads to has in common with it."""
        own = {key: getattr(self, key) for key in ("private", "plain_http", "tls", "ttl")}
        return own | ({} if self.sent_as_bearer else {"inject": self.inject})
