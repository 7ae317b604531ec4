"""The applications that may ask: which key says who one is, and what each may do. Pure; raises Fault.

Who asks (`Clients.find`) is apart from what a client may do (`ClientPlan`), so that others can tell, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from proxy.config.model import Client
from proxy.errors import Fault
from proxy.plan.admission.guard import of_origin
from proxy.plan.admission.quota import Limit, limits_of
from proxy.plan.globs import globs
from proxy.values import moments


@dataclass(slots=True, eq=False, repr=False)
class ClientPlan:
    """None stands for 'any' everywhere but in `read_tokens`, where it stands for the tokens of all providers."""

    name: str
    routes: frozenset[str] | None = None
    methods: frozenset[str] | None = None
    paths: re.Pattern[bytes] | None = None
    origins: frozenset[str] | None = None
    limits: tuple[Limit, ...] = ()
    read_tokens: frozenset[str] | None = frozenset()

    @classmethod
    def compile(cls, client: Client) -> ClientPlan:
        return cls(
            name=client.name,
            routes=None if client.routes is None else frozenset(client.routes),
            methods=None if client.methods is None else frozenset(client.methods),
            paths=None if client.paths is None else globs(client.paths),
            origins=None if client.origins is None else frozenset(client.origins),
            limits=limits_of("client", client.name, client.rate),
            read_tokens=_readable(client.read_tokens),
        )

    def check(self, prefix: str, rest: bytes, method: str, origin: str | None) -> None:
        """`rest` is the path below the prefix. Raises Fault route_refused or origin_refused."""
        if self.routes is not None and prefix not in self.routes:
            raise Fault("route_refused", f"client {self.name} may not use {prefix}")
        if self.methods is not None and method not in self.methods:
            raise Fault("route_refused", f"client {self.name} may not use {method}")
        if self.paths is not None and self.paths.fullmatch(rest) is None:
            raise Fault("route_refused", f"client {self.name} may not use this path of {prefix}")
        if origin is not None and self.origins is not None and origin.lower() not in self.origins:
            detail = f"client {self.name} may not be used from this page"
            raise Fault("origin_refused", detail, cause=of_origin(origin.lower()))

    def check_token(self, provider: str) -> None:
        """May it have the provider's token itself? Raises Fault route_refused."""
        if self.read_tokens is not None and provider not in self.read_tokens:
            raise Fault("route_refused", f"client {self.name} may not read tokens of {provider}; see its `read_tokens`")


class Key(NamedTuple):
    """A key that has been presented is only used while `begins` <= now < `ends`; `digest` is its SHA-256."""

    client: ClientPlan
    digest: bytes
    begins: float = 0.0
    ends: float = float("inf")

    def __repr__(self) -> str:
        return f"<Key of {self.client.name}>"

    def holds(self, wall: float) -> bool:
        return self.begins <= wall < self.ends

    def lapsed(self, wall: float) -> str:
        """Why it does not hold: said only to who holds the key."""
        if wall < self.begins:
            return f"this key of client {self.client.name} is not good yet"
        return f"this key of client {self.client.name} has expired ({moments.shown(self.ends)})"


class Clients:
    """The known clients, their keys as digests. Falsy when there are none: then everyone who reaches the listener may
    ask. `plans` are in the config's order; those without a key prove themselves otherwise.
    """

    __slots__ = ("_keys", "plans")

    def __init__(self, clients: Sequence[Client]) -> None:
        self.plans = tuple(map(ClientPlan.compile, clients))
        self._keys: dict[bytes, Key] = {}
        for client, plan in zip(clients, self.plans, strict=True):
            for key in client.keys:
                ends = float("inf") if key.expires is None else key.expires
                self._keys[key.digest] = Key(plan, key.digest, key.not_before or 0.0, ends)

    def __bool__(self) -> bool:
        return bool(self.plans)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys.values())

    @property
    def limited(self) -> bool:
        return any(plan.limits for plan in self.plans)

    def find(self, digest: bytes) -> Key | None:
        """The key of this SHA-256.

        The lookup takes the same time for every key that is presented, as far as its sender can steer: the key goes
        through SHA-256 whole, and what the table's hash and its comparison of bytes could leak is about the digest. A
        digest that shares its first bytes with a known one can only be found by trying keys, and brings its finder
        no nearer to the key, which is random. So the cost of a request does not grow with the number of clients.
        """
        return self._keys.get(digest)


def key_required(detail: str) -> Fault:
    return Fault("client_key_required", detail, headers=(("WWW-Authenticate", 'Bearer realm="keyless"'),))


def _readable(read_tokens: bool | list[str]) -> frozenset[str] | None:
    if isinstance(read_tokens, bool):
        return None if read_tokens else frozenset()
    return frozenset(read_tokens)
