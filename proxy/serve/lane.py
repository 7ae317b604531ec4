"""A route in service. Lives as long as a config; what it knows of tokens outlives that with its cell.

Owns: which lane a request takes, where its tokens come from, and what becomes of one that is refused (the rule is
auth/life/replay.py's). Must not know: requests, replies, HTTP.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from proxy.auth.life.brake import Brake
from proxy.auth.life.replay import Do, Event, Proof, Replays, Standing
from proxy.auth.token import Token
from proxy.errors import Fault
from proxy.plan.route import RoutePlan, nowhere
from proxy.plan.router import Router, Way
from proxy.tokens.cell import Cell
from proxy.values.now import Now


class Renew(NamedTuple):
    """A newer token to send the request once more with; `standing` is that of the refused one."""

    token: Token
    standing: Standing


class Skip(NamedTuple):
    """No replay, and why: as X-Keyless-Replay and the logs say it."""

    reason: str


class Lane:
    """`preflight` is the lane of its preflights, where the API answers them."""

    __slots__ = ("_replays", "cell", "plan", "preflight")

    def __init__(self, plan: RoutePlan, cell: Cell | None, before: Lane | None = None) -> None:
        """`before` is the route's lane of the config before: while it draws from the same cell its brake goes on."""
        self.plan = plan
        self.cell = cell
        brake = before.brake if before is not None and before.cell is cell else Brake()
        self._replays = Replays(brake, Proof() if cell is None else cell.proof)
        self.preflight = None if plan.preflight is None else Lane(plan.preflight, None)

    @property
    def brake(self) -> Brake:
        return self._replays.brake

    def ready(self, now: Now) -> Token | None:
        """The token, if the request may take it without a thought."""
        if self.cell is None or self.plan.required_scope is not None:
            return None
        return self.cell.life.ready(now)

    async def token(self) -> Token | None:
        """The token, waited for if need be; None where the route wants none. Raises Fault."""
        provider = self.plan.provider
        if provider is None:
            return None
        if self.cell is None:
            raise provider.asleep()
        token = await self.cell.token(provider.name)
        if self.plan.required_scope is not None and (lacks := self.plan.required_scope.missing(token)):
            detail = f"the token lacks the scope {' '.join(lacks)}, which {self.plan.prefix} requires"
            raise Fault("credential_refused", detail, provider=provider.name)
        return token

    def accepted(self, token: Token) -> None:
        """The API took it."""
        self._replays.accepted(token.generation)

    def died(self, token: Token, boot: float) -> bool:
        """The API said that a credential is dead that nothing can renew. True if that is news."""
        cell = self.cell
        if cell is None:
            return False
        self._replays.refused(boot, token.generation, cell.life.generation)
        return cell.proof.streak == 1

    async def refused(self, token: Token, replayable: Callable[[], bool], boot: float) -> Renew | Skip:
        """The API refused it. `replayable`: can the request be sent again? Asked anew after a wait."""
        cell, rule, generation = self.cell, self._replays, token.generation
        if cell is None:
            return Skip("token_unavailable")
        standing = rule.refused(boot, generation, cell.life.generation)
        event = Event.REFUSED if replayable() else Event.REFUSED_UNREPLAYABLE
        row = rule.next(standing, event, boot, generation)
        if row.do is Do.RENEW_LATER and cell.renew_later(generation):
            row = rule.next(standing, Event.RENEWING, boot, generation + 1)
        if row.do is not Do.RENEW:
            return Skip(row.skipped or "")
        newer = await cell.renew(generation)
        if newer is None:
            return Skip(rule.next(standing, Event.NOT_RENEWED, boot, generation).skipped or "")
        event = Event.RENEWED if replayable() else Event.RENEWED_UNREPLAYABLE
        row = rule.next(standing, event, boot, newer.generation)
        if row.do is not Do.REPLAY:
            return Skip(row.skipped or "")
        cell.replays += 1
        return Renew(newer, standing)

    def replayed(self, renewed: Renew, again: bool, boot: float) -> None:
        """What the replay showed. `again`: the newer token was refused as well."""
        event = Event.REPLAY_REFUSED if again else Event.REPLAY_ACCEPTED
        self._replays.next(renewed.standing, event, boot, renewed.token.generation)


NOWHERE = Lane(nowhere(), None)
"""Of a request that no route takes, while it is found out who asks."""


def find(router: Router[Lane], target: bytes) -> tuple[Way[Lane], Fault | None]:
    """The way of a request target; or why it leads nowhere, which is said only to someone who may ask."""
    try:
        way = router.find(target)
    except Fault as fault:
        return Way(NOWHERE, b"", b"", b""), fault
    if way is not None:
        return way, None
    path = target.partition(b"?")[0]
    return Way(NOWHERE, path, b"", b""), Fault("no_route", f"no route takes {path.decode('latin-1')}")
