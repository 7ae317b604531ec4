"""Clients and browsers: who may ask (DESIGN §2, clients and browsers)."""

from __future__ import annotations

from proxy.config.model.tls import JwtClient
from proxy.config.model.values import Method, Origin, Prefix, Secretive, Strict, Texts


class Client(Secretive):
    """`key` is `sha256:` and 64 hex digits, or the key itself (from `${...}`). Or a client proves itself otherwise:
    `certificate` names what a client certificate holds, as `dns:NAME`, `jwt` an issuer's access tokens.

    `read_tokens`: the providers whose tokens it may have, or all of them.
    """

    name: str
    key: str | None = None
    certificate: Texts | None = None
    jwt: JwtClient | None = None
    routes: list[Prefix] | None = None
    methods: list[Method] | None = None
    origins: list[Origin] | None = None
    read_tokens: bool | list[str] = False


class Browser(Strict):
    origins: list[Origin] | None = None
    hosts: Texts | None = None
