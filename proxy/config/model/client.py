"""Clients and browsers: who may ask (docs/config.md#clients, #browser)."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from proxy.config.model.tls import JwtClient
from proxy.values.kinds import (
    Begin,
    End,
    Methods,
    Origin,
    Prefix,
    Rates,
    Secretive,
    Strict,
    Texts,
)

HASHED = "sha256:"
OWN_KEYS = "kls_"
"""How keys begin that Keyless makes: people, secret scanners and the loader tell them from an API's."""
SESSION_KEYS = f"{OWN_KEYS}session_"
"""Lent to a command for as long as it runs (docs/agents.md)."""
NO_KEY = f"{OWN_KEYS}none"
"""Where the proxy asks for no key; SDKs do."""
PUT_THERE = (SESSION_KEYS, NO_KEY)
"""How that begins which stands in a secret's variable, put there by `exec`, by `env`, or by a line that is shown."""
SHORTEST = 16
RANDOM = 24
"""Bytes of chance in a key that is made here."""
_HASH = re.compile(r"sha256:[0-9A-Fa-f]{64}")


def new_key(begins: str = OWN_KEYS) -> str:
    """Letters and digits alone: wandb counts only what stands behind a dash, URLs would encode other marks."""
    return begins + secrets.token_hex(RANDOM)


class ClientKey(Secretive):
    """`key` is `sha256:` and 64 hex digits, or the key itself (from `${...}`)."""

    key: str
    not_before: Begin | None = None
    expires: End | None = None

    @property
    def sound(self) -> bool:
        if self.key.startswith(HASHED):
            return _HASH.fullmatch(self.key) is not None
        return len(self.key) >= SHORTEST

    @property
    def digest(self) -> bytes:
        """Of a sound key."""
        if self.key.startswith(HASHED):
            return bytes.fromhex(self.key.removeprefix(HASHED))
        return hashlib.sha256(self.key.encode("utf-8")).digest()


def _entries(written: object) -> object:
    """One key or a list, each spelled out or as its text alone."""
    return [_entry(each) for each in written] if isinstance(written, list) else [_entry(written)]


def _entry(written: object) -> object:
    plain = isinstance(written, str | int | float) and not isinstance(written, bool)
    return {"key": written} if plain else written


def _schema(of_list: dict[str, Any]) -> None:
    one = {"anyOf": [{"type": "string"}, of_list.pop("items")]}
    of_list.pop("type")
    of_list["anyOf"] = [*one["anyOf"], {"type": "array", "items": one}]


ClientKeys = Annotated[list[ClientKey], BeforeValidator(_entries), Field(json_schema_extra=_schema)]


class Client(Secretive):
    """Who it is tells one of its keys, or `certificate`: what a client certificate holds, as `dns:NAME`; or `jwt`: an
    issuer's access tokens.

    `read_tokens`: the providers whose tokens it may have, or all of them. `rate`: over all its routes together.
    """

    name: str
    key: ClientKeys | None = None
    certificate: Texts | None = None
    jwt: JwtClient | None = None
    routes: list[Prefix] | None = None
    methods: Methods | None = None
    paths: Texts | None = None
    origins: list[Origin] | None = None
    rate: Rates | None = None
    read_tokens: bool | list[str] = False

    @property
    def keys(self) -> list[ClientKey]:
        return self.key or []


class Browser(Strict):
    origins: list[Origin] | None = None
    hosts: Texts | None = None
