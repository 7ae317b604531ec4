"""Transcripts of processes that count together: each has its own proof, and a note goes from one to the next."""

from __future__ import annotations

from typing import Self

from proxy.auth.life.note import Note
from proxy.auth.life.proof import SOMEWHERE, Proof
from proxy.auth.life.replay import Event, Replays, Standing
from proxy.values.now import Now


class Machine:
    """A route in one of the processes; `shared` is where the note lies, as long as nothing goes wrong."""

    def __init__(self, shared: list[Note], ahead: float = 0.0, route: str = "/api") -> None:
        self.shared = shared
        self.ahead = ahead
        self.proof = Proof()
        self.rule = Replays(route, self.proof)
        self.generation = 1
        self.standing = Standing.OUTDATED
        self.seconds = 1000.0

    @property
    def now(self) -> Now:
        return Now(self.seconds + self.ahead, self.seconds + 1e9)

    def hears(self) -> Self:
        if self.shared:
            self.shared[-1].onto(self.proof, self.now)
        return self

    def _says(self) -> Self:
        self.shared.append(Note.of(self.proof, self.now))
        self.proof.said(dict(self.proof.unsaid))
        return self

    def refused(self) -> Self:
        self.hears()
        self.standing = self.rule.refused(self.now.boot, self.generation, self.generation)
        return self._says()

    def in_vain(self) -> Self:
        """What a refusal forced: a newer token, refused as well."""
        assert self.standing is Standing.NEWEST
        self.generation += 1
        self.hears().rule.next(self.standing, Event.REPLAY_REFUSED, self.now.boot, self.generation)
        return self._says()

    def accepted(self) -> Self:
        self.rule.accepted(self.now.boot, self.generation)
        return self._says() if self.proof.unsaid else self

    def is_(self, standing: Standing) -> Self:
        assert self.standing is standing
        return self


def two(generation: int = 1) -> tuple[Machine, Machine]:
    shared: list[Note] = []
    one, other = Machine(shared), Machine(shared, ahead=-900.0)
    one.generation = other.generation = generation
    return one, other


def test_without_a_refusal_nothing_is_said() -> None:
    one, _ = two()
    one.accepted().accepted()
    one.generation = 2
    assert one.accepted().shared == []
    assert one.proof.generation == 2


def test_a_pause_holds_for_all() -> None:
    one, other = two()
    one.refused().in_vain()
    other.generation = 2
    other.refused().is_(Standing.BRAKED)
    other.seconds += 31.0
    other.refused().is_(Standing.NEWEST)


def test_the_first_acceptance_after_a_refusal_is_said_and_the_next_is_not() -> None:
    one, other = two()
    one.refused()
    other.hears().accepted()
    said = len(one.shared)
    assert (one.shared[-1].streak, one.shared[-1].generation) == (0, 1)
    assert len(other.accepted().shared) == said


def test_three_refusals_in_a_row_are_three_whoever_saw_them() -> None:
    """And what one of them saw accepted is proof for all."""
    one, other = two()
    one.refused().in_vain()
    other.generation = 2
    other.hears().accepted()
    one.refused().is_(Standing.BRAKED)
    other.refused().is_(Standing.BRAKED)
    assert not other.rule.contested(other.now.boot, 1, 2)
    assert one.hears().rule.contested(one.now.boot, 2, 2), "before the third the others may object"
    one.refused().is_(Standing.NEWEST)


def test_an_acceptance_between_refusals_keeps_the_pause() -> None:
    one, other = two()
    one.refused().in_vain()
    other.generation = 2
    other.hears().accepted()
    for _ in range(10):
        one.refused().is_(Standing.BRAKED)
        other.hears().accepted()


def test_what_was_accepted_before_a_refusal_was_heard_of_speaks_against_a_streak() -> None:
    one, other = two(2)
    one.seconds = other.seconds = 1001.0
    one.refused()
    other.seconds = 1002.0
    other.accepted()
    assert other.proof.unsaid == {}
    assert other.hears().proof.unsaid == {SOMEWHERE: 2}
    other.refused()
    assert (one.shared[-1].streak, one.shared[-1].generation) == (1, 2)


def test_what_was_accepted_before_the_refusals_says_nothing_against_them() -> None:
    one, other = two(2)
    other.accepted()
    one.seconds = 1001.0
    one.refused()
    other.hears()
    assert (other.proof.streak, other.proof.unsaid) == (1, {})


def test_what_proved_good_without_a_word_is_known_when_it_is_refused() -> None:
    one, other = two()
    other.accepted()
    one.refused()
    other.refused()
    assert one.shared[-1].generation == 1


def test_a_token_that_others_have_replaced_is_outdated() -> None:
    one, other = two()
    one.refused()
    one.generation = 2
    one.accepted()
    other.refused().is_(Standing.OUTDATED)
