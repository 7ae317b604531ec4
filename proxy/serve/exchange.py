"""What is known of one request while it is on its way. Plain state; the steps are in serve/forward.py."""

from __future__ import annotations

from aiohttp import web

from proxy.auth.brake import Brake
from proxy.auth.token import Now, Token
from proxy.plan.route import RoutePlan
from proxy.plan.scrub import NOTHING
from proxy.serve.body import Body
from proxy.serve.keeper import Cell

CLIENT_GONE = 499
"""Logged for a client that left before its answer, as nginx does; nothing sends it."""


class Lane:
    """A route in service: its plan, the cell it draws tokens from, its brake."""

    __slots__ = ("brake", "cell", "plan")

    def __init__(self, plan: RoutePlan, cell: Cell | None) -> None:
        self.plan = plan
        self.cell = cell
        self.brake = Brake()

    def ready(self, now: Now) -> Token | None:
        """The token, if the request may take it without a thought."""
        if self.cell is None or self.plan.required_scope is not None:
            return None
        return self.cell.life.ready(now)


class Exchange:
    """`skipped` is why a refusal was not replayed; `needles` are what must not go back to the client."""

    __slots__ = (
        "attempts",
        "body",
        "cookie",
        "cors_origin",
        "forced",
        "lane",
        "lines",
        "method",
        "needles",
        "path",
        "query",
        "request",
        "rest",
        "skipped",
        "started",
        "status",
        "upgrade",
    )

    lane: Lane
    rest: bytes
    lines: list[bytes]

    def __init__(self, request: web.BaseRequest, started: float) -> None:
        self.request = request
        self.started = started
        self.method = request.method
        self.path = b""
        self.query = b""
        self.cors_origin: str | None = None
        self.cookie: bytes | None = None
        self.body: Body | None = None
        self.attempts = 1
        self.skipped: str | None = None
        self.forced = False
        self.status = CLIENT_GONE  # until there is an answer
        self.upgrade = False
        self.needles = NOTHING

    @property
    def replayable(self) -> bool:
        return self.body is None or self.body.replayable

    @property
    def own_url(self) -> bytes:
        """The proxy's scheme and authority as the client sees them, for links."""
        return self.lane.plan.links.own(self.request.headers)
