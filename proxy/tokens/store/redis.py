"""Sealed records in Redis or Valkey, for several machines.

Owns: leases (`SET NX PX`, renewed, released by their owner only), fenced writes (Lua), and what others announce. A
script may run twice: a connection that ends unanswered is made anew and asked again (tokens/store/redis_link.py).
aiocache holds the blobs; its RedLock does not exclude across processes, so leases are redis-py's work.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import cast

from aiocache.backends.redis import RedisCache
from aiocache.serializers import NullSerializer
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from proxy.logger import get_logger
from proxy.tasks import AGAIN, cancelled, spawn
from proxy.tokens.store import BUDGET, EVERYTHING, LEASE_WAIT, NOTED, Heard, StoreDown
from proxy.tokens.store.redis_link import Link

log = get_logger("keyless.store")

LEASE_MS = 10_000
LEASE_POLL = 0.05
CONNECTIONS = 16
PREFIX = "keyless:"
CHANNEL = "keyless:written"
RETRY_WATCH = 1.0
MENDED_REST = 5.0
SILENCE = 10.0
SUBSCRIBING = 2.0
LISTING = 5.0

# A write that refuses a generation not above the stored one, unless it is its own, sent again
# (docs/lifecycle.md#several-machines), and tells the others.
# A fence whose record was evicted or removed by hand fences nothing.
_WRITE = """
local known = redis.call('GET', KEYS[1])
if known == ARGV[3] and redis.call('GET', KEYS[2]) == ARGV[1] then return 1 end
if known and redis.call('EXISTS', KEYS[2]) == 1 and tonumber(known) >= tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[3])
redis.call('SET', KEYS[2], ARGV[1])
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1
"""
_RENOTE = """
local known = redis.call('GET', KEYS[1]) or ''
if known == ARGV[2] then return 1 end
if known ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1
"""
_SET_ASIDE = """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('RENAME', KEYS[2], KEYS[3])
return redis.call('DEL', KEYS[1])
"""
# A lease that can't be given back would shut everyone out for its whole time: what that needs is tried, else it ends.
_ACQUIRE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 0 end
local tried = redis.pcall('PEXPIRE', KEYS[1], ARGV[2])
if type(tried) ~= 'table' then tried = redis.pcall('DEL', KEYS[2]) end
if type(tried) ~= 'table' then return 1 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', 1)
return tried
"""
_PROVE = """
redis.call('SET', KEYS[1], ARGV[1], 'PX', 1000)
redis.call('GET', KEYS[1])
redis.call('EXISTS', KEYS[1])
redis.call('RENAME', KEYS[1], KEYS[2])
redis.call('PEXPIRE', KEYS[2], 1000)
redis.call('DEL', KEYS[2])
redis.call('PUBLISH', ARGV[2], ARGV[1])
return 1
"""
_PROOF = (f"{PREFIX}proof", f"{PREFIX}proof:renamed")
_NOBODYS = ""
"""The key that a proof announces; no record has it."""
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
_RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"


class RedisStore:
    shared = True

    def __init__(self, url: str) -> None:
        """`url` is redis:// or rediss://. Nothing is connected yet. Raises ValueError for a URL that is none."""
        self._link = link = Link(url, CONNECTIONS)
        serializer = NullSerializer(encoding=None)
        self._cache = RedisCache(connection_pool_class=lambda **_: link.pool, serializer=serializer, timeout=0)
        self._redis = cast("Redis", self._cache.client)
        self._deaf = False

    async def read(self, key: str) -> bytes | None:
        sealed: bytes | None = await self._link.call(self._cache.get(_blob(key)))
        return sealed

    async def write(self, key: str, sealed: bytes, generation: int, patience: float = BUDGET) -> bool:
        return await self._write(key, sealed, generation, generation, patience)

    async def amend(self, key: str, sealed: bytes, generation: int, patience: float = BUDGET) -> bool:
        return await self._write(key, sealed, generation + 1, generation, patience)

    async def _write(self, key: str, sealed: bytes, above: int, generation: int, patience: float) -> bool:
        words = (sealed, above, generation, CHANNEL, key)
        return bool(await self._eval(_WRITE, (_fence(key), _blob(key)), words, patience))

    async def delete(self, key: str) -> None:
        await self._link.call(self._redis.delete(_blob(key), _fence(key), _note(key)))

    async def note(self, key: str) -> bytes | None:
        return await self._link.call(cast("Awaitable[bytes | None]", self._redis.get(_note(key))))

    async def renote(self, key: str, before: bytes | None, after: bytes) -> bool:
        return bool(await self._eval(_RENOTE, (_note(key),), (before or b"", after, CHANNEL, key + NOTED)))

    async def set_aside(self, key: str, sealed: bytes, why: str) -> None:
        await self._eval(_SET_ASIDE, (_fence(key), _blob(key), f"{_blob(key)}:{why}"), (sealed,))

    async def keys(self) -> list[str]:
        return await self._link.call(self._scan(), LISTING)

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
            await self._release(name, owner)

    async def _acquire(self, name: str, owner: str) -> None:
        deadline = asyncio.get_running_loop().time() + LEASE_WAIT
        while not await self._try(name, owner):
            if asyncio.get_running_loop().time() >= deadline:
                raise StoreDown(f"{self._link.where}: another process holds the lease")
            await asyncio.sleep(LEASE_POLL)

    async def _try(self, name: str, owner: str) -> bool:
        try:
            return bool(await self._eval(_ACQUIRE, (name, f"{name}:none"), (owner, LEASE_MS)))
        except StoreDown:
            await self._release(name, owner)  # it may be had, and only its answer be lost
            raise

    async def _release(self, name: str, owner: str) -> None:
        with suppress(StoreDown):
            await self._eval(_RELEASE, (name,), (owner,))

    async def _renew(self, name: str, owner: str) -> None:
        while True:
            await asyncio.sleep(LEASE_MS / 2000)
            with suppress(StoreDown):
                await self._eval(_RENEW, (name,), (owner, LEASE_MS))

    async def prove(self) -> None:
        await self._prove_writing()
        async with self._redis.pubsub() as channel:
            await self._link.call(_subscribe(channel), SUBSCRIBING)

    async def _prove_writing(self) -> None:
        await self._eval(_PROVE, _PROOF, (_NOBODYS, CHANNEL))

    # -------------------------------------------------------------- watching

    async def watch(self, heard: Heard) -> None:
        """Subscribed until cancelled. After each time that Redis was gone anything may have changed."""
        both = (spawn(self._watch(heard), "hear what others write"), spawn(self._mend(heard), "mend the store"))
        try:
            broken, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in broken:
                task.result()
        finally:
            await cancelled(both, AGAIN / 2)

    async def _watch(self, heard: Heard) -> None:
        while True:
            try:
                async with self._channel() as channel:
                    await self._link.call(_subscribe(channel), SUBSCRIBING)
                    self._hears()
                    await heard(EVERYTHING)
                    await self._listen(channel, heard)
            except (RedisError, OSError) as error:
                self._hears(self._link.why(error))
            except StoreDown as down:
                self._hears(str(down))
            await asyncio.sleep(RETRY_WATCH)

    @asynccontextmanager
    async def _channel(self) -> AsyncIterator[PubSub]:
        """Closed without a word: an error of that would take the place of a cancellation, and the watch go on."""
        channel = self._redis.pubsub()
        try:
            yield channel
        finally:
            with suppress(RedisError, OSError):
                await channel.aclose()  # type: ignore[no-untyped-call]

    async def _mend(self, heard: Heard) -> None:
        """After a call has failed: find out when calls work again, and say so, for there may be those who pause."""
        while True:
            await self._link.failed.wait()
            try:
                await self._prove_writing()
            except StoreDown:
                await asyncio.sleep(RETRY_WATCH)
                continue
            self._link.failed.clear()
            await heard(EVERYTHING)
            await asyncio.sleep(MENDED_REST)

    def _hears(self, why_not: str | None = None) -> None:
        """Said once, not per try."""
        if why_not is not None and not self._deaf:
            log.warning("what other proxies mint is not heard of at once", reason=why_not)
        elif why_not is None and self._deaf:
            log.info("what other proxies mint is heard of at once again")
        self._deaf = why_not is not None

    async def _listen(self, channel: PubSub, heard: Heard) -> None:
        """Until Redis has nothing to say to a ping: a connection that a network has dropped says nothing for ever.

        redis-py reconnects by itself, and only another 'subscribe' tells that something was missed.
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
        with suppress(RedisError, OSError):
            await self._redis.aclose()
        await self._link.close()

    async def _eval(
        self, script: str, keys: tuple[str, ...], words: tuple[str | bytes | int, ...], patience: float = BUDGET
    ) -> int:
        asked = self._redis.eval(script, len(keys), *keys, *cast("tuple[str, ...]", words))
        return await self._link.call(cast("Awaitable[int]", asked), patience)


async def _subscribe(channel: PubSub) -> None:
    """Back when Redis has said that it is so: a user may lack the right."""
    await channel.subscribe(CHANNEL)
    while (message := await channel.get_message(timeout=SILENCE)) is None or message["type"] != "subscribe":
        pass


def _blob(key: str) -> str:
    return f"{PREFIX}blob:{key}"


def _note(key: str) -> str:
    return f"{PREFIX}note:{key}"


def _fence(key: str) -> str:
    return f"{PREFIX}fence:{key}"
