"""The whole file: what listens, where tokens are kept, limits, logs (docs/config.md#the-whole-file)."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from proxy.auth.schemes import Provider
from proxy.config.model.client import Browser, Client
from proxy.config.model.route import Route
from proxy.config.model.tls import ListenerTls
from proxy.values.kinds import Duration, Prefix, Secretive, Size, Strict, Texts, Url
from proxy.values.listen import PAGES, Door, parse


class Admin(Secretive):
    """`listen`: the address that the pages for people have for themselves, and so an origin of their own."""

    listen: str | None = None
    path: Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~-]+/$")] = "/-/"
    key: str | None = None


class Limits(Strict):
    """Times are a client's: for a request's head to be there, between requests, and for a body that stands still.

    `upstream_connections` is for one API.
    """

    max_body: Size | None = None
    max_header: Size = 32 * 1024
    max_connections: int = Field(default=10_000, ge=1)
    upstream_connections: int | None = Field(default=None, ge=1)
    head: Duration = 30.0
    idle: Duration = 75.0
    stall: Duration = 60.0


class Log(Strict):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"
    access: bool = True


class Trace(Secretive):
    """Written as text it is the endpoint. `ratio`: how many of those that no caller has decided about are kept."""

    model_config = ConfigDict(json_schema_extra={"type": ["object", "string"]})

    endpoint: Url
    ratio: Annotated[float, Field(ge=0.0, le=1.0)] = 1.0

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, written: Any) -> Any:
        return {"endpoint": written} if isinstance(written, str) else written


class Audit(Secretive):
    """Written as text it is the file. `key`: the first signs, all of them verify. `strict`: no line, no service."""

    model_config = ConfigDict(json_schema_extra={"type": ["object", "string"]})

    file: Annotated[str, Field(pattern=r"\S")]
    rotate: Annotated[Size, Field(ge=4096)] = 100 * 1024 * 1024
    keep: int = Field(default=10, ge=1, le=1000)
    key: Texts | None = None
    strict: bool = False

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, written: Any) -> Any:
        return {"file": written} if isinstance(written, str) else written


class Secrets(Strict):
    """How secrets are read again while the proxy runs, and what is said of files that every user can read."""

    reread: Annotated[Duration, Field(gt=0)] = 300.0
    world_readable: Literal["warn", "refuse", "allow"] = "warn"


def _store(written: str) -> str:
    if not re.fullmatch(r"memory|file:\S.*|redis\S*://.*", written):  # of the last, rules/config.py says more
        raise ValueError("expected memory, file:DIR, redis://... or rediss://...")
    return written


class Config(Strict):
    """One whole config file, includes merged."""

    listen: Texts = ["127.0.0.1:8080"]
    tls: ListenerTls | None = None
    providers: dict[str, Provider] = {}
    routes: dict[Prefix, Route] = {}
    presets: Texts = []
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
    audit: Audit | None = None
    trace: Trace | None = None
    secrets: Secrets = Secrets()

    @property
    def doors(self) -> list[Door]:
        """All that listens: first what serves every route. Raises ValueError for an address that is none."""
        tls = self.tls is not None
        return [
            *(Door(parse(written, tls)) for written in self.listen),
            *(Door(parse(route.listen, tls), prefix) for prefix, route in self.routes.items() if route.listen),
            *([Door(parse(self.admin.listen, tls), PAGES)] if self.admin.listen else []),
        ]
