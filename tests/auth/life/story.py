"""A transcript for lifecycles: what happens, and what it answers, in order of time.

Story().mint(life=80).at(60).asks(USE_AND_REFRESH).launches().fails().asks(USE)
"""

from __future__ import annotations

import math
from typing import Self

from proxy.auth.life.lifecycle import Answer, Lifecycle, State, Terms
from proxy.auth.token import Minted, Token
from proxy.errors import FailureClass, IssuerError, StoreAway
from proxy.values.now import Now

PASSING, CREDENTIAL, LOGIN = FailureClass.PASSING, FailureClass.CREDENTIAL, FailureClass.LOGIN
USE, USE_AND_REFRESH, WAIT, FAIL = Answer.USE, Answer.USE_AND_REFRESH, Answer.WAIT, Answer.FAIL
TICK = 2.0**-10
WALL = 2.0**30
"""A power of two, so that edges are exact in floating point."""


class Story:
    def __init__(
        self, *, before: float | None = None, min_interval: float = 0.0, draw: float = 0.0, token: Token | None = None
    ) -> None:
        self.draw = draw
        self.life = Lifecycle(Terms(before, min_interval), lambda: self.draw, token)
        self.boot = 0.0
        self.wall_ahead = 0.0
        self._values = 0

    @property
    def now(self) -> Now:
        return Now(self.boot, WALL + self.boot + self.wall_ahead)

    # what happens

    def at(self, boot: float) -> Self:
        self.boot = boot
        return self

    def wall_jumps(self, seconds: float) -> Self:
        self.wall_ahead += seconds
        return self

    def launches(self) -> Self:
        self.life.launched()
        return self

    def mints(
        self,
        life: float = 80.0,
        value: str | None = None,
        refresh_in: float | None = None,
        refresh_token: str | None = None,
    ) -> Self:
        """A flight lands at once, as seen by both clocks."""
        self._values += 1
        self.life.launched()
        minted = Minted(value or f"token-{self._values}", life, refresh_in, refresh_token)
        self.life.minted(self.now, self.now, minted)
        return self

    def fails(self, failure: FailureClass = PASSING, retry_after: float | None = None) -> Self:
        self.life.launched()
        self.life.failed(self.now, IssuerError(failure, "no", retry_after=retry_after))
        return self

    def fails_for_the_store(self) -> Self:
        self.life.launched()
        self.life.failed(self.now, StoreAway("gone"))
        return self

    def is_expired(self) -> Self:
        self.life.expired()
        return self

    def is_cleared(self) -> Self:
        self.life.cleared()
        return self

    # what it answers

    def asks(self, answer: Answer) -> Self:
        assert self.life.ask(self.now) is answer
        carefree = self.life.ready(self.now) is not None
        assert carefree == (self.life.state(self.now) in (State.FRESH, State.STATIC))
        return self

    def refuses(self, generation: int, answer: Answer) -> Self:
        assert self.life.refuse(self.now, generation) is answer
        return self

    def state(self, state: State) -> Self:
        assert self.life.state(self.now) is state
        return self

    def waits(self, seconds: float | None) -> Self:
        """The next flight may start after so many seconds, and not a tick earlier."""
        assert self.life.next_attempt_in(self.now) == seconds
        if seconds is not None:
            just_before = Now(self.boot + seconds - TICK, self.now.wall)
            assert self.life.next_attempt_in(just_before) == TICK
            assert self.life.next_attempt_in(Now(self.boot + seconds, self.now.wall)) is None
        return self

    def denies(self, code: str, retry_after: float | None = math.nan) -> Self:
        fault = self.life.fault(self.now, "qianfan")
        assert fault.code == code
        if retry_after is None or not math.isnan(retry_after):
            assert fault.retry_after == retry_after
        return self
