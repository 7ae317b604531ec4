"""What is known of one request while it is on its way. Plain state; the steps are in serve/forward.py."""

from __future__ import annotations

from proxy.auth.life.brake import Brake
from proxy.auth.token import Token
from proxy.plan.clients import ClientPlan
from proxy.plan.route import RoutePlan
from proxy.plan.scrub import NOTHING
from proxy.serve.body import Body
from proxy.tokens.cell import Cell
from proxy.values.now import Now
from proxy.wire.inbound.request import Request

CLIENT_GONE = 499
"""Logged for a client that left before its answer, as nginx does; nothing sends it."""


class Lane:
    """A route in service: its plan, the cell it draws tokens from, its brake; and that of its preflights."""

    __slots__ = ("brake", "cell", "plan", "preflight")

    def __init__(self, plan: RoutePlan, cell: Cell | None) -> None:
        self.plan = plan
        self.cell = cell
        self.brake = Brake()
        self.preflight = None if plan.preflight is None else Lane(plan.preflight, None)

    def ready(self, now: Now) -> Token | None:
        """The token, if the request may take it without a thought."""
        if self.cell is None or self.plan.required_scope is not None:
            return None
        return self.cell.life.ready(now)


class Exchange:
    """One request, from its head to the end of its answer."""

    __slots__ = (
        "attempts",
        "body",
        "client",
        "cors_origin",
        "facts",
        "forced",
        "lane",
        "lines",
        "method",
        "needles",
        "path",
        "query",
        "quota",
        "request",
        "rest",
        "skipped",
        "started",
        "status",
        "upgrade",
    )

    lane: Lane
    rest: bytes  # the path below the route's prefix
    facts: dict[bytes, bytes]  # headers that the proxy itself looks at, by name in lower case
    lines: list[bytes]  # finished header lines for the API

    def __init__(self, request: Request, started: float) -> None:
        self.request = request
        self.started = started  # boot seconds
        self.method = request.method
        self.path = b""
        self.query = b""  # without the question mark
        self.client: ClientPlan | None = None
        self.quota = b""  # finished lines that tell the client what is left
        self.cors_origin: str | None = None  # the page's, where it may read the answer
        self.body: Body | None = None
        self.attempts = 1  # requests sent to the API for its verdict; 2 after a replay
        self.skipped: str | None = None  # why a refusal was not replayed
        self.forced = False  # the replay's token comes from a flight that this refusal forced
        self.status = CLIENT_GONE  # until there is an answer
        self.upgrade = False
        self.needles = NOTHING  # what must not go back to the client

    @property
    def framed(self) -> bool:
        """Does the request announce a body, if only an empty one?"""
        return b"content-length" in self.facts or b"transfer-encoding" in self.facts

    @property
    def replayable(self) -> bool:
        return self.body is None or self.body.replayable

    @property
    def own_url(self) -> bytes:
        """The proxy's scheme and authority as the client sees them, for links."""
        return self.lane.plan.links.own(self.request.headers, self.request.secure)
