"""Counting, in this process and together with others: what Redis adds, and what is left without it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from proxy.app import Service
from proxy.config.load import load
from proxy.config.secrets.seal import new_key
from proxy.errors import Fault
from proxy.plan.admission.quota import Limit, Room, daily
from proxy.serve.quota.local import PAUSE, Counters, Quotas
from proxy.serve.quota.shared import PREFIX, RedisCounters
from proxy.tokens.store import StoreDown
from proxy.values.now import Now
from proxy.values.units import rate
from tests.conftest import Stage
from tests.raw import PATIENCE
from tests.redis_server import RedisServer, redis_server
from tests.turn import far_from_the_hour

__all__ = ["far_from_the_hour"]

FIVE = Limit.of("client", "one", rate("5/hour"))
TWO = Limit.of("route", "/a", rate("2/hour"))
DAILY = Limit.of("client", "one", rate("3/day"))
NOW = Now(1000.0, 86400.0 * 20000 + 43200)


# ---------------------------------------------------------------------------------------------- in memory


def test_a_limit_that_refuses_leaves_the_others_alone() -> None:
    own = Counters()
    limits = (TWO, FIVE)
    assert [[room.left for room in own.take(limits, NOW.wall)] for _ in range(2)] == [[1, 4], [0, 3]]
    for _ in range(3):
        with pytest.raises(Fault, match="rate_limited"):
            own.take(limits, NOW.wall)
    assert [room.left for room in own.take((FIVE,), NOW.wall)] == [2]


def test_a_window_slides() -> None:
    """What was used at the end of one hour leaves nothing for the beginning of the next, and half of it at its half."""
    own, ten, hour = Counters(), Limit.of("client", "one", rate("10/hour")), NOW.wall + 3600
    for _ in range(10):
        own.take((ten,), hour - 1)
    for wall, wait in ((hour - 1, 1.0), (hour, 0.0)):
        with pytest.raises(Fault) as refused:
            own.take((ten,), wall)
        assert refused.value.retry_after == wait
    assert own.take((ten,), hour + 0.1)[0].left == 0
    assert [own.take((ten,), hour + 1800.5)[0].left for _ in range(5)] == [4, 3, 2, 1, 0]
    with pytest.raises(Fault):
        own.take((ten,), hour + 1800.5)


def test_midnight_brings_a_new_budget() -> None:
    own = Counters()
    midnight = NOW.wall + 43200
    for left in (2, 1, 0):
        assert own.take((DAILY,), midnight - 1) == [Room(left, 1.0, 0.0)]
    with pytest.raises(Fault) as refused:
        own.take((DAILY,), midnight - 1)
    assert refused.value.retry_after == 1.0
    assert own.take((DAILY,), midnight) == [Room(2, 86400.0, 0.0)]


# ---------------------------------------------------------------------------------------------- when Redis is away


class Flaky:
    """Counters of a fleet that work, fail or hang as the test says."""

    def __init__(self) -> None:
        self.asked = 0
        self.does = "work"

    async def take(self, limits: Sequence[Limit], wall: float) -> list[Room]:
        self.asked += 1
        if self.does == "hang":
            await asyncio.Event().wait()
        if self.does == "fail":
            raise StoreDown("ConnectionError")
        return [daily(limit, self.asked, wall) for limit in limits]

    async def close(self) -> None:
        self.does = "closed"


async def take(quotas: Quotas, boot: float, *limits: Limit) -> bytes:
    told = quotas.take(limits, Now(boot, NOW.wall))
    return told if isinstance(told, bytes) else await told


async def test_nothing_is_counted_for_what_has_no_limit() -> None:
    shared = Flaky()
    assert await take(Quotas(shared), 0.0) == b""
    assert shared.asked == 0


async def test_without_redis_this_process_goes_on_from_what_it_counted() -> None:
    shared = Flaky()
    quotas = Quotas(shared)
    for _ in range(2):
        await take(quotas, 0.0, FIVE)
    shared.does = "fail"
    assert [b";r=%d;" % left in await take(quotas, 0.0, FIVE) for left in (2, 1, 0)] == [True, True, True]
    with pytest.raises(Fault, match="rate_limited"):
        await take(quotas, 0.0, FIVE)
    assert shared.asked == 3, "one request found out, the others did not ask"


async def test_a_redis_that_hangs_costs_one_request_a_moment_per_pause() -> None:
    shared = Flaky()
    shared.does = "hang"
    quotas = Quotas(shared)
    async with asyncio.timeout(PATIENCE):
        await take(quotas, 0.0, FIVE)
    assert isinstance(quotas.take((FIVE,), Now(PAUSE / 2, NOW.wall)), bytes), "nothing to wait for"
    probe = asyncio.create_task(take(quotas, PAUSE, FIVE))
    while shared.asked < 2:  # noqa: ASYNC110 -- nothing in there sets an event for tests
        await asyncio.sleep(0)
    assert isinstance(quotas.take((FIVE,), Now(PAUSE, NOW.wall)), bytes), "one asks for all"
    await probe
    shared.does = "work"
    await take(quotas, 3 * PAUSE, FIVE)
    assert quotas.take((), Now(3 * PAUSE, NOW.wall)) == b""
    assert await take(quotas, 3 * PAUSE, FIVE), "and again for each, since it works"
    assert shared.asked == 4


# ---------------------------------------------------------------------------------------------- with a real one


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path, password="not-to-be-told") as server:
        yield server


@asynccontextmanager
async def counters(server: RedisServer) -> AsyncIterator[RedisCounters]:
    known = RedisCounters(server.url)
    try:
        yield known
    finally:
        await known.close()


async def test_redis_counts_for_all_and_lets_go_by_itself(redis: RedisServer) -> None:
    async with counters(redis) as one, counters(redis) as two:
        lefts = [(await each.take((FIVE,), NOW.wall))[0].left for each in (one, two, one, two, one)]
        assert lefts == [4, 3, 2, 1, 0]
        for each in (one, two):
            with pytest.raises(Fault) as refused:
                await each.take((FIVE,), NOW.wall)
            assert refused.value.retry_after is not None
            assert 3000 < refused.value.retry_after <= 3600
        assert (await one.take((DAILY,), NOW.wall)) == [Room(2, 43200.0, 0.0)]
        assert (await two.take((DAILY,), NOW.wall + 43200.0)) == [Room(2, 86400.0, 0.0)]
    with redis.client() as client:
        keys = cast("list[bytes]", client.keys("*"))
        assert len(keys) == 3
        assert all(key.startswith(PREFIX.encode()) and 0 < cast("int", client.ttl(key)) <= 86400 for key in keys)


async def test_together_no_more_pass_than_may(redis: RedisServer) -> None:
    limit = Limit.of("client", "many", rate("20/hour"))
    async with counters(redis) as one, counters(redis) as two:
        asked = [each.take((limit,), NOW.wall) for each in (one, two) for _ in range(30)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(answer, list) for answer in answers) == 20
    assert all(isinstance(answer, list | Fault) for answer in answers)


async def test_a_days_budget_is_not_charged_by_what_a_shorter_window_refuses(redis: RedisServer) -> None:
    async with counters(redis) as known:
        limits = (DAILY, TWO)
        lefts = [[room.left for room in await known.take(limits, NOW.wall)] for _ in range(2)]
        assert lefts == [[2, 1], [1, 0]]
        for _ in range(3):
            with pytest.raises(Fault, match="used up 2/hour"):
                await known.take(limits, NOW.wall)
        assert (await known.take((DAILY,), NOW.wall))[0].left == 0


async def test_no_message_tells_the_password(redis: RedisServer) -> None:
    async with counters(redis) as known:
        redis.kill()
        with pytest.raises(StoreDown) as down:
            await known.take((FIVE,), NOW.wall)
        assert "not-to-be-told" not in f"{down.value!r} {down.value.__context__!r} {known._storage!r}"


# ---------------------------------------------------------------------------------------------- the whole

KEY = "kl-0123456789abcdef"


@asynccontextmanager
async def replica(stage: Stage, folder: Path, store: str, store_key: str, **client: Any) -> AsyncIterator[str]:
    """A proxy of a fleet; its URL."""
    folder.mkdir()
    config = {
        "listen": "127.0.0.1:0",
        "store": store,
        "store_key": store_key,
        "log": {"access": False},
        "routes": {"/api": {"upstream": f"{stage.sandbox.url}/style/api", "provider": "none"}},
        "clients": [{"name": "one", "key": KEY, **client}],
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    async with Service(load(folder / "config.yaml", environ={})) as service:
        yield (await service.listen())[0].url


async def asked(stage: Stage, url: str) -> tuple[bool, str]:
    """Whether it was let through, and what the client is told."""
    async with stage.http.get(f"{url}/api/echo", headers={"X-Api-Key": KEY}) as reply:
        return reply.status != 429, reply.headers["RateLimit"]


async def test_a_rate_holds_for_two_replicas_and_for_each_when_redis_is_gone(
    stage: Stage, tmp_path: Path, redis: RedisServer
) -> None:
    store_key = new_key()
    async with AsyncExitStack() as stack:
        urls = [
            await stack.enter_async_context(
                replica(stage, tmp_path / f"m{number}", redis.url, store_key, rate=["4/hour"])
            )
            for number in range(2)
        ]
        passed = [(await asked(stage, urls[number % 2]))[0] for number in range(6)]
        assert passed == [True] * 4 + [False] * 2
        redis.kill()
        passed = [(await asked(stage, urls[0]))[0] for _ in range(4)]
        assert passed == [True, True, False, False], "two of its own four were used before"
        redis.start()
        passes, told = await asked(stage, urls[1])
        assert passes
        assert told.startswith('"client 4/hour";r=3;'), "an empty Redis counts anew"
