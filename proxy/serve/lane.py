"""A route in service. Lives as long as a config; what it knows of tokens outlives that with its cell.

Owns: which lane a request takes, where its tokens come from, and what becomes of one that is refused (the rule is
auth/life/replay.py's). Must not know: requests, replies, HTTP.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from proxy.auth.life.brake import Brake
from proxy.auth.life.proof import Proof
from proxy.auth.life.replay import BRAKING, Do, Event, Replays, Row, Standing
from proxy.auth.token import Token
from proxy.errors import Fault
from proxy.plan.route import RoutePlan, nowhere
from proxy.plan.router import Router, Way
from proxy.serve.cache.lookup import Cache
from proxy.tokens.cell import Cell
from proxy.values.now import Now


class Renew(NamedTuple):
    """A newer token to send the request once more with; `standing` is that of the refused one."""

    token: Token
    standing: Standing


class Skip(NamedTuple):
    """No replay, and why: as X-Keyless-Replay and the logs say it."""

    reason: str


OTHERS: Final = 256
"""Hosts of a route whose lanes are kept."""


class Lane:
    """`preflight` is the lane of its preflights, where the API answers them; `alone` that of its own address. `cache`:
    where its replies are kept, if they are.
    """

    __slots__ = ("_others", "_replays", "alone", "cache", "cell", "plan", "preflight")

    def __init__(
        self, plan: RoutePlan, cell: Cell | None, replays: Replays | None = None, cache: Cache | None = None
    ) -> None:
        """`replays`: of another lane to the same place, which this one brakes with."""
        self.plan = plan
        self.cell = cell
        self.cache = cache
        self._replays = replays or Replays(plan.prefix, Proof() if cell is None else cell.sharing.proof)
        self.alone = None if plan.alone is None else Lane(plan.alone, cell, self._replays, cache)
        self.preflight = None if plan.preflight is None else Lane(plan.preflight, None)
        self._others: dict[bytes, Lane] = {}

    def other(self, host: bytes) -> Lane | None:
        """The lane to another host of the same provider; None where it has none of that name."""
        lane = self._others.get(host)
        if lane is None and self.plan.elsewhere is not None and (plan := self.plan.elsewhere(host)) is not None:
            lane = Lane(plan, None if plan.provider is None else self.cell, None, self.cache)
            if len(self._others) < OTHERS:
                self._others[host] = lane
        return lane

    @property
    def brake(self) -> Brake:
        return self._replays.brake

    @property
    def helpless(self) -> bool:
        """A refusal that brought no newer token now will bring none later."""
        return self.cell is not None and self.cell.life.helpless

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

    def accepted(self, token: Token, boot: float) -> None:
        """The API took it, in a request that came at `boot`."""
        replays = self._replays
        replays.accepted(boot, token.generation)
        if replays.proof.unsaid and self.cell is not None:
            self.cell.sharing.say()

    def died(self, token: Token, boot: float) -> bool:
        """The API said that a credential is dead that nothing can renew. True if that is news."""
        cell = self.cell
        if cell is None:
            return False
        self._replays.refused(boot, token.generation, cell.life.generation)
        return self._replays.proof.streak == 1

    async def refused(self, token: Token, replayable: Callable[[], bool], boot: float) -> Renew | Skip:
        """The API refused it. `replayable`: can the request be sent again? Asked anew after a wait."""
        cell, generation = self.cell, token.generation
        if cell is None:
            return Skip("token_unavailable")
        standing = await self._standing(cell, boot, generation)
        event = Event.REFUSED if replayable() else Event.REFUSED_UNREPLAYABLE
        row = await self._next(standing, event, boot, generation)
        if row.do is Do.RENEW_LATER and cell.renew_later(generation):
            row = await self._next(standing, Event.RENEWING, boot, generation + 1)
        if row.do is not Do.RENEW:
            return Skip(row.skipped or "")
        newer = await cell.renew(generation)
        if newer is None:
            return Skip((await self._next(standing, Event.NOT_RENEWED, boot, generation)).skipped or "")
        event = Event.RENEWED if replayable() else Event.RENEWED_UNREPLAYABLE
        row = await self._next(standing, event, boot, newer.generation)
        if row.do is not Do.REPLAY:
            return Skip(row.skipped or "")
        cell.replays += 1
        return Renew(newer, standing)

    async def replayed(self, renewed: Renew, again: bool, boot: float) -> None:
        """What the replay showed. `again`: the newer token was refused as well."""
        event = Event.REPLAY_REFUSED if again else Event.REPLAY_ACCEPTED
        await self._next(renewed.standing, event, boot, renewed.token.generation)

    async def _standing(self, cell: Cell, boot: float, generation: int) -> Standing:
        """That of the refused token, as all who share the cell see it; before a pause is lifted they may object."""
        sharing = cell.sharing
        if sharing.shared:
            standing = await sharing.tell(partial(self._uncontested, cell, boot, generation))
            if standing is not None:
                return standing
            await sharing.objections()
        return await sharing.tell(partial(self._refused, cell, boot, generation))

    def _uncontested(self, cell: Cell, boot: float, generation: int) -> Standing | None:
        if self._replays.contested(boot, generation, cell.life.generation):
            return None
        return self._refused(cell, boot, generation)

    def _refused(self, cell: Cell, boot: float, generation: int) -> Standing:
        return self._replays.refused(boot, generation, cell.life.generation)

    async def _next(self, standing: Standing, event: Event, boot: float, generation: int) -> Row:
        step = partial(self._replays.next, standing, event, boot, generation)
        return await self.cell.sharing.tell(step) if event in BRAKING and self.cell is not None else step()


NOWHERE: Final = Lane(nowhere(), None)
"""Of a request that no route takes, while it is found out who asks."""


def find(router: Router[Lane], target: bytes) -> tuple[Way[Lane], Fault | None]:
    """The way of a request target; or why it leads nowhere, which is said only to someone who may ask."""
    try:
        way = router.find(target)
    except Fault as fault:
        return Way(NOWHERE, b"", b"", b""), fault
    if way is not None:
        return (way, None) if way.route.plan.elsewhere is None else _elsewhere(way)
    path = target.partition(b"?")[0]
    lost = Fault("no_route", f"no route takes {path.decode('latin-1')}", cause="")  # the line has the path
    return Way(NOWHERE, path, b"", b""), lost


def _elsewhere(way: Way[Lane]) -> tuple[Way[Lane], Fault | None]:
    """Of a route with several hosts: a path that begins with `/~HOST` leads to that one."""
    if not way.rest.startswith(b"/~"):
        return way, None
    host, slash, below = way.rest[2:].partition(b"/")
    lane = way.route.other(host)
    if lane is not None:
        return Way(lane, way.path, way.query, slash + below, way.lone), None
    if b"." not in host:  # a path like any other
        return way, None
    detail = f"the provider of {way.route.plan.prefix} names no such host in its `hosts`"
    return Way(NOWHERE, way.path, b"", b""), Fault("path_refused", detail)
