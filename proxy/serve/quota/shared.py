"""Counters in Redis or Valkey: what all replicas together have used up.

Owns: the calls, and that a URL, which may hold a password, is in no message. Must not know: what happens without them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from limits.aio.storage import RedisStorage
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from proxy.plan.quota import DAY, Limit, Room, daily, exceeded, sliding
from proxy.tokens.store import BUDGET, StoreDown

PREFIX = "keyless:rate"


class RedisCounters:
    def __init__(self, url: str) -> None:
        """`url` is redis:// or rediss://. Nothing is connected yet. Raises ValueError for a URL that is none."""
        # One retry, for a pooled connection that a restart of Redis has closed.
        pool: Any = BlockingConnectionPool.from_url(
            url,
            max_connections=32,
            timeout=BUDGET,
            socket_connect_timeout=BUDGET,
            socket_timeout=BUDGET,
            retry=Retry(NoBackoff(), 1),
        )
        self._pool = pool
        # its own URL is for choosing the client: the pool knows where to connect
        self._storage = RedisStorage(
            "async+redis://", implementation="redispy", key_prefix=PREFIX, connection_pool=pool
        )

    async def take(self, limits: Sequence[Limit], wall: float) -> list[Room]:
        """What is left afterwards. Raises Fault rate_limited, or StoreDown.

        One after the other, the day's last: what a shorter window refuses is not taken from a day's budget.
        """
        rooms = {}
        try:
            for limit in sorted(limits, key=lambda limit: limit.seconds):
                room, granted = await (self._day(limit, wall) if limit.daily else self._window(limit))
                if not granted:
                    raise exceeded(limits, [(limit, room)])
                rooms[limit.key] = room
        except (RedisError, OSError) as error:
            raise StoreDown(type(error).__name__) from None
        return [rooms[limit.key] for limit in limits]

    async def _day(self, limit: Limit, wall: float) -> tuple[Room, bool]:
        count = await self._storage.incr(limit.counter(int(wall // DAY)), DAY)
        return daily(limit, count, wall), count <= limit.amount

    async def _window(self, limit: Limit) -> tuple[Room, bool]:
        granted = await self._storage.acquire_sliding_window_entry(limit.key, limit.amount, limit.seconds)
        before, before_left, current, left = await self._storage.get_sliding_window(limit.key, limit.seconds)
        return sliding(limit, before, before_left, current, left - limit.seconds), granted

    async def close(self) -> None:
        await self._pool.disconnect()
