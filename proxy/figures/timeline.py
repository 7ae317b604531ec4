"""Where the time of one exchange went: marks on one clock, and what lies between them.

Owns: which marks there are, and what is our own time and what the API's. Must not know: clocks, who sets a mark.
A mark that would equal the one before it is not set, so that the usual request costs three.
"""

from __future__ import annotations

from typing import Final, NamedTuple

UNSET: Final = 0.0
"""No such moment: clocks begin when the machine does, and no request comes that early."""


class Span(NamedTuple):
    """A step: when it began, in seconds since the request came, and how long it took."""

    step: str
    begins: float
    seconds: float


class Timeline:
    """Seconds of a clock that never jumps; `wall` is the Unix time of `started`.

    `guarded`: known who asks, where that was waited for. `charged`: its quota, likewise. `armed`: a token, likewise.
    `read`: a short body, whole. `sent`: to the API; `opening` is how many seconds of that a new connection took.
    `first`: the head of the API's reply. `resent`, `again`: the last of further sends, and the head of its reply.
    `streamed`: the rest of the reply came after its head.
    """

    guarded: float = UNSET
    charged: float = UNSET
    armed: float = UNSET
    read: float = UNSET
    sent: float = UNSET
    opening: float = 0.0
    first: float = UNSET
    resent: float = UNSET
    again: float = UNSET
    ended: float = UNSET
    streamed: bool = False

    def __init__(self, started: float, wall: float) -> None:
        self.started = started
        self.wall = wall

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.ended - self.started

    @property
    def upstream(self) -> float:
        """Spent on waiting for the heads of the API's replies, a new connection included."""
        if self.sent == UNSET:
            return 0.0
        waited = (self.first or self.ended) - self.sent
        return waited + (self.again or self.ended) - self.resent if self.resent else waited

    @property
    def own(self) -> float:
        """Our own part: until the request was sent, and behind the last reply where that came whole. Waiting for a
        token or for the client's body is none of it.
        """
        if self.sent == UNSET:
            return self.ended - self.started
        spent = self.sent - self.started
        if self.armed:
            spent -= self.armed - (self.charged or self.guarded or self.started)
        if self.read:
            spent -= self.read - (self.armed or self.charged or self.guarded or self.started)
        last = self.again if self.resent else self.first
        return spent + self.ended - last if last and not self.streamed else spent

    @property
    def first_byte(self) -> float:
        """From the request to the first byte of its answer; only of one that was sent."""
        first = self.again if self.resent else self.first
        return (first or self.ended) - self.started

    def spans(self) -> list[Span]:
        """The steps that took any time, in order."""
        marks = (
            ("guard", self.guarded),
            ("quota", self.charged),
            ("token", self.armed),
            ("body", self.read),
            ("prepare", self.sent),
            ("connect", self.sent + self.opening if self.opening else UNSET),
            ("first byte", self.first),
            ("renew", self.resent),
            ("replay", self.again),
            ("answer", self.ended),
        )
        spans, since = [], self.started
        for step, at in marks:
            if at != UNSET:
                spans.append(Span(step, since - self.started, at - since))
                since = at
        return spans
