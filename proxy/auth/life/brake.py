"""The brake of one route: a permission error that looks like expiry must not cost a mint per request.

A forced flight was useful if the replay was accepted. After a useless one the route forces nothing for a while
(docs/lifecycle.md#brakes). Pure: told the time and what happened.
"""

from __future__ import annotations

import math
from typing import NamedTuple

FIRST_PAUSE = 30.0
LONGEST_PAUSE = 300.0
LIFTING_STREAK = 3


class Pauses(NamedTuple):
    """What a brake has come to, for others who draw from the same cell; the names are the brake's. Times are a clock's,
    the boot one within this process.
    """

    until: float
    pause: float
    lifting: int
    judged: int
    permitted: float
    last_unreplayed: float
    unsettled: int

    def on_clock(self, ahead: float) -> Pauses:
        """As a clock tells it that is `ahead` seconds ahead."""
        return self._replace(
            until=self.until + ahead,
            permitted=self.permitted + ahead,
            last_unreplayed=self.last_unreplayed + ahead,
        )


class Brake:
    """`until` is the boot time up to which refusals on this route pass through."""

    __slots__ = ("_judged", "_last_unreplayed", "_lifting", "_pause", "_permitted", "unsettled", "until")

    def __init__(self) -> None:
        self.until = 0.0
        self._pause = FIRST_PAUSE
        self._lifting = LIFTING_STREAK
        self._judged = 0
        self._permitted = 0.0
        self._last_unreplayed = -math.inf
        self.unsettled = 0
        """The generation that a forced flight brought without a replay to judge it by; 0 when there is none."""

    def permits(self, boot: float, generation: int, streak: int, proven: bool) -> bool:
        """May a refusal of `generation` force a flight?

        `streak` counts refusals of the cell since its last acceptance, this one included; `proven` says that the
        generation had been accepted before: then three in a row mean that it is the token after all.
        """
        if generation == self.unsettled:
            self.useless(boot, generation)
        # Older than what an unreplayed flight is to bring: this refusal only joins that flight.
        if boot >= self.until or generation < self.unsettled or self._lifts(boot, streak, proven):
            self._permitted = boot
            return True
        return False

    def contested(self, boot: float, generation: int, streak: int, proven: bool) -> bool:
        """Is the streak all that would let this refusal force a flight? Arguments as for `permits`."""
        return boot < self.until and generation > self.unsettled and self._is_long(streak, proven)

    def _is_long(self, streak: int, proven: bool) -> bool:
        return proven and streak >= self._lifting

    def _lifts(self, boot: float, streak: int, proven: bool) -> bool:
        """Each lift asks for a streak three times as long as the last, or three forbidden calls between good ones
        would cost a mint each time. Where the token is dead, all calls are refused and the streak is soon long enough.
        """
        if not self._is_long(streak, proven):
            return False
        self._lifting *= LIFTING_STREAK
        self.until = boot
        return True

    def useful(self) -> None:
        """The replay after a forced flight was accepted."""
        self.until = 0.0
        self._reset()
        self.unsettled = 0

    def useless(self, boot: float, generation: int) -> None:
        """The token that a forced flight brought was refused as well; counts once per generation."""
        if generation <= self._judged:
            return
        if boot - self.until > LONGEST_PAUSE:
            self._reset()
        self._judged = generation
        self.unsettled = 0
        self.until = boot + self._pause
        self._pause = min(LONGEST_PAUSE, self._pause * 2)

    def _reset(self) -> None:
        self._pause = FIRST_PAUSE
        self._lifting = LIFTING_STREAK

    def unreplayed(self, generation: int) -> None:
        """A forced flight brings `generation`, but this request can't be replayed: the next one will tell.

        A second one so soon pauses the route: what good calls prove in between must not make each forbidden one cost
        a mint.
        """
        self.unsettled = generation
        if self._permitted < self._last_unreplayed + self._pause:
            self.until = self._permitted + self._pause
        self._last_unreplayed = self._permitted

    def settled(self, generation: int) -> None:
        """An ordinary request was accepted: what an unreplayed forced flight brought is good, but proves no more."""
        if generation == self.unsettled:
            self.unsettled = 0

    # -------------------------------------------------------------- shared

    @property
    def used(self) -> bool:
        """Has there been a forced flight that did not prove useful?"""
        return self.pauses != UNUSED

    @property
    def pauses(self) -> Pauses:
        return Pauses(
            self.until,
            self._pause,
            self._lifting,
            self._judged,
            self._permitted,
            self._last_unreplayed,
            self.unsettled,
        )

    def resume(self, boot: float, pauses: Pauses) -> None:
        """Go on where another process stands. Its clock may be wrong: no pause is longer than the longest."""
        self.until = min(pauses.until, boot + LONGEST_PAUSE)
        self._pause = pauses.pause
        self._lifting = pauses.lifting
        self._judged = pauses.judged
        self._permitted = min(pauses.permitted, boot)
        self._last_unreplayed = min(pauses.last_unreplayed, boot)
        self.unsettled = pauses.unsettled


UNUSED = Brake().pauses
