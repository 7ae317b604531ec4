"""Clients and browsers: who may ask (DESIGN §2, clients and browsers)."""

from __future__ import annotations

from proxy.config.model.values import Method, Origin, Prefix, Secretive, Strict, Texts


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
