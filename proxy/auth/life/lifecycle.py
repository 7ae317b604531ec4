"""How one token lives: the state machine of docs/lifecycle.md.

It is told the time and what happened, and says what to do; its cell does it (tokens/cell.py). Must not know: asyncio, a
clock, HTTP, the store. All randomness comes in through `draw`.

Rule 1: what a request may do in a state stands in ON_ASK, nowhere else.
Rule 2: a generation, never a token's text, tells whether a refusal is news.
Rule 3: what is alive and not refused is served, whatever became of the flight that was to replace it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Final

from proxy.auth.life.backoff import pause
from proxy.auth.life.denial import denial
from proxy.auth.life.margins import margins
from proxy.auth.token import Minted, Token
from proxy.errors import FailureClass, Fault, IssuerError, StoreAway
from proxy.values.now import Now


class State(StrEnum):
    STATIC = "static"
    EMPTY = "empty"
    FRESH = "fresh"
    STALE = "stale"
    DUE = "due"
    EXPIRED = "expired"
    REFUSED = "refused"
    BACKING_OFF = "backing_off"
    LATCHED = "latched"
    LOGIN_REQUIRED = "login_required"


class Answer(Enum):
    USE = auto()
    USE_AND_REFRESH = auto()
    WAIT = auto()
    FAIL = auto()


ON_ASK: Final[dict[State, tuple[Answer, Answer]]] = {
    # state: (a flight is under way or may start, neither)
    State.STATIC: (Answer.USE, Answer.USE),
    State.FRESH: (Answer.USE, Answer.USE),
    State.STALE: (Answer.USE_AND_REFRESH, Answer.USE),
    State.DUE: (Answer.WAIT, Answer.USE),
    State.EMPTY: (Answer.WAIT, Answer.FAIL),
    State.EXPIRED: (Answer.WAIT, Answer.FAIL),
    State.REFUSED: (Answer.WAIT, Answer.FAIL),
    State.BACKING_OFF: (Answer.WAIT, Answer.FAIL),
    State.LATCHED: (Answer.WAIT, Answer.FAIL),
    State.LOGIN_REQUIRED: (Answer.FAIL, Answer.FAIL),
}

LEAST_REST: Final = 5.0
"""Between two mints of which the second brought nothing new."""

LASTING: Final = 60.0
"""Seconds that a token lives on at least when it leaves the proxy."""


@dataclass(slots=True, eq=False, repr=False)
class Terms:
    """What the config says about refreshing: `before` and `min_interval` in seconds (docs/config.md#refresh).

    `exclusive`: a new token kills the old one, so none is fetched before it is needed.
    """

    before: float | None = None
    min_interval: float = 0.0
    exclusive: bool = False


class Lifecycle:
    """One cell's record and rules. Times are boot seconds (Now.boot) unless said otherwise."""

    __slots__ = (
        "_draw",
        "_failures",
        "_not_before",
        "_refresh_not_before",
        "_terms",
        "failure",
        "flying",
        "generation",
        "mints",
        "refused",
        "token",
    )

    def __init__(self, terms: Terms, draw: Callable[[], float], token: Token | None = None) -> None:
        self._terms = terms
        self._draw = draw
        self.token = token  # the newest, dead or alive
        self.generation = 0 if token is None else token.generation  # may be ahead of the token's: see `overtaken`
        self.refused = False  # the API refused the token, and a flight is to replace it
        self.flying = False
        self.failure: IssuerError | None = None  # the last flight's; None after a success
        self._failures = 0  # in a row, of the class of `failure`
        self._not_before = 0.0  # when a flight may start
        # Later than the other where a live token may rest, though a dead one had to be replaced at once.
        self._refresh_not_before = 0.0
        self.mints = 0  # by this process, since its start

    # -------------------------------------------------------------- what is

    @property
    def exclusive(self) -> bool:
        return self._terms.exclusive

    @property
    def helpless(self) -> bool:
        """No flight can bring another token before a person has mended the credential."""
        if self.failure is not None:
            return self.failure.failure is not FailureClass.PASSING
        return self.token is not None and self.token.expires.boot == math.inf

    def state(self, now: Now) -> State:
        token = self.token
        if token is not None and not self.refused:
            left = token.left(now)
            if left > token.soft:
                return State.STATIC if left == math.inf else State.FRESH
            if left > token.hard:
                return State.STALE
            if left > 0:
                return State.DUE
        return self._state_without_token(now)

    def _state_without_token(self, now: Now) -> State:
        if self.failure is not None:
            if self.failure.failure is FailureClass.LOGIN:
                return State.LOGIN_REQUIRED
            if self.failure.failure is FailureClass.CREDENTIAL:
                return State.LATCHED
            if now.boot < self._not_before:
                return State.BACKING_OFF
        if self.token is None:
            return State.EMPTY
        return State.REFUSED if self.refused else State.EXPIRED

    def next_attempt_in(self, now: Now) -> float | None:
        """Seconds until a flight may start again; None when it may start now, or never will by itself."""
        waits = self._not_before - now.boot
        return waits if 0 < waits < math.inf else None

    # -------------------------------------------------------------- what to do

    def ready(self, now: Now) -> Token | None:
        """The hot path: the token, if nothing about it needs a thought."""
        token = self.token
        if token is None or self.refused or now.boot >= token.fresh_boot or now.wall >= token.fresh_wall:
            return None
        return token

    def ask(self, now: Now) -> Answer:
        """A request needs a token."""
        state = self.state(now)
        not_before = self._refresh_not_before if state in (State.STALE, State.DUE) else self._not_before
        return ON_ASK[state][0 if self.flying or now.boot >= not_before else 1]

    def lasting(self, now: Now) -> Token | None:
        """The token, if it lives on for LASTING seconds, or half its life where that is less: for who takes it away."""
        token = self.token
        if token is None or self.refused:
            return None
        return token if token.left(now) > min(LASTING, (token.expires.wall - token.minted.wall) / 2) else None

    def may_fly(self, now: Now) -> bool:
        """A flight is under way, or may start whatever the state is."""
        alive = self.token is not None and not self.refused and self.token.left(now) > 0
        return self.flying or now.boot >= (self._refresh_not_before if alive else self._not_before)

    def patience(self, now: Now) -> float:
        """Seconds that a request should wait for a flight at most: no live token dies of being kept waiting."""
        left = 0.0 if self.token is None or self.refused else self.token.left(now)
        return left / 2 if left > 0 else math.inf

    def refuse(self, now: Now, generation: int) -> Answer:
        """The API refused `generation`: USE a newer token, WAIT for a forced flight, or FAIL: nothing newer to be had.

        A late refusal of an older generation voids nothing (docs/traps.md 2). The token counts as dead only once a
        flight is to replace it: while none may start, a permission error must not take the other routes down.
        """
        if self.token is None or generation < self.generation:
            return self.ask(now)
        if self.state(now) is State.STATIC:
            return Answer.FAIL
        if not self.flying and now.boot < self._not_before:
            return Answer.FAIL
        self.refused = True
        return Answer.WAIT

    def fault(self, now: Now, provider: str) -> Fault:
        """The answer to a request that can't have a token."""
        return denial(provider, self.failure, self.flying, self.next_attempt_in(now))

    # -------------------------------------------------------------- what happened

    def launched(self) -> None:
        self.flying = True

    def landed(self) -> None:
        """The flight is over. What it brought has been said; if nothing was, then nothing is known of the issuer."""
        self.flying = False

    def draft(self, sent: Now, minted: Minted, floor: int = 0) -> Token:
        """The token as `minted` will make it, for those who must keep it first."""
        return self._token(sent, minted, self.token, max(self.generation, floor) + 1)

    def minted(self, sent: Now, now: Now, minted: Minted, floor: int = 0) -> Token:
        """The login sent at `sent` brought a token: life counts from then. `floor`: the store's newest generation.

        Raises IssuerError, to be reported to `failed`, if that life is over already: to take it for a success would
        cost a mint per request (docs/traps.md 9).
        """
        previous = self.token
        self.refused = False
        self.generation = max(self.generation, floor) + 1
        self.mints += 1
        self.token = token = self._token(sent, minted, previous, self.generation)
        token.follow(previous)
        self._hold(sent.boot + self._terms.min_interval)
        left = token.left(now)
        if left <= 0:
            hint = "The issuer answers more slowly than its tokens live, or a clock is wrong."
            raise IssuerError(FailureClass.PASSING, "the token was dead before it arrived", hint=hint)
        self.flying = False
        self.failure = None
        self._failures = 0
        if previous is not None:
            self._rest(now, left, previous, token)
        return token

    def _rest(self, now: Now, left: float, previous: Token, token: Token) -> None:
        """A mint that brought nothing new is not repeated at once (docs/traps.md 9, 11), nor beyond its token's end.

        Where the issuer did mint, a refusal is still believed: a shorter expiry says nothing against it.
        """
        if token.value == previous.value:
            self._hold(now.boot + min(LEAST_REST, left))
        # Whole seconds and two clocks make the same expiry wobble.
        wobble = min(1.0, token.hard)
        if token.value == previous.value or token.expires.boot <= previous.expires.boot + wobble:
            self._refresh_not_before = max(self._refresh_not_before, now.boot + max(LEAST_REST, left / 2))

    def _hold(self, boot: float) -> None:
        """No flight before `boot`."""
        self._not_before = max(self._not_before, boot)
        self._refresh_not_before = max(self._refresh_not_before, boot)

    def _release(self) -> None:
        self._not_before = self._refresh_not_before = 0.0

    def _token(self, sent: Now, minted: Minted, previous: Token | None, generation: int) -> Token:
        hard, soft = margins(minted.lifetime, minted.refresh_in, self._terms.before, self._draw())
        return Token(
            generation=generation,
            value=minted.value,
            minted=sent,
            expires=Now(sent.boot + minted.lifetime, sent.wall + minted.lifetime),
            soft=hard if self._terms.exclusive else soft,
            hard=hard,
            refresh_token=minted.refresh_token_after(previous.refresh_token if previous else None),
            scope=minted.scope,
            reply=minted.reply,
            upstream=minted.upstream or (previous.upstream if previous else None),
        )

    def adopted(self, token: Token) -> None:
        """Another process has minted: its token is ours, and proves that the issuer works.

        A flight of ours stays in the air: it may have to mint all the same, and there are those who wait for it.
        """
        token.follow(self.token)
        self.token = token
        self.generation = token.generation
        self.refused = False
        self.cleared()
        self._hold(token.minted.boot + self._terms.min_interval)

    def overtaken(self, generation: int) -> None:
        """Another process has declared our token dead, or has logged in: a later generation is not minted yet."""
        self.generation = generation
        self.refused = self.token is not None
        self.cleared()

    def failed(self, now: Now, error: IssuerError) -> None:
        """The flight failed. A live token stays in use; what is dead stays dead."""
        same_class = self.failure is not None and self.failure.failure is error.failure
        self.flying = False
        self.failure = error
        self._failures = self._failures + 1 if same_class else 1
        self._hold(now.boot + pause(error, self._failures, self._draw()))

    def store_back(self) -> None:
        """A pause for want of the store is over. The issuer was not asked, and what it is owed stays."""
        if isinstance(self.failure, StoreAway):
            self.cleared()
            if self.token is not None:
                self._hold(self.token.minted.boot + self._terms.min_interval)

    def agreed(self, other: Lifecycle) -> None:
        """The config was loaded again, and says of refreshing what `other` was made with."""
        self._terms = other._terms

    def cleared(self) -> None:
        """An operator asks to try again: latches and pauses are forgotten, the token is not."""
        self.failure = None
        self._failures = 0
        self._release()

    def expired(self) -> None:
        """An operator kills the current token on purpose; the next request may replace it, if a login is not needed."""
        if self.token is None or self.token.expires.boot == math.inf:
            return
        self.refused = True
        if self.failure is None or self.failure.failure is not FailureClass.LOGIN:
            self._release()
