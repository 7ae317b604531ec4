"""Rounds: who has a turn, how often, and what becomes of one that fails."""

from __future__ import annotations

import time
from pathlib import Path

from bench.callgrind import CountError
from bench.load import LoadError
from bench.measure import Sample
from bench.peers.peer import Peer
from bench.site import Origin, Site
from bench.stand import QUICK, Contender, Running, Stand, rounds

ORIGIN = Origin(1)


def stand(seconds: float = 60.0) -> Stand:
    return Stand(Site(Path(), ORIGIN, ORIGIN, ORIGIN, "nobody"), QUICK, {0}, {0}, time.monotonic() + seconds)


def contender(name: str, *, once: bool = False) -> Contender:
    return Contender(Peer(name, name, missing=lambda: None, version=lambda: "", command=None, once=once))


def turn(_: Stand, running: Running) -> Sample:
    turns.append(running.contender.label)
    return {"rps": 1.0}


turns: list[str] = []


def test_each_has_its_turn_in_each_round_but_who_is_once_has_it_in_the_first() -> None:
    turns.clear()
    samples, failures = rounds(
        stand(), [contender("a"), contender("b", once=True), contender("c")], ORIGIN, None, turn, 3
    )
    assert turns == ["a", "b", "c", "a", "c", "a", "c"]
    assert {name: len(taken) for name, taken in samples.items()} == {"a": 3, "b": 1, "c": 3}
    assert failures == {}


def test_who_fails_the_warm_up_has_no_turn_and_who_can_not_be_counted_no_sample() -> None:
    def warm_up(_: Stand, running: Running) -> Sample:
        if running.contender.label == "a":
            raise LoadError("answered 500")
        return {}

    def uncounted(_: Stand, running: Running) -> Sample:
        raise CountError(f"no count of {running.contender.label}")

    samples, failures = rounds(stand(), [contender("a"), contender("b")], ORIGIN, warm_up, uncounted, 1)
    assert samples == {"b": []}
    assert failures == {"a": "answered 500", "b": "no count of b"}


def test_when_time_is_up_nobody_has_a_turn() -> None:
    turns.clear()
    samples, _ = rounds(stand(-1.0), [contender("a")], ORIGIN, None, turn, 3)
    assert (samples, turns) == ({"a": []}, [])


def test_who_is_counted_may_take_long_to_start() -> None:
    peer = contender("a").peer
    assert Contender(peer, counted=True).start_seconds > 10 * Contender(peer).start_seconds
