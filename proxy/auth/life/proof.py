"""What the API's replies have shown of one cell's tokens, whichever route and whichever process saw them.

Owns: the proof, its brakes, and what others must be told of it (docs/lifecycle.md#who-counts). Pure. Must not know:
where it is shared (tokens/shared_proof.py), the rule that uses it (auth/life/replay.py).
"""

from __future__ import annotations

from proxy.auth.life.brake import Brake


class Proof:
    """`unsaid`: by route, the generation whose acceptance is news to those who share the cell.

    News is what follows a refusal: without any there is no streak and no brake in use, and nothing to say.
    """

    __slots__ = ("_brakes", "generation", "streak", "unsaid")

    def __init__(self) -> None:
        self.streak = 0  # refusals since the last acceptance, over all routes
        self.generation = 0  # the newest that the API has accepted
        self.unsaid: dict[str, int] = {}
        self._brakes: dict[str, Brake] = {}

    @property
    def brakes(self) -> dict[str, Brake]:
        return self._brakes

    def brake(self, route: str) -> Brake:
        """The brake of a route; it outlives the config that names the route, as the cell does."""
        return self._brakes.setdefault(route, Brake())

    def accepted(self, route: str, generation: int) -> None:
        """The API took a token of this generation, which changes something here."""
        if self.streak or any(brake.used for brake in self._brakes.values()):
            self.unsaid[route] = generation
        self._apply(route, generation)

    def reapply(self) -> None:
        """What was shared has been taken over, and lacks what was not said yet."""
        for route, generation in self.unsaid.items():
            self._apply(route, generation)

    def _apply(self, route: str, generation: int) -> None:
        self.streak = 0
        self.generation = max(self.generation, generation)
        self.brake(route).settled(generation)

    def said(self, news: dict[str, int]) -> None:
        """The others know this now. What came since is still to be said."""
        self.unsaid = {route: newest for route, newest in self.unsaid.items() if news.get(route) != newest}
