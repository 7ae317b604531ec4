"""Random lives: whatever happens in whatever order, the promises of docs/lifecycle.md hold."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from proxy.auth.life.lifecycle import Answer, Lifecycle, State, Terms
from proxy.auth.token import Minted
from proxy.errors import FailureClass, IssuerError
from proxy.values.now import Now

LIVE = (State.FRESH, State.STALE, State.DUE)
DEAD = (State.EMPTY, State.EXPIRED, State.REFUSED, State.BACKING_OFF, State.LATCHED, State.LOGIN_REQUIRED)
seconds = st.sampled_from([0.0, 0.001, 0.25, 1.0, 5.0, 30.0, 300.0, 4000.0]) | st.floats(0, 10_000)


class Life(RuleBasedStateMachine):
    """The cell and the issuer in one person, who never cheats: a flight starts only when an answer asks for it."""

    def __init__(self) -> None:
        super().__init__()
        self.draw = 0.0
        self.now = Now(0.0, 1e9)
        self.sent: Now | None = None
        self.not_before = 0.0
        self.refused: set[int] = set()
        self.mints = 0
        self.life = Lifecycle(Terms(before=None, min_interval=2.0), lambda: self.draw)

    # -------------------------------------------------------------- time

    @rule(forward=seconds, draw=st.floats(0, 1, exclude_max=True))
    def time_passes(self, forward: float, draw: float) -> None:
        self.now = Now(self.now.boot + forward, self.now.wall + forward)
        self.draw = draw

    @rule(jump=st.sampled_from([-86400.0, -60.0, 1.0, 60.0, 86400.0]))
    def wall_clock_is_set(self, jump: float) -> None:
        self.now = Now(self.now.boot, self.now.wall + jump)

    # -------------------------------------------------------------- requests and replies

    def launch(self, *, forced_by_operator: bool = False) -> None:
        if self.sent is not None:
            return  # it is joined: there is never more than one
        assert forced_by_operator or self.now.boot >= self.not_before
        self.life.launched()
        self.sent = self.now

    @rule()
    def request(self) -> None:
        answer, state = self.life.ask(self.now), self.life.state(self.now)
        if answer in (Answer.USE, Answer.USE_AND_REFRESH):
            assert state in LIVE
        if answer is Answer.FAIL:
            assert state in DEAD
            assert self.life.fault(self.now, "p").code in ("token_unavailable", "credential_refused", "login_required")
        if answer in (Answer.WAIT, Answer.USE_AND_REFRESH):
            self.launch()

    @rule(age=st.integers(0, 2))
    def refusal(self, age: int) -> None:
        generation = self.life.generation - age
        if generation < 1:
            return
        before = self.life.state(self.now)
        answer = self.life.refuse(self.now, generation)
        if age == 0 and answer is Answer.WAIT:
            self.refused.add(generation)
        if age > 0 or answer is Answer.FAIL:
            assert self.life.state(self.now) is before
        if answer is Answer.WAIT:
            self.launch()

    # -------------------------------------------------------------- flights

    @precondition(lambda self: self.sent is not None)
    @rule(lifetime=st.sampled_from([0.5, 1.0, 8.0, 30.0, 80.0, 3600.0, 2_592_000.0]), same=st.booleans())
    def mint(self, lifetime: float, same: bool) -> None:
        assert self.sent is not None
        sent, self.sent = self.sent, None
        generation, self.mints = self.life.generation, self.mints + 1
        value = self.life.token.value if same and self.life.token is not None else f"token-{self.mints}"
        self.not_before = sent.boot + 2.0
        try:
            self.life.minted(sent, self.now, Minted(value, lifetime))
        except IssuerError as error:
            self.life.failed(self.now, error)
        assert self.life.generation == generation + 1 == self.mints

    @precondition(lambda self: self.sent is not None)
    @rule(failure=st.sampled_from(FailureClass), retry_after=st.none() | st.sampled_from([1.0, 60.0, 99999.0]))
    def fail(self, failure: FailureClass, retry_after: float | None) -> None:
        self.sent = None
        self.life.failed(self.now, IssuerError(failure, "no", retry_after=retry_after))
        least = {FailureClass.PASSING: 0.25, FailureClass.CREDENTIAL: 60.0, FailureClass.LOGIN: float("inf")}[failure]
        self.not_before = self.now.boot + max(least, min(retry_after or 0.0, 3600.0))

    @precondition(lambda self: self.sent is not None)
    @rule()
    def interruption(self) -> None:
        self.sent = None
        self.life.landed()

    # -------------------------------------------------------------- operators

    @rule()
    def operator_retries(self) -> None:
        self.life.cleared()
        self.not_before = 0.0
        self.launch(forced_by_operator=True)

    @rule()
    def operator_expires(self) -> None:
        if self.life.token is None:
            return
        self.life.expired()
        self.refused.add(self.life.generation)
        if self.not_before != float("inf"):
            self.not_before = 0.0

    # -------------------------------------------------------------- promises

    @invariant()
    def what_is_handed_out_is_alive(self) -> None:
        token = self.life.ready(self.now)
        if token is None and self.life.ask(self.now) in (Answer.USE, Answer.USE_AND_REFRESH):
            token = self.life.token
        if token is not None:
            assert token.left(self.now) > 0
            assert token.generation not in self.refused
            assert token.generation == self.life.generation

    @invariant()
    def flights_are_known(self) -> None:
        assert self.life.flying == (self.sent is not None)

    @invariant()
    def nothing_waits_for_ever_by_itself(self) -> None:
        """Unless a login is needed, an hour later at most the next request gets its flight (a pause is no longer)."""
        later = Now(self.now.boot + 3600.0, self.now.wall + 1e8)
        if self.life.state(later) is not State.LOGIN_REQUIRED:
            assert self.life.ask(later) is Answer.WAIT

    @invariant()
    def a_live_token_serves(self) -> None:
        if self.life.state(self.now) in LIVE and self.sent is None and self.now.boot < self.not_before:
            assert self.life.ask(self.now) is Answer.USE


Life.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestLife = Life.TestCase
