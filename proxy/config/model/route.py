"""Routes: a path prefix, its upstream, its rules (docs/config.md#routes)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from proxy.auth.keys.issuer import TlsFiles
from proxy.values.kinds import (
    Duration,
    KeptMethods,
    Methods,
    Rates,
    Scopes,
    Secretive,
    Size,
    Strict,
    SwitchOrPath,
    Texts,
    Url,
)


class HeaderEdits(Secretive):
    set: dict[str, str] = {}
    remove: Texts = []


class Timeout(Strict):
    connect: Duration = 10.0
    head: Duration = 600.0
    idle: Duration = 300.0


class Replay(Strict):
    max_body: Size = 1024 * 1024


class Cache(Strict):
    """Replies that are answered again; `ttl` where they say nothing of how long. A duration alone is that."""

    model_config = ConfigDict(json_schema_extra={"type": ["object", "string", "number"]})

    ttl: Annotated[Duration, Field(gt=0)] = 60.0
    methods: KeptMethods = ["GET", "HEAD"]

    @model_validator(mode="before")
    @classmethod
    def _of_duration(cls, written: Any) -> Any:
        plain = isinstance(written, str | int | float) and not isinstance(written, bool)
        return {"ttl": written} if plain else written


class Route(Secretive):
    """`provider: none` forwards without a credential; it must be said, never happens by omission (docs/traps.md 28).

    `base` picks one of the base URLs of the provider's preset; here it has done so already, as `upstream`. `listen` is
    an address of its own, where its prefix is left out. `stand_in`: where tokens are asked for below it, if that is
    not where the provider has it.
    """

    upstream: Url
    base: str | None = None
    provider: str
    listen: str | None = None
    methods: Methods | None = None
    paths: Texts | None = None
    hosts: bool = False
    keep_prefix: bool = False
    headers: HeaderEdits = HeaderEdits()
    pass_: Texts = Field(default=[], alias="pass")
    reply_headers: HeaderEdits = HeaderEdits()
    timeout: Timeout = Timeout()
    replay: Replay = Replay()
    rate: Rates | None = None
    cache: Cache | None = None
    cookies: Literal["drop", "pass"] = "drop"
    cors: Literal["proxy", "pass"] = "proxy"
    scrub: Literal["bodies", "strict", "headers"] = "bodies"
    rewrite: Literal["json"] | None = None
    stand_in: SwitchOrPath = False
    traceparent: bool = False
    require_scope: Scopes | None = None
    private: bool = False
    plain_http: bool = False
    tls: TlsFiles | None = None

    @property
    def leads_elsewhere(self) -> bool:
        """To the provider's other hosts, too: URLs that are rewritten must lead somewhere."""
        return self.hosts or self.rewrite is not None
