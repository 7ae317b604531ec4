"""When a refused request is sent once more, and what each step of that tells (docs/lifecycle.md, replay and brakes).

Owns: the rule, as one table. What replies have proven is the cell's (auth/life/proof.py), the brake is the route's.
Pure: told the time and what happened. Must not know: how a token is got, what a body is, who shares the proof.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, NamedTuple

from proxy.auth.life.proof import Proof


class Standing(Enum):
    """Of the token that was refused."""

    OUTDATED = auto()  # the cell has a newer one: its refusal is no news, and a replay costs the issuer nothing
    NEWEST = auto()  # only a forced flight brings another one
    BRAKED = auto()  # the newest, and the route's brake lets no flight be forced


class Event(Enum):
    REFUSED = auto()  # the API said no, and the request can be sent again
    REFUSED_UNREPLAYABLE = auto()  # it can't: the body was too large to keep
    RENEWING = auto()  # a flight is under way, for the calls to come
    RENEWED = auto()  # a newer token is there, and the request can still be sent again
    RENEWED_UNREPLAYABLE = auto()  # the API refused early, and the upload went on meanwhile (docs/traps.md 30)
    NOT_RENEWED = auto()  # there is none to be had
    REPLAY_ACCEPTED = auto()
    REPLAY_REFUSED = auto()


class Do(Enum):
    RENEW = auto()  # get a newer token, then see
    RENEW_LATER = auto()  # the refusal passes, but whoever comes next shall have a newer token
    REPLAY = auto()
    PASS = auto()  # the reply goes to the client


class Told(Enum):
    """To the brake."""

    NOTHING = auto()
    UNREPLAYED = auto()
    USEFUL = auto()
    USELESS = auto()


class Row(NamedTuple):
    """`skipped` is why there is no replay, as the client reads it in X-Keyless-Replay."""

    do: Do
    skipped: str | None = None
    brake: Told = Told.NOTHING


RULE: Final[dict[tuple[Standing, Event], Row]] = {
    (Standing.OUTDATED, Event.REFUSED): Row(Do.RENEW),
    (Standing.OUTDATED, Event.REFUSED_UNREPLAYABLE): Row(Do.PASS, "body_too_large"),
    (Standing.OUTDATED, Event.RENEWED): Row(Do.REPLAY),
    (Standing.OUTDATED, Event.RENEWED_UNREPLAYABLE): Row(Do.PASS, "body_too_large"),
    (Standing.OUTDATED, Event.NOT_RENEWED): Row(Do.PASS, "token_unavailable"),
    (Standing.OUTDATED, Event.REPLAY_ACCEPTED): Row(Do.PASS),
    (Standing.OUTDATED, Event.REPLAY_REFUSED): Row(Do.PASS),
    (Standing.NEWEST, Event.REFUSED): Row(Do.RENEW),
    (Standing.NEWEST, Event.REFUSED_UNREPLAYABLE): Row(Do.RENEW_LATER, "body_too_large"),
    (Standing.NEWEST, Event.RENEWING): Row(Do.PASS, "body_too_large", Told.UNREPLAYED),
    (Standing.NEWEST, Event.RENEWED): Row(Do.REPLAY),
    (Standing.NEWEST, Event.RENEWED_UNREPLAYABLE): Row(Do.PASS, "body_too_large", Told.UNREPLAYED),
    (Standing.NEWEST, Event.NOT_RENEWED): Row(Do.PASS, "token_unavailable"),
    (Standing.NEWEST, Event.REPLAY_ACCEPTED): Row(Do.PASS, None, Told.USEFUL),
    (Standing.NEWEST, Event.REPLAY_REFUSED): Row(Do.PASS, None, Told.USELESS),
    (Standing.BRAKED, Event.REFUSED): Row(Do.PASS, "paused"),
    (Standing.BRAKED, Event.REFUSED_UNREPLAYABLE): Row(Do.PASS, "paused"),
}


BRAKING: Final = (Event.RENEWING, Event.RENEWED_UNREPLAYABLE, Event.REPLAY_ACCEPTED, Event.REPLAY_REFUSED)
"""What brake or proof hear of, beyond refusals."""


class Replays:
    """The rule in use on one route, by its name: its brake, and the proof of the cell that it draws from."""

    __slots__ = ("brake", "proof", "route")

    def __init__(self, route: str, proof: Proof) -> None:
        self.route = route
        self.proof = proof
        self.brake = proof.brake(route)

    def accepted(self, boot: float, generation: int) -> None:
        """The API took a token of this generation, in a request that came at `boot`.

        The hot path: only what changes something goes further.
        """
        proof = self.proof
        proof.accepted_at = boot
        if proof.streak or generation > proof.generation or self.brake.unsettled == generation:
            proof.accepted(self.route, generation)

    def refused(self, boot: float, generation: int, newest: int) -> Standing:
        """The API refused a token of `generation`, while `newest` is the cell's. A refusal counts whatever follows."""
        proof = self.proof
        proof.refused(boot)
        if generation < max(newest, proof.generation):
            return Standing.OUTDATED
        permitted = self.brake.permits(boot, generation, proof.streak, proof.generation == generation)
        return Standing.NEWEST if permitted else Standing.BRAKED

    def contested(self, boot: float, generation: int, newest: int) -> bool:
        """Would this refusal lift a pause? Whoever shares the cell may know of an acceptance that speaks against it."""
        proof = self.proof
        proven = proof.generation == generation
        return generation >= newest and self.brake.contested(boot, generation, proof.streak + 1, proven)

    def next(self, standing: Standing, event: Event, boot: float, generation: int) -> Row:
        """What is to be done now, of which the brake is told: `generation` is the one that was, or will be, brought."""
        if event is Event.REPLAY_ACCEPTED:
            self.accepted(boot, generation)
        elif event is Event.REPLAY_REFUSED:
            self.proof.refused(boot)
        row = RULE[standing, event]
        match row.brake:
            case Told.UNREPLAYED:
                self.brake.unreplayed(generation)
            case Told.USEFUL:
                self.brake.useful()
            case Told.USELESS:
                self.brake.useless(boot, generation)
        return row
