"""What a route is at run time: everything decided at load, nothing left to interpret (docs/architecture.md).

Features that a route does not use are None and cost one test.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from proxy.auth.life.lifecycle import Lifecycle
from proxy.auth.placing.challenged import Challenged
from proxy.auth.placing.draft import Names, Placing
from proxy.auth.refusal.refusal import Refusals
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.scope import RequiredScope
from proxy.auth.token import Token
from proxy.config.model import Timeout
from proxy.config.secrets.lacking import Lacking
from proxy.errors import Fault
from proxy.http.error_shape import ErrorShape
from proxy.plan.admission.certificates import CertificateClients
from proxy.plan.admission.clients import Clients
from proxy.plan.admission.jwt_clients import JwtRule
from proxy.plan.admission.key_places import KeySlots
from proxy.plan.admission.passing import Passing
from proxy.plan.admission.quota import Limit
from proxy.plan.caching.rule import CacheRule
from proxy.plan.headers import Sieve, reply_sieve, request_sieve
from proxy.plan.replies.confidential import Confidential
from proxy.plan.replies.links import Links
from proxy.plan.replies.rewrite import Rewrite
from proxy.plan.stand_in import StandInPlan
from proxy.plan.target import Target

UNUSUAL: Final = frozenset(("CONNECT", "TRACE", "TRACK"))
"""An API that answers TRACE shows the credential, so that has to be asked for; CONNECT is no request to an API at all,
and what follows a 2xx to it has no framing (RFC 9110 §9.3.6, §9.3.8)."""
USUAL: Final = frozenset(("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"))


@dataclass(slots=True, eq=False, repr=False)
class ProviderPlan:
    """One account. `missing` is what it lacks: then `scheme` is None and its routes answer 424."""

    name: str
    missing: Lacking = field(default_factory=Lacking)
    scheme: Scheme | None = None
    life: Callable[[], Lifecycle] | None = None  # makes the one of a new cell
    secrets: frozenset[str] = frozenset()  # besides the token
    confidential: Confidential = field(default_factory=Confidential)  # starred in replies
    no_401: bool = False  # any 401 would send the API's clients into a login of their own

    @property
    def unset(self) -> str:
        """What keeps it asleep, in words that clients may read."""
        return self.missing.unset()

    def asleep(self) -> Fault:
        fault = Fault("provider_unconfigured", self.unset, provider=self.name)
        fault.outside = "its secret is not set"
        return fault


@dataclass(slots=True, eq=False, repr=False)
class RoutePlan:
    prefix: str  # as written in the config: the route's name
    upstream: str  # as written; `shown` is what others may see
    target: Target  # the upstream, parsed: where requests go
    provider: ProviderPlan | None  # None: requests go without a credential
    methods: frozenset[str] | None  # None: all but the UNUSUAL
    paths: re.Pattern[bytes] | None  # below the prefix; None: all
    keep_prefix: bool  # the API gets the path with the prefix
    request_headers: Sieve
    reply_headers: Sieve
    reply_edited: frozenset[bytes]  # names, lower case: what the config sets or removes is not rewritten as a link
    set_headers: bytes  # finished lines, for the API
    set_reply_headers: bytes  # finished lines, for the client
    timeout: Timeout
    replay_max_body: int  # bytes; of a longer body nothing is kept for a replay
    cookies: bool  # `Cookie` and `Set-Cookie` pass
    cors: bool  # the proxy answers CORS, not the API
    scrub: str  # how far replies are searched for secrets: a value of the key `scrub`
    placing: Placing | None  # how the credential is put into a request
    refusals: Refusals | None  # None: no reply is looked at
    stand_in: StandInPlan | None
    links: Links  # how the API's URLs become the proxy's
    key_slots: KeySlots = field(default_factory=KeySlots)  # where a client's key may stand
    skewed: Refusals | None = None  # how the API says that our clock is off; None: no time is sent, or nothing is known
    passing: Passing | None = None  # headers of the client's own that reach the API
    final: bool = False  # a refusal is the end of the credential: there is no other
    limits: tuple[Limit, ...] = ()  # the route's own rates; clients have theirs
    required_scope: RequiredScope | None = None  # what a token must be granted before it is sent
    cache: CacheRule | None = None  # which replies are kept, and answered again
    rewrite: Rewrite | None = None  # the API's URLs in JSON bodies become the proxy's
    traceparent: bool = False  # the API is told which trace the request is a part of
    error_shape: ErrorShape | None = None  # how the API's SDKs read an error; None: as a problem document
    elsewhere: Callable[[bytes], RoutePlan | None] | None = None
    """What a request to another host of the provider's is forwarded with; None where it has none."""
    led: Callable[[Token], RoutePlan] | None = None
    """What a request with this token is forwarded with, where the issuer says where the API is."""
    challenged: Challenged | None = None  # how an API's challenge is answered; None: it asks for no answer
    alone: RoutePlan | None = None
    """What requests at the route's own address are forwarded with; None where it has none."""
    preflight: RoutePlan | None = None
    """What a preflight is forwarded with where the API answers CORS: no credential, no client key."""

    def check(self, method: str, rest: bytes) -> None:
        """Raises Fault method_refused or path_refused. `rest` is what stands behind the prefix."""
        if method in UNUSUAL if self.methods is None else method not in self.methods or method == "CONNECT":
            raise self._method_refused(method)
        if self.paths is not None and not self.takes(rest):
            raise Fault("path_refused", f"{self.prefix} does not take this path", hint="See `paths` of the route.")

    def _method_refused(self, method: str) -> Fault:
        allowed = ", ".join(sorted(USUAL if self.methods is None else self.methods - {"CONNECT"}))
        why = ", unless its `methods` name it" if self.methods is None and method != "CONNECT" else ""
        return Fault("method_refused", f"{self.prefix} does not take {method}{why}", headers=(("Allow", allowed),))

    @property
    def follows_token(self) -> bool:
        """Not all of it is decided at load."""
        return self.led is not None or self.challenged is not None

    @property
    def needs_body(self) -> bool:
        """The credential can't be placed without the whole body."""
        return self.placing is not None and self.placing.needs_body

    @property
    def shown(self) -> str:
        """The upstream without its query, in which a key may stand."""
        return self.upstream.partition("?")[0]

    def takes(self, rest: bytes) -> bool:
        """Does one of the `paths` globs match? Only plain spellings do: `%61` could hide an `a` from the globs."""
        return self.paths is None or self.paths.fullmatch(rest) is not None


def nowhere() -> RoutePlan:
    """What counts for a request that no route takes, until it is found out who asks. It leads nowhere (RFC 6761)."""
    target = Target.parse("https://nowhere.invalid")
    return RoutePlan(
        prefix="",
        upstream="",
        target=target,
        provider=None,
        methods=None,
        paths=None,
        keep_prefix=False,
        request_headers=request_sieve(frozenset(), (), forwarded=False),
        reply_headers=reply_sieve((), cookies=False, cors=True),
        reply_edited=frozenset(),
        set_headers=b"",
        set_reply_headers=b"",
        timeout=Timeout(),
        replay_max_body=0,
        cookies=False,
        cors=True,
        scrub="headers",
        placing=None,
        refusals=None,
        stand_in=None,
        links=Links(target, b"", Names()),
    )


@dataclass(slots=True, eq=False, repr=False)
class Plan:
    """A whole config, compiled."""

    providers: dict[str, ProviderPlan]
    routes: dict[str, RoutePlan]
    clients: Clients
    max_body: int | None  # bytes, of any request; None: no bound
    certificates: CertificateClients | None = None
    jwts: tuple[JwtRule, ...] = ()
