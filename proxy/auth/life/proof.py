"""What the API's replies have shown of one cell's tokens, whichever route and whichever process saw them.

Owns: the proof, its brakes, and what others must be told of it (docs/lifecycle.md#who-counts). Pure. Must not know:
where it is shared (tokens/shared_proof.py), the rule that uses it (auth/life/replay.py).
"""

from __future__ import annotations

import math
from typing import Final

from proxy.auth.life.brake import Brake

SOMEWHERE: Final = ""
"""For the name of a route: what was accepted before this process heard of a refusal."""


class Proof:
    """`streak` counts refusals since the last acceptance, over all routes, and `since` is when the first of them came;
    `generation` is the newest that the API has accepted, `accepted_at` when the last request came that it accepted
    here. Times are boot seconds.

    `unsaid`: by route, the generation whose acceptance is news to those who share the cell. News is what follows a
    refusal: without any there is no streak and no brake in use, and nothing to say.
    """

    __slots__ = ("_brakes", "accepted_at", "generation", "since", "streak", "unsaid")

    def __init__(self) -> None:
        self.streak = 0
        self.since = 0.0
        self.generation = 0
        self.accepted_at = -math.inf
        self.unsaid: dict[str, int] = {}
        self._brakes: dict[str, Brake] = {}

    @property
    def brakes(self) -> dict[str, Brake]:
        return self._brakes

    def brake(self, route: str) -> Brake:
        """The brake of a route; it outlives the config that names the route, as the cell does."""
        return self._brakes.setdefault(route, Brake())

    def refused(self, boot: float) -> None:
        if self.streak == 0:
            self.since = boot
        self.streak += 1

    def accepted(self, route: str, generation: int) -> None:
        """The API took a token of this generation, which changes something here."""
        if self.streak or any(brake.used for brake in self._brakes.values()):
            self.unsaid[route] = generation
        self._apply(route, generation)

    def reapply(self) -> None:
        """What was shared has been taken over, and lacks what was not said yet: also that it is no streak."""
        if self.streak and self.accepted_at > self.since:
            self.unsaid.setdefault(SOMEWHERE, self.generation)
        for route, generation in self.unsaid.items():
            self._apply(route, generation)

    def _apply(self, route: str, generation: int) -> None:
        self.streak = 0
        self.generation = max(self.generation, generation)
        if route != SOMEWHERE:
            self.brake(route).settled(generation)

    def said(self, news: dict[str, int]) -> None:
        """The others know this now. What came since is still to be said."""
        self.unsaid = {route: newest for route, newest in self.unsaid.items() if news.get(route) != newest}
