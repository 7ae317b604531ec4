"""Counters in Redis or Valkey: what all replicas together have used up.

Owns: the calls. Must not know: what happens without them, connections (tokens/store/redis_link.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from limits.aio.storage import RedisStorage

from proxy.plan.admission.quota import DAY, Limit, Room, daily, exceeded, sliding
from proxy.tokens.store import BUDGET
from proxy.tokens.store.redis_link import Link

PREFIX = "keyless:rate"
CONNECTIONS = 32


class RedisCounters:
    def __init__(self, url: str) -> None:
        """`url` is redis:// or rediss://. Nothing is connected yet. Raises ValueError for a URL that is none."""
        self._link = Link(url, CONNECTIONS, BUDGET)
        # its own URL is for choosing the client: the pool knows where to connect
        self._storage = RedisStorage(
            "async+redis://", implementation="redispy", key_prefix=PREFIX, connection_pool=self._link.pool
        )

    async def take(self, limits: Sequence[Limit], wall: float) -> list[Room]:
        """What is left afterwards. Raises Fault rate_limited, or StoreDown.

        One after the other, the day's last: what a shorter window refuses is not taken from a day's budget.
        """
        rooms = {}
        with self._link.told():
            for limit in sorted(limits, key=lambda limit: limit.seconds):
                room, granted = await (self._day(limit, wall) if limit.daily else self._window(limit))
                if not granted:
                    raise exceeded(limits, [(limit, room)])
                rooms[limit.key] = room
        return [rooms[limit.key] for limit in limits]

    async def _day(self, limit: Limit, wall: float) -> tuple[Room, bool]:
        count = await self._storage.incr(limit.counter(int(wall // DAY)), DAY)
        return daily(limit, count, wall), count <= limit.amount

    async def _window(self, limit: Limit) -> tuple[Room, bool]:
        granted = await self._storage.acquire_sliding_window_entry(limit.key, limit.amount, limit.seconds)
        before, before_left, current, left = await self._storage.get_sliding_window(limit.key, limit.seconds)
        return sliding(limit, before, before_left, current, left - limit.seconds), granted

    async def close(self) -> None:
        await self._link.close()
