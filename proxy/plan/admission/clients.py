"""The applications that may ask: which key says who one is, and what each may do. Pure; raises Fault.

Who asks (`Clients.identify`) is apart from what a client may do (`ClientPlan`), so that others can tell, too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from proxy.auth.signing.presented import access_key
from proxy.config.model import Client
from proxy.errors import Fault
from proxy.plan.admission import subprotocol
from proxy.plan.admission.quota import Limit, limits_of
from proxy.plan.globs import globs
from proxy.plan.headers import KEY_HEADERS
from proxy.values import moments


@dataclass(frozen=True, slots=True)
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
            raise Fault("origin_refused", f"client {self.name} may not be used from this page")

    def check_token(self, provider: str) -> None:
        """May it have the provider's token itself? Raises Fault route_refused."""
        if self.read_tokens is not None and provider not in self.read_tokens:
            raise Fault("route_refused", f"client {self.name} may not read tokens of {provider}; see its `read_tokens`")


class _Key(NamedTuple):
    """A key that has been presented is only used while `begins` <= now < `ends`."""

    client: ClientPlan
    begins: float
    ends: float


class Clients:
    """The known clients, their keys as digests. Falsy when there are none: then everyone who reaches the listener may
    ask. `plans` are in the config's order; those without a key prove themselves otherwise.
    """

    __slots__ = ("_keys", "plans")

    def __init__(self, clients: Sequence[Client]) -> None:
        self.plans = tuple(map(ClientPlan.compile, clients))
        self._keys: dict[bytes, _Key] = {}
        for client, plan in zip(clients, self.plans, strict=True):
            for key in client.keys:
                ends = float("inf") if key.expires is None else key.expires
                self._keys[key.digest] = _Key(plan, key.not_before or 0.0, ends)

    def __bool__(self) -> bool:
        return bool(self.plans)

    @property
    def limited(self) -> bool:
        return any(plan.limits for plan in self.plans)

    def identify(self, known: Mapping[bytes, bytes], wall: float) -> ClientPlan:
        """The client whose key stands in the headers, known by lower case names. Raises Fault client_key_required.

        The lookup takes the same time for every key that is presented, as far as its sender can steer: the key goes
        through SHA-256 whole, and what the table's hash and its comparison of bytes could leak is about the digest. A
        digest that shares its first bytes with a known one can only be found by trying keys, and brings its finder
        no nearer to the key, which is random. So the cost of a request does not grow with the number of clients.
        """
        presented = access_key(known.get(b"authorization", b"")) or presented_key(known)
        if presented is None:
            raise key_required("no client key was sent")
        key = self._keys.get(hashlib.sha256(presented).digest())
        if key is None:
            raise key_required("the client key is not known")
        if not key.begins <= wall < key.ends:  # said only to who holds the key
            raise key_required(_lapsed(key, wall))
        return key.client


def presented_key(known: Mapping[bytes, bytes]) -> bytes | None:
    """`known` are headers by their names in lower case."""
    scheme, _, key = known.get(b"authorization", b"").partition(b" ")
    if key and scheme.lower() == b"bearer":
        return key.strip()
    for name in KEY_HEADERS:
        if (value := known.get(name)) is not None:
            return value
    return subprotocol.presented_key(known.get(subprotocol.LOWER))


def _lapsed(key: _Key, wall: float) -> str:
    if wall < key.begins:
        return f"this key of client {key.client.name} is not good yet"
    return f"this key of client {key.client.name} has expired ({moments.shown(key.ends)})"


def key_required(detail: str) -> Fault:
    return Fault("client_key_required", detail, headers=(("WWW-Authenticate", 'Bearer realm="keyless"'),))


def _readable(read_tokens: bool | list[str]) -> frozenset[str] | None:
    if isinstance(read_tokens, bool):
        return None if read_tokens else frozenset()
    return frozenset(read_tokens)
