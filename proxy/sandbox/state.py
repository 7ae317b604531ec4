"""What a test turns and reads: switches, counters, tokens, the record of calls.

Owns: everything about a sandbox that lasts longer than one request. Must not know: sockets and routes.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Literal

from proxy.sandbox.issuer import KEY, REFRESH_TOKEN, SECRET
from proxy.sandbox.styles import STYLES
from proxy.sandbox.tokens import Ledger, Standing, Token

RECORDED = 1000
"""API calls remembered; the oldest go first."""


@dataclass
class Switches:
    """How the issuer behaves. Each can be set as an attribute of the sandbox or with POST /control/set."""

    lifetime: float = 30.0
    """Seconds that the next tokens live."""
    issuer_down: bool | int | Literal["close"] = False
    """True: 503; a number: that status; "close": the connection ends without a reply."""
    issuer_delay: float = 0.0
    retry_after: float | None = None
    """Sent with the replies of an issuer that is down."""
    reissue_same: bool = False
    """Hand out the newest token again, even if it was voided, until it expires."""
    rotate_refresh: bool = False
    """oauth2: each refresh token works once and brings the next."""
    broken_reply: bytes | None = None
    """Sent with status 200 in place of every token reply."""
    broken_type: str = "application/json"
    broken_encoding: str | None = None
    """A Content-Encoding that the broken reply claims to have."""
    broken_cut: bool = False
    """The broken reply announces more bytes than come before the connection ends."""


@dataclass(slots=True)
class Call:
    """One call of the API. `headers` are as they came, credentials included: so they stay out of the repr."""

    style: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    token: Standing
    generation: int | None
    status: int | None = None
    body_length: int = 0
    ended: bool = False
    """Set when the handler is done; with `status` None, because the caller went away."""


class State(Switches):
    """A sandbox without its server. Not safe across threads: other threads use /control."""

    def __init__(self, *, lifetime: float, clock: Callable[[], float]) -> None:
        super().__init__(lifetime=lifetime)
        self.clock = clock
        self.gate = asyncio.Event()
        """Token requests wait here while it is cleared."""
        self.release = asyncio.Event()
        """`hold` and `sse?hold=1` wait here until it is set."""
        self._changed = asyncio.Event()
        self._first_lifetime = lifetime
        self._begin()

    def _begin(self) -> None:
        self.keys = {KEY: SECRET}
        self.refresh_tokens = {REFRESH_TOKEN}
        self.ledger = Ledger()
        self.mints: Counter[str] = Counter()
        """Token replies that held a token, per style; `mints.total()` for all."""
        self.token_requests: Counter[str] = Counter()
        """Requests to token endpoints per style, whatever became of them."""
        self.api_requests = 0
        self.requests: deque[Call] = deque(maxlen=RECORDED)
        self.gate.set()
        self.release.clear()

    def reset(self) -> None:
        """As new: switches, counters, keys and records; every token is unknown."""
        for switch in fields(Switches):
            setattr(self, switch.name, switch.default)
        self.lifetime = self._first_lifetime
        self._begin()
        self.changed()

    def void(self, style: str | None = None) -> int:
        """Kill every token, or those of one style, as an API does when it revokes them."""
        count = self.ledger.void(style)
        self.changed()
        return count

    def mint(self, style: str, now: float) -> Token:
        """One more token of the style; counted as a mint even when it is the old one again."""
        self.mints[style] += 1
        newest = self.ledger.newest(style)
        if self.reissue_same and newest is not None and now < newest.expires:
            return newest
        return self.ledger.mint(style, STYLES[style].value(now, self.lifetime), now + self.lifetime)

    def record(self, call: Call) -> None:
        self.api_requests += 1
        self.requests.append(call)
        self.changed()

    def changed(self) -> None:
        """Let every `until` look again."""
        self._changed.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until a condition about this sandbox holds: `await s.until(lambda: s.api_requests == 3)`."""
        while not holds():
            self._changed.clear()
            await self._changed.wait()
