"""What a route is at run time: everything decided at load, nothing left to interpret (DESIGN §5).

Features that a route does not use are None and cost one test.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from proxy.auth.inject import Injection
from proxy.auth.lifecycle import Lifecycle
from proxy.auth.refusal import Refusals
from proxy.auth.scope import RequiredScope
from proxy.auth.token import Scheme
from proxy.config.model import Timeout
from proxy.config.secrets import Reason
from proxy.errors import Fault
from proxy.plan.clients import Clients
from proxy.plan.headers import Sieve
from proxy.plan.links import Links
from proxy.plan.router import Router
from proxy.plan.target import Target


@dataclass(frozen=True, slots=True)
class StandInPlan:
    """The token endpoint that the proxy plays: its path below the prefix, and the finished JSON it answers."""

    path: bytes
    reply: bytes


@dataclass(frozen=True, slots=True)
class ProviderPlan:
    """One account. `missing` names what is not set: then `scheme` is None and its routes answer 503."""

    name: str
    missing: tuple[str, ...] = ()
    scheme: Scheme | None = field(default=None, repr=False)
    life: Callable[[], Lifecycle] | None = field(default=None, repr=False)
    secrets: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def unset(self) -> str:
        """What keeps it asleep, in words that clients may read."""
        names = [name for name in self.missing if not isinstance(name, Reason)]
        said = [f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} not set"] if names else []
        return "; ".join((*said, *(reason for reason in self.missing if isinstance(reason, Reason))))

    def asleep(self) -> Fault:
        return Fault("provider_unconfigured", self.unset, provider=self.name, retry_after=60.0)


@dataclass(frozen=True, slots=True)
class RoutePlan:
    prefix: str
    upstream: str = field(repr=False)
    target: Target
    provider: ProviderPlan | None
    methods: frozenset[str] | None
    paths: re.Pattern[bytes] | None
    keep_prefix: bool
    request_headers: Sieve
    reply_headers: Sieve
    reply_edited: frozenset[bytes]
    set_headers: bytes = field(repr=False)
    set_reply_headers: bytes = field(repr=False)
    timeout: Timeout
    replay_max_body: int
    cookies: bool
    cors: bool
    scrub: str
    injection: Injection | None
    refusals: Refusals | None
    stand_in: StandInPlan | None
    links: Links
    required_scope: RequiredScope | None = None

    @property
    def shown(self) -> str:
        """The upstream without its query, in which a key may stand."""
        return self.upstream.partition("?")[0]

    def takes(self, rest: bytes) -> bool:
        """Does one of the `paths` globs match? Only plain spellings do: `%61` could hide an `a` from the globs.

        Two slashes at the very start of what the API gets could be read as the name of a host.
        """
        if rest.startswith(b"//") and not self.target.base:
            return False
        return self.paths is None or self.paths.fullmatch(rest) is not None


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole config, compiled."""

    router: Router[RoutePlan]
    providers: dict[str, ProviderPlan]
    routes: dict[str, RoutePlan]
    clients: Clients
    max_body: int | None
