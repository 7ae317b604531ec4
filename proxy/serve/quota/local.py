"""Counts requests against the limits of clients and routes, in this process or, with Redis, for the whole fleet.

Owns: where counts are kept, and what happens when Redis can't be asked. Must not know: what a limit means
(plan/admission/quota.py). A counter exists per limit of the config, whatever callers send.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Mapping, Sequence
from typing import Protocol

from proxy.logger import get_logger
from proxy.plan.admission.quota import Limit, Room, daily, exceeded, sliding, told
from proxy.plan.route import Plan
from proxy.tokens.store import BUDGET, StoreDown
from proxy.values.now import Now

PAUSE = 1.0
"""Seconds for which a Redis that has failed is left alone; then one request tries it for all."""

log = get_logger("keyless.quota")


class Shared(Protocol):
    """Counters that all replicas see."""

    async def take(self, limits: Sequence[Limit], wall: float) -> list[Room]:
        """What is left afterwards. Raises Fault rate_limited, or StoreDown."""

    async def close(self) -> None: ...


class Quotas:
    def __init__(self, shared: Shared | None = None) -> None:
        self._own = Counters()
        self._shared = shared
        self._down = False
        self._again_at = 0.0

    def take(self, limits: Sequence[Limit], now: Now) -> bytes | Awaitable[bytes]:
        """Charges one request. The lines that say what is left; to be awaited where replicas count together.

        Raises Fault rate_limited.
        """
        if not limits:
            return b""
        if self._shared is not None and now.boot >= self._again_at:
            return self._take_shared(self._shared, limits, now)
        return told(limits, self._own.take(limits, now.wall))

    async def _take_shared(self, shared: Shared, limits: Sequence[Limit], now: Now) -> bytes:
        if self._down:  # the others need not wait for what this one finds
            self._again_at = now.boot + PAUSE
        try:
            async with asyncio.timeout(BUDGET):
                rooms = await shared.take(limits, now.wall)
        except (StoreDown, TimeoutError) as error:
            self._fail(now, str(error) or f"no answer within {BUDGET:g} s")
            rooms = self._own.take(limits, now.wall)
        else:
            self._own.count(limits, now.wall)  # so that without Redis this process goes on from here, not from nought
            self._recover()
        return told(limits, rooms)

    def _fail(self, now: Now, why: str) -> None:
        self._again_at = now.boot + PAUSE
        if not self._down:
            self._down = True
            log.warning("rates are counted by this process alone", reason=why)

    def _recover(self) -> None:
        if self._down:
            self._down, self._again_at = False, 0.0
            log.info("rates are counted together again")

    def counts(self) -> dict[str, list[float]]:
        """This process's own, for the one that takes over: how many, and until when (Unix time)."""
        return self._own.counts()

    def go_on(self, counts: Mapping[str, Sequence[float]]) -> None:
        self._own.go_on(counts)

    async def close(self) -> None:
        if self._shared is not None:
            await self._shared.close()


class Counters:
    """This process's own, in memory. Nothing awaits in here, so between a look and a count nobody else counts."""

    def __init__(self) -> None:
        from limits.storage import MemoryStorage  # noqa: PLC0415 -- a start without rates need not wait for it

        self._storage = MemoryStorage()

    def take(self, limits: Sequence[Limit], wall: float) -> list[Room]:
        """What is left afterwards. Raises Fault rate_limited, and then charges none of them."""
        rooms = [self._room(limit, wall) for limit in limits]
        if full := [pair for pair in zip(limits, rooms, strict=True) if pair[1].left <= 0]:
            raise exceeded(limits, full)
        self.count(limits, wall)
        return [Room(left - 1, turn, 0.0) for left, turn, _ in rooms]

    def _room(self, limit: Limit, wall: float) -> Room:
        window = int(wall // limit.seconds)
        current = self._storage.get(limit.counter(window))
        if limit.daily:
            return daily(limit, current, wall)
        turn = limit.seconds - wall % limit.seconds
        return sliding(limit, self._storage.get(limit.counter(window - 1)), turn, current, turn)

    def counts(self) -> dict[str, list[float]]:
        return {
            name: [count, self._storage.expirations.get(name, 0.0)] for name, count in self._storage.storage.items()
        }

    def go_on(self, counts: Mapping[str, Sequence[float]]) -> None:
        for name, (count, until) in counts.items():
            left = math.ceil(until - time.time())
            if left > 0:
                self._storage.incr(name, left, amount=int(count))

    def count(self, limits: Sequence[Limit], wall: float) -> None:
        """The counters end by themselves, with the window after theirs."""
        for limit in limits:
            self._storage.incr(limit.counter(int(wall // limit.seconds)), 2 * limit.seconds)


def open_quotas(plan: Plan, store: str) -> Quotas | None:
    """None if nothing has a rate. `store` as configured. Raises StoreDown."""
    if not plan.clients.limited and not any(route.limits for route in plan.routes.values()):
        return None
    if not store.startswith("redis"):
        return Quotas()
    from proxy.serve.quota.shared import RedisCounters  # noqa: PLC0415 -- an extra, not in the base install

    return Quotas(RedisCounters(store))
