"""Notes: what comes back is what was written, and every clock is its machine's own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.auth.life.brake import FIRST_PAUSE, LONGEST_PAUSE, Pauses
from proxy.auth.life.note import Note
from proxy.auth.life.proof import Proof
from proxy.values.now import Now

HERE, THERE = Now(1000.0, 1_700_000_000.0), Now(77.0, 1_700_000_000.0)
"""One moment, on two machines."""

counts = st.integers(0, 2**53)
times = st.floats(-1e11, 1e11)
pauses = st.builds(Pauses, times, times, counts, counts, times, st.just(float("-inf")) | times, counts)


def paused(generation: int = 2) -> Proof:
    """Of a cell whose route /api has had a vain forced flight just now."""
    proof = Proof()
    proof.refused(HERE.boot)
    proof.refused(HERE.boot)
    proof.brake("/api").useless(HERE.boot, generation)
    proof.brake("/unused")
    return proof


@given(st.builds(Note, counts, counts, times, st.dictionaries(st.text(), pauses)))
def test_what_comes_back_is_what_was_written(note: Note) -> None:
    assert Note.from_bytes(note.to_bytes("cell"), "cell") == note


def test_a_pause_ends_at_the_same_moment_on_another_machine() -> None:
    note, proof = Note.of(paused(), HERE), Proof()
    assert list(note.pauses) == ["/api"]
    assert note.newest == 2
    note.onto(proof, THERE)
    assert (proof.brake("/api").until, proof.streak) == (THERE.boot + FIRST_PAUSE, 2)
    assert not proof.brake("/api").permits(THERE.boot, 2, 0, True)


def test_a_wrong_clock_makes_no_pause_longer_than_the_longest() -> None:
    proof = Proof()
    Note.of(paused(), HERE).onto(proof, Now(THERE.boot, THERE.wall - 1e6))
    assert proof.brake("/api").until == THERE.boot + LONGEST_PAUSE


def test_a_pause_that_others_have_ended_is_over() -> None:
    proof = paused()
    Note(2, 0).onto(proof, HERE)
    assert not proof.brake("/api").used
    assert (proof.generation, proof.streak) == (2, 0)


def test_what_was_accepted_here_and_is_not_said_yet_counts() -> None:
    proof = paused()
    proof.accepted("/api", 2)
    Note(1, 5).onto(proof, HERE)
    assert (proof.generation, proof.streak) == (2, 0)
    proof.said({"/api": 2})
    Note(1, 5).onto(proof, HERE)
    assert (proof.generation, proof.streak) == (2, 5)


GOOD: dict[str, Any] = {"v": 1, "cell": "cell", "generation": 1, "streak": 0, "since": 0.0, "pauses": {}}


@pytest.mark.parametrize(
    "wrong",
    [
        *({"v": 2}, {"cell": "other"}, {"generation": -1}, {"generation": 1.0}, {"streak": True}, {"pauses": []}),
        *(
            {"pauses": {"/": [1, 2, 3]}},
            {"pauses": {"/": [0, 0, 0, 0, float("nan"), 0, 0]}},
            {"pauses": None},
            {"since": "now"},
        ),
    ],
)
def test_what_is_no_note_is_refused(wrong: dict[str, Any]) -> None:
    assert Note.from_bytes(json.dumps(GOOD).encode(), "cell") == Note(1, 0)
    with pytest.raises(ValueError, match="note"):
        Note.from_bytes(json.dumps(GOOD | wrong).encode(), "cell")


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b"null"])
def test_bytes_that_say_nothing_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- json's own words among them
        Note.from_bytes(data, "cell")
