"""The applications that may ask: which key says who one is, and what each may do. Pure; raises Fault."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from proxy.config.model import Client
from proxy.errors import Fault
from proxy.plan import subprotocol

KEY_HEADERS = ("X-Api-Key", "Api-Key", "X-Goog-Api-Key")


@dataclass(frozen=True, slots=True)
class ClientPlan:
    name: str
    digest: bytes
    routes: frozenset[str] | None
    methods: frozenset[str] | None
    origins: frozenset[str] | None
    read_tokens: frozenset[str] | None = frozenset()
    """None for those of all providers."""

    def check(self, prefix: str, method: str, origin: str | None) -> None:
        """Raises Fault route_refused or origin_refused."""
        if self.routes is not None and prefix not in self.routes:
            raise Fault("route_refused", f"client {self.name} may not use {prefix}")
        if self.methods is not None and method not in self.methods:
            raise Fault("route_refused", f"client {self.name} may not use {method}")
        if origin is not None and self.origins is not None and origin.lower() not in self.origins:
            raise Fault("origin_refused", f"client {self.name} may not be used from this page")

    def check_token(self, provider: str) -> None:
        """May it have the provider's token itself? Raises Fault route_refused."""
        if self.read_tokens is not None and provider not in self.read_tokens:
            raise Fault("route_refused", f"client {self.name} may not read tokens of {provider}; see its `read_tokens`")


class Clients:
    """The known client keys, as digests. Falsy when there are none: then everyone who reaches the listener may ask."""

    __slots__ = ("_clients",)

    def __init__(self, clients: Sequence[Client]) -> None:
        self._clients = tuple(_client(client) for client in clients)

    def __bool__(self) -> bool:
        return bool(self._clients)

    def identify(self, headers: Mapping[str, str]) -> ClientPlan:
        """The client whose key the request presents. Raises Fault client_key_required."""
        key = presented_key(headers)
        if key is None:
            raise _key_required("no client key was sent")
        digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
        found = None
        for client in self._clients:  # all of them, always: the time must not tell which
            if hmac.compare_digest(client.digest, digest):
                found = client
        if found is None:
            raise _key_required("the client key is not known")
        return found


def presented_key(headers: Mapping[str, str]) -> str | None:
    scheme, _, key = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and key:
        return key.strip()
    for name in KEY_HEADERS:
        if name in headers:
            return headers[name]
    return subprotocol.presented_key(headers.get(subprotocol.NAME))


def _key_required(detail: str) -> Fault:
    return Fault("client_key_required", detail, headers=(("WWW-Authenticate", 'Bearer realm="keyless"'),))


def key_digest(written: str) -> bytes:
    """The digest of a configured key, which stands there as `sha256:...` or as itself."""
    if written.startswith("sha256:"):
        return bytes.fromhex(written.removeprefix("sha256:"))
    return hashlib.sha256(written.encode("utf-8")).digest()


def _client(client: Client) -> ClientPlan:
    return ClientPlan(
        client.name,
        key_digest(client.key),
        None if client.routes is None else frozenset(client.routes),
        None if client.methods is None else frozenset(client.methods),
        None if client.origins is None else frozenset(client.origins),
        _readable(client.read_tokens),
    )


def _readable(read_tokens: bool | list[str]) -> frozenset[str] | None:
    if isinstance(read_tokens, bool):
        return None if read_tokens else frozenset()
    return frozenset(read_tokens)
