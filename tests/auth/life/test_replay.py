"""The rule of replays: its table, and transcripts of what a route, its cell and the API live through together."""

from __future__ import annotations

from itertools import product
from typing import Self

import pytest

from proxy.auth.life.proof import Proof
from proxy.auth.life.replay import RULE, Do, Event, Replays, Standing, Told

BRAKED = {Event.REFUSED, Event.REFUSED_UNREPLAYABLE}
"""All that can come to pass with a token whose refusal forces nothing."""


class Route:
    """One route of a cell. Verbs play what the API, the issuer and the client do; `says` looks at what came of it."""

    def __init__(self, proof: Proof | None = None, generation: int = 1, name: str = "/api") -> None:
        self.proof = proof or Proof()
        self.brake = self.proof.brake(name)
        self.rule = Replays(name, self.proof)
        self.boot = 1000.0
        self.newest = generation
        self.row = RULE[Standing.OUTDATED, Event.REPLAY_ACCEPTED]
        self.standing = Standing.OUTDATED

    def accepts(self, generation: int | None = None) -> Self:
        self.rule.accepted(self.boot, self.newest if generation is None else generation)
        return self

    def refuses(self, generation: int | None = None, *, replayable: bool = True) -> Self:
        refused = self.newest if generation is None else generation
        self.standing = self.rule.refused(self.boot, refused, self.newest)
        event = Event.REFUSED if replayable else Event.REFUSED_UNREPLAYABLE
        self.row = self.rule.next(self.standing, event, self.boot, refused)
        return self

    def flies(self) -> Self:
        """For the calls to come."""
        self.row = self.rule.next(self.standing, Event.RENEWING, self.boot, self.newest + 1)
        self.newest += 1
        return self

    def renews(self, *, replayable: bool = True) -> Self:
        self.newest += self.standing is Standing.NEWEST
        event = Event.RENEWED if replayable else Event.RENEWED_UNREPLAYABLE
        self.row = self.rule.next(self.standing, event, self.boot, self.newest)
        return self

    def renews_nothing(self) -> Self:
        self.row = self.rule.next(self.standing, Event.NOT_RENEWED, self.boot, self.newest)
        return self

    def replays(self, *, accepted: bool) -> Self:
        event = Event.REPLAY_ACCEPTED if accepted else Event.REPLAY_REFUSED
        self.row = self.rule.next(self.standing, event, self.boot, self.newest)
        return self

    def waits(self, seconds: float) -> Self:
        self.boot += seconds
        return self

    def says(self, do: Do, skipped: str | None = None) -> Self:
        assert (self.row.do, self.row.skipped) == (do, skipped)
        return self

    def pauses(self, seconds: float) -> Self:
        assert self.brake.until - self.boot == seconds
        return self


def test_the_table_has_a_row_for_all_that_can_come_to_pass() -> None:
    wanted = {pair for pair in product(Standing, Event) if pair[0] is not Standing.BRAKED or pair[1] in BRAKED}
    wanted.discard((Standing.OUTDATED, Event.RENEWING))  # the newer token is there: nothing is fetched
    assert set(RULE) == wanted


@pytest.mark.parametrize("row", RULE.items(), ids=lambda row: " ".join(part.name for part in row[0]))
def test_every_row_keeps_to_what_holds_for_all(row: tuple[tuple[Standing, Event], tuple[Do, str | None, Told]]) -> None:
    (standing, event), (do, skipped, brake) = row
    assert brake is Told.NOTHING or standing is Standing.NEWEST, "only a forced flight is a matter of the brake"
    if event in (Event.REPLAY_ACCEPTED, Event.REPLAY_REFUSED):
        assert (do, skipped) == (Do.PASS, None), "exactly one replay, whatever it brings"
    else:
        assert (skipped is None) == (do in (Do.RENEW, Do.REPLAY)), "whoever gets no replay is told why"
    if "UNREPLAYABLE" in event.name:
        assert do in (Do.PASS, Do.RENEW_LATER)


def test_a_dead_token_is_replaced_and_the_request_replayed() -> None:
    route = Route().accepts().refuses().says(Do.RENEW).renews().says(Do.REPLAY).replays(accepted=True).says(Do.PASS)
    assert route.proof.generation == 2
    route.refuses().says(Do.RENEW)


def test_trap_02_the_refusal_of_an_older_token_is_no_news_and_asks_no_brake() -> None:
    route = Route(generation=2).refuses(2).renews().replays(accepted=False).pauses(30.0)
    route.refuses(1).says(Do.RENEW).renews().says(Do.REPLAY)
    assert route.newest == 3
    route.replays(accepted=False).pauses(30.0)


def test_trap_31_a_vain_replay_pauses_the_route() -> None:
    route = Route().refuses().renews().replays(accepted=False).says(Do.PASS)
    route.refuses().says(Do.PASS, "paused").refuses(replayable=False).says(Do.PASS, "paused")
    route.waits(30.0).refuses().says(Do.RENEW).renews().replays(accepted=False).pauses(60.0)


def test_trap_30_what_can_not_be_replayed_renews_for_the_next() -> None:
    route = Route().accepts().refuses(replayable=False).says(Do.RENEW_LATER, "body_too_large")
    route.flies().says(Do.PASS, "body_too_large")
    assert route.brake.unsettled == 2
    route.accepts()
    assert route.brake.unsettled == 0


def test_trap_30_what_was_refused_early_and_grew_too_large_meanwhile() -> None:
    route = Route().refuses().says(Do.RENEW).renews(replayable=False).says(Do.PASS, "body_too_large")
    assert route.brake.unsettled == 2
    route.refuses().says(Do.PASS, "paused").pauses(30.0)


def test_trap_30_an_old_token_and_a_large_body_fetch_nothing() -> None:
    Route(generation=2).refuses(1, replayable=False).says(Do.PASS, "body_too_large")


def test_no_token_to_be_had_says_so_and_tells_the_brake_nothing() -> None:
    route = Route().refuses().renews_nothing().says(Do.PASS, "token_unavailable")
    route.refuses().says(Do.RENEW)


def test_a_proven_token_that_dies_in_a_pause_is_believed_after_three() -> None:
    route = Route().refuses().renews().replays(accepted=False).accepts()
    route.refuses().says(Do.PASS, "paused").refuses().says(Do.PASS, "paused").refuses().says(Do.RENEW)


def test_the_proof_is_the_cells_and_the_brake_the_routes() -> None:
    """Whichever route saw a reply, it counts for all; a pause is for one."""
    proof = Proof()
    one, other = Route(proof), Route(proof, name="/other")
    one.refuses().renews().replays(accepted=False)
    other.newest = one.newest
    other.accepts().refuses().says(Do.RENEW)  # no pause of the other's
    assert proof.streak == 1
    one.refuses().says(Do.PASS, "paused").refuses().says(Do.RENEW)  # with the other's refusal these are three


def test_acceptances_are_remembered_by_the_newest_generation() -> None:
    proof = Route(generation=2).accepts(2).refuses().refuses().proof
    assert (proof.generation, proof.streak) == (2, 2)
    Route(proof, generation=2).accepts(1)
    assert (proof.generation, proof.streak) == (2, 0)
