"""What is known of one request while it is on its way. Plain state: steps return, serve/forward.py alone assigns."""

from __future__ import annotations

from typing import Final

from proxy.auth.refusal.refusal import Refusals
from proxy.errors import Fault
from proxy.figures.counts import RouteCounts
from proxy.figures.timeline import Timeline
from proxy.plan.admission.clients import ClientPlan
from proxy.plan.admission.quota import Limit
from proxy.plan.headers import Head
from proxy.plan.replies.scrub import NOTHING, Needles
from proxy.plan.route import RoutePlan
from proxy.plan.router import Way
from proxy.serve.body import Body
from proxy.serve.cache.lookup import Lookup
from proxy.serve.lane import Lane
from proxy.traces.trace import Trace
from proxy.wire.inbound.request import Request

CLIENT_GONE: Final = 499
"""Logged for a client that left before its answer, as nginx does; nothing sends it."""

_UNREAD: Final = Head([], {})


DEAD: Final = "credential_dead"
"""Why a refusal is not replayed: the credential is the only one there is."""
UNANSWERED: Final = "unanswered"
"""The same: it says nothing of the credential, but asks for what could not be said."""
_IN_VAIN: Final = frozenset((DEAD, UNANSWERED, "paused"))


class Exchange:
    """One request, and what becomes of it."""

    head: Head = _UNREAD
    beside: bool = False  # a credential of the client's own goes along
    cors_origin: str | None = None  # of the browser page that asks and may read the answer
    preflight: bool = False  # of a browser, to be answered by the proxy
    client: ClientPlan | None = None
    placeholder: bytes | None = None  # what a stand-in gives this client
    quota: bytes = b""  # finished lines: what client and route have left
    body: Body | None = None
    lookup: Lookup | None = None  # what the route's cache has to do with it
    needles: Needles = NOTHING  # what must not go back to the client
    attempts: int = 1  # 2 once it was replayed
    replay: tuple[str, str] | None = None  # why it was sent again, and how the API took that if it did
    skipped: str | None = None  # why a refusal was not replayed
    trace: Trace | None = None  # which it is a part of; None: traces are off
    code: str = ""  # of the answer of our own, if it is one that has any
    cause: str = ""  # and why it was given
    cut: bool = False  # the API broke off its reply
    status: int = CLIENT_GONE  # until there is an answer

    def __init__(
        self, request: Request, times: Timeline, started: float, way: Way[Lane], lost: Fault | None, counts: RouteCounts
    ) -> None:
        self.request = request
        self.started = started  # boot seconds
        self.times = times
        self.counts = counts  # those of its route
        self.method = request.method
        self.way = way
        self.lane: Lane = way.route
        self.plan: RoutePlan = self.lane.plan
        self.lost = lost  # why no route takes it: said only to someone who may ask

    @property
    def limits(self) -> tuple[Limit, ...]:
        """What it is counted against."""
        return self.plan.limits if self.client is None else self.client.limits + self.plan.limits

    @property
    def hides_401(self) -> bool:
        """Any 401 would send the client into a login of its own."""
        return self.plan.provider is not None and self.plan.provider.no_401

    @property
    def refused(self) -> bool:
        """The reply that goes out says that the credential is no good."""
        return self.skipped is not None or (self.replay is not None and self.replay[1] != "accepted")

    @property
    def hopeless(self) -> bool:
        """It is a refusal that nothing here can mend: the client need not try again."""
        if self.skipped is None:
            return self.replay is not None and self.replay[1] != "accepted"
        return self.skipped in _IN_VAIN or (self.skipped == "token_unavailable" and self.lane.helpless)

    @property
    def refusals(self) -> Refusals | None:
        """By which the reply is judged: where the client's own credential went along, a bare 401 may be about that."""
        if self.beside and self.plan.passing is not None:
            return self.plan.passing.refusals
        return self.plan.refusals

    def can_be_replayed(self) -> bool:
        return self.body is None or self.body.replayable

    @property
    def own_url(self) -> bytes:
        """The proxy's scheme and authority as the client sees them, for links."""
        return self.plan.links.own(self.request.headers, self.request.secure)
