"""Sealed records in Redis or Valkey, for several machines.

Owns: leases (`SET NX PX`, renewed, released by their owner only), fenced writes (Lua), and what others announce.
aiocache holds the blobs; its RedLock does not exclude across processes, so leases are redis-py's work. A URL may hold a
password: no message repeats it.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from aiocache import RedisCache
from aiocache.serializers import NullSerializer
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError

from proxy.tasks import spawn
from proxy.tokens.store import BUDGET, EVERYTHING, LEASE_WAIT, Heard, StoreDown

T = TypeVar("T")

LEASE_MS = 10_000
LEASE_POLL = 0.05
PREFIX = "keyless:"
CHANNEL = "keyless:written"
RETRY_WATCH = 1.0
SILENCE = 10.0
LISTING = 5.0

# A write that refuses a generation not above the stored one, and tells the others (docs/lifecycle.md#several-machines).
# A fence whose record was evicted or removed by hand fences nothing.
_WRITE = """
local known = redis.call('GET', KEYS[1])
if known and redis.call('EXISTS', KEYS[2]) == 1 and tonumber(known) >= tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[3])
redis.call('SET', KEYS[2], ARGV[1])
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1
"""
_SET_ASIDE = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('RENAME', KEYS[2], KEYS[3])
return redis.call('DEL', KEYS[1])
"""
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
_RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"


_WORD = re.compile(r"\b(OOM|READONLY|NOAUTH|NOPERM|MISCONF|LOADING|WRONGTYPE|CLUSTERDOWN|CROSSSLOT|MOVED|BUSY)\b")


class RedisStore:
    shared = True

    def __init__(self, url: str) -> None:
        """`url` is redis:// or rediss://. Nothing is connected yet. Raises ValueError for a URL that is none."""
        parts = urlsplit(url)
        self._where = f"{parts.scheme}://{parts.hostname}:{parts.port or 6379}"
        # One retry, for a pooled connection that a restart of Redis has closed.
        pool: Any = BlockingConnectionPool.from_url(
            url,
            max_connections=16,
            timeout=1.0,
            socket_connect_timeout=1.0,
            socket_timeout=5.0,
            retry=Retry(NoBackoff(), 1),
        )
        self._pool = pool
        serializer = NullSerializer(encoding=None)
        self._cache = RedisCache(connection_pool_class=lambda **_: pool, serializer=serializer, timeout=0)
        self._redis = cast("Redis", self._cache.client)

    async def read(self, key: str) -> bytes | None:
        sealed: bytes | None = await self._call(self._cache.get(_blob(key)))
        return sealed

    async def write(self, key: str, sealed: bytes, generation: int, patience: float = BUDGET) -> bool:
        return await self._write(key, sealed, generation, generation, patience)

    async def amend(self, key: str, sealed: bytes, generation: int, patience: float = BUDGET) -> bool:
        return await self._write(key, sealed, generation + 1, generation, patience)

    async def _write(self, key: str, sealed: bytes, above: int, generation: int, patience: float) -> bool:
        words = (sealed, above, generation, CHANNEL, key)
        return bool(await self._eval(_WRITE, (_fence(key), _blob(key)), words, patience))

    async def delete(self, key: str) -> None:
        await self._call(self._redis.delete(_blob(key), _fence(key)))

    async def set_aside(self, key: str, sealed: bytes, why: str) -> None:
        await self._eval(_SET_ASIDE, (_fence(key), _blob(key), f"{_blob(key)}:{why}"), (sealed,))

    async def keys(self) -> list[str]:
        return await self._call(self._scan(), LISTING)

    async def _scan(self) -> list[str]:
        found = [name.decode("ascii", "replace") async for name in self._redis.scan_iter(f"{PREFIX}blob:*", 1000)]
        keys = (name.removeprefix(f"{PREFIX}blob:") for name in found)
        return sorted({key for key in keys if ":" not in key})

    @asynccontextmanager
    async def lease(self, key: str) -> AsyncIterator[None]:
        """Renewed at half its time while it is held."""
        name, owner = f"{PREFIX}lease:{key}", secrets.token_hex(16)
        await self._acquire(name, owner)
        renewal = spawn(self._renew(name, owner), "lease renewal")
        try:
            yield
        finally:
            renewal.cancel()
            with suppress(StoreDown):
                await self._eval(_RELEASE, (name,), (owner,))

    async def _acquire(self, name: str, owner: str) -> None:
        deadline = asyncio.get_running_loop().time() + LEASE_WAIT
        while not await self._call(self._redis.set(name, owner, nx=True, px=LEASE_MS)):
            if asyncio.get_running_loop().time() >= deadline:
                raise StoreDown(f"{self._where}: another process holds the lease")
            await asyncio.sleep(LEASE_POLL)

    async def _renew(self, name: str, owner: str) -> None:
        while True:
            await asyncio.sleep(LEASE_MS / 2000)
            with suppress(StoreDown):
                await self._eval(_RENEW, (name,), (owner, LEASE_MS))

    async def watch(self, heard: Heard) -> None:
        """Subscribed until cancelled. After each time that Redis was gone anything may have changed."""
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(CHANNEL)
                    await self._listen(channel, heard)
            except (RedisError, OSError, TimeoutError):
                await asyncio.sleep(RETRY_WATCH)

    async def _listen(self, channel: PubSub, heard: Heard) -> None:
        """Until Redis has nothing to say to a ping: a connection that a network has dropped says nothing for ever.

        redis-py reconnects by itself, and only a second 'subscribe' tells that something was missed.
        """
        pinged = False
        while True:
            message = await channel.get_message(timeout=SILENCE)
            if message is not None and message["type"] in ("subscribe", "message"):
                told = message["type"] == "message"
                await heard(message["data"].decode("ascii", "replace") if told else EVERYTHING)
            if message is None and pinged:
                return
            if pinged := message is None:
                await channel.ping()

    async def close(self) -> None:
        await self._redis.aclose()
        await self._pool.disconnect()

    async def _eval(
        self, script: str, keys: tuple[str, ...], words: tuple[str | bytes | int, ...], patience: float = BUDGET
    ) -> int:
        asked = self._redis.eval(script, len(keys), *keys, *cast("tuple[str, ...]", words))
        return await self._call(cast("Awaitable[int]", asked), patience)

    async def _call(self, asked: Awaitable[T], budget: float = BUDGET) -> T:
        try:
            async with asyncio.timeout(budget):
                return await asked
        except AuthenticationError:
            raise StoreDown(f"{self._where}: wrong user name or password") from None
        except TimeoutError:
            raise StoreDown(f"{self._where}: no answer within {budget:g} s") from None
        except (RedisError, OSError) as error:
            raise StoreDown(f"{self._where}: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    """Redis's own word for it, also where a script has met it; the rest of the text may quote what was sent."""
    word = _WORD.search(str(error))
    return f"{type(error).__name__} {word[0]}" if word else type(error).__name__


def _blob(key: str) -> str:
    return f"{PREFIX}blob:{key}"


def _fence(key: str) -> str:
    return f"{PREFIX}fence:{key}"
