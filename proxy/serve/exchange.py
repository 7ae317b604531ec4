"""What is known of one request while it is on its way. Plain state; the steps are in serve/forward.py."""

from __future__ import annotations

from proxy.auth.brake import Brake
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
    """`skipped` is why a refusal was not replayed; `needles` are what must not go back to the client;
    `quota` the lines that tell it what is left."""

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
    rest: bytes
    facts: dict[bytes, bytes]
    lines: list[bytes]

    def __init__(self, request: Request, started: float) -> None:
        self.request = request
        self.started = started
        self.method = request.method
        self.path = b""
        self.query = b""
        self.client: ClientPlan | None = None
        self.quota = b""
        self.cors_origin: str | None = None
        self.body: Body | None = None
        self.attempts = 1
        self.skipped: str | None = None
        self.forced = False
        self.status = CLIENT_GONE  # until there is an answer
        self.upgrade = False
        self.needles = NOTHING

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
