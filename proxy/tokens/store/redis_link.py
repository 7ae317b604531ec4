"""Connections to Redis or Valkey: however one ends, those who use it get StoreDown.

Owns: redis-py's pool, how long a call may take, and that every end of a connection is one that redis-py takes for an
end. Must not know: what is kept there. A URL may hold a password: no message repeats it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import Connection, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Ended
from redis.exceptions import InvalidResponse, RedisError
from redis.exceptions import TimeoutError as Silent

from proxy.tokens.store import BUDGET, FIRST, StoreDown
from proxy.tokens.store.redis_words import reason
from proxy.values.redis_url import RedisUrl

T = TypeVar("T")

_CLOSED = "Connection closed by server."


class PlainConnection(Connection):
    """One of redis-py, which counts as ended, and is made anew, also where it doesn't notice by itself.

    redis-py takes only its own errors and OSError for an end. uvloop raises RuntimeError for a write after a reset
    (findings/redis_reset_on_uvloop.sh); and what is no Redis may answer anything.
    """

    async def connect(self) -> None:
        with _ends():
            await super().connect()  # type: ignore[no-untyped-call]

    async def send_packed_command(self, *args: Any, **options: Any) -> None:
        with _ends():
            try:
                await super().send_packed_command(*args, **options)
            except AttributeError as error:  # writelines of asyncio's own transport once it is closed, Python 3.12 on
                raise Ended(_CLOSED) from error

    async def read_response(self, *args: Any, **options: Any) -> Any:
        with _ends():
            return await super().read_response(*args, **options)

    async def disconnect(self, *args: Any, **options: Any) -> None:
        with suppress(RuntimeError):
            await super().disconnect(*args, **options)


class TlsConnection(PlainConnection, SSLConnection):
    """The same over TLS."""


@contextmanager
def _ends() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError):
        raise
    except RuntimeError as error:
        raise Ended(_CLOSED) from error
    except Exception as error:  # the parser's, of any kind
        raise InvalidResponse("what answers is not a Redis") from error


class Link:
    """`most` connections, each made anew when it has ended; `within`: seconds for one step of a call.

    `failed` is set when a call fails; who mends it clears it.
    """

    def __init__(self, url: str, most: int, within: float = FIRST) -> None:
        """Nothing is connected yet. Raises ValueError for a URL that is none."""
        self._url = RedisUrl.parse(url)
        self.where = self._url.where
        self.pool: Any = _pool(self._url, most, within)
        self.failed = asyncio.Event()
        self._met = False
        self._first_until: float | None = None

    async def call(self, asked: Awaitable[T], budget: float = BUDGET) -> T:
        """Raises StoreDown, in words."""
        budget = self._patience(budget)
        with self.told(budget):
            async with asyncio.timeout(budget):
                answer = await asked
        self._met = True
        return answer

    @contextmanager
    def told(self, budget: float = BUDGET) -> Iterator[None]:
        """What fails in here raises StoreDown; whatever else is raised passes."""
        try:
            yield
        except TimeoutError:
            self.failed.set()
            why = Silent(f"no answer within {budget:g} s")
            raise StoreDown(f"{self.where}: {reason(why, self._url, met=self._met)}") from None
        except (RedisError, OSError) as error:
            self.failed.set()
            if _is_leaving():
                raise asyncio.CancelledError from None
            why_not = reason(error, self._url, met=self._met)
            self._met = self._met or not isinstance(error, Ended | Silent | OSError)
            raise StoreDown(f"{self.where}: {why_not}") from None

    def why(self, error: Exception) -> str:
        return reason(error, self._url, met=self._met)

    def _patience(self, budget: float) -> float:
        """All calls together have FIRST, until there was an answer."""
        if self._met:
            return budget
        now = asyncio.get_running_loop().time()
        self._first_until = self._first_until or now + FIRST
        return max(budget, self._first_until - now)

    async def close(self) -> None:
        with suppress(RedisError, OSError):
            await self.pool.disconnect()


def _is_leaving() -> bool:
    """Whether this task was cancelled, and an error of what it then closed came in place of that."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _pool(url: RedisUrl, most: int, within: float) -> BlockingConnectionPool:
    # One retry, for a pooled connection that has ended meanwhile. `timeout` is for a free one; it takes fractions.
    return BlockingConnectionPool(
        max_connections=most,
        timeout=min(within, 1.0),
        connection_class=TlsConnection if url.tls else PlainConnection,
        host=url.host,
        port=url.port,
        db=url.database,
        username=url.user,
        password=url.password,
        socket_connect_timeout=within,
        socket_timeout=max(within, 5.0) if within > BUDGET else within,
        retry=Retry(NoBackoff(), 1),
        **url.options,
    )
