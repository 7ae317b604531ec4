"""Four proxies, each its own process: how many token calls they make together, and what they do without Redis."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from proxy.config.secrets.seal import new_key
from proxy.sandbox import KEY, SECRET, Sandbox
from tests.redis_server import RedisServer, redis_server
from tests.rotating import RotatingIssuer

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
PROXIES, CALLERS = 4, 50
STORE_KEY = new_key()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as http:
        yield http


@asynccontextmanager
async def proxy(folder: Path, store: str, provider: dict[str, Any], upstream: str) -> AsyncIterator[str]:
    """The URL of its route. Each has a folder, as on a machine of its own."""
    folder.mkdir(exist_ok=True)
    config = {
        "listen": "127.0.0.1:0",
        "store": store,
        "store_key": STORE_KEY,
        "log": {"level": "error", "access": False},
        "providers": {"p": provider},
        "routes": {"/p": {"upstream": upstream, "provider": "p"}},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    command = (sys.executable, "-m", "proxy", "run", "-c", str(folder / "config.yaml"))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    try:
        first = (await asyncio.wait_for(process.stdout.readline(), PATIENCE)).decode()
        yield f"{first.split()[3]}/p"
    finally:
        process.terminate()
        await process.communicate()


@asynccontextmanager
async def fleet(folder: Path, store: str, provider: dict[str, Any], upstream: str) -> AsyncIterator[list[str]]:
    async with AsyncExitStack() as stack:
        each = (stack.enter_async_context(proxy(folder / f"m{n}", store, provider, upstream)) for n in range(PROXIES))
        yield list(await asyncio.gather(*each))


def crm(sandbox: Sandbox) -> dict[str, Any]:
    url = f"{sandbox.url}/oauth2/token"
    return {"scheme": "oauth2", "token_url": url, "client_id": KEY, "client_secret": SECRET}


async def call(http: aiohttp.ClientSession, url: str) -> int:
    async with http.get(url) as reply:
        await reply.read()
        return reply.status


async def everyone(http: aiohttp.ClientSession, urls: list[str], path: str) -> set[int]:
    return set(await asyncio.gather(*(call(http, url + path) for url in urls for _ in range(CALLERS))))


@pytest.mark.parametrize("engine", ["file", "redis"])
async def test_trap_41_a_fleet_makes_one_token_call_cold_and_one_after_a_refusal(
    engine: str, tmp_path: Path, redis: RedisServer, http: aiohttp.ClientSession
) -> None:
    store = redis.url if engine == "redis" else f"file:{tmp_path / 'store'}"
    async with Sandbox() as sandbox:
        sandbox.gate.clear()
        async with fleet(tmp_path, store, crm(sandbox), f"{sandbox.url}/oauth2/api") as urls:
            calls = asyncio.ensure_future(everyone(http, urls, "/echo"))
            await asyncio.sleep(0)
            sandbox.gate.set()
            assert await calls == {200}
            assert sandbox.mints["oauth2"] == 1
            sandbox.void()
            assert await everyone(http, urls, "/echo") == {200}
            assert sandbox.mints["oauth2"] == 2


@pytest.mark.parametrize("engine", ["file", "redis"])
async def test_a_fleet_shares_a_refresh_token_that_rotates_without_any_grace(
    engine: str, tmp_path: Path, redis: RedisServer, http: aiohttp.ClientSession
) -> None:
    store = redis.url if engine == "redis" else f"file:{tmp_path / 'store'}"
    async with RotatingIssuer(grace=0.0) as issuer, fleet(tmp_path, store, issuer.provider(), issuer.url) as urls:
        for rotations in range(1, 6):
            assert await everyone(http, urls, "/api") == {200}
            assert (issuer.counts["calls"], issuer.counts["rotation"]) == (rotations, rotations)
            issuer.void()


async def test_a_restart_answers_without_a_mint(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    async with Sandbox() as sandbox:
        for _ in range(3):
            async with proxy(tmp_path / "m", "file:store", crm(sandbox), f"{sandbox.url}/oauth2/api") as url:
                assert await call(http, f"{url}/echo") == 200
        assert sandbox.mints["oauth2"] == 1


async def test_without_redis_live_tokens_serve_and_client_credentials_are_renewed(
    tmp_path: Path, redis: RedisServer, http: aiohttp.ClientSession
) -> None:
    async with Sandbox() as sandbox, fleet(tmp_path, redis.url, crm(sandbox), f"{sandbox.url}/oauth2/api") as urls:
        assert await everyone(http, urls, "/echo") == {200}
        for breakage in (redis.pause, redis.kill):
            breakage()
            mints = sandbox.mints["oauth2"]
            assert await everyone(http, urls, "/echo") == {200}
            assert sandbox.mints["oauth2"] == mints
            sandbox.void()
            assert await everyone(http, urls, "/echo") == {200}
            assert sandbox.mints["oauth2"] == mints + PROXIES, "each by itself"


async def test_without_redis_a_rotating_refresh_token_is_left_alone(
    tmp_path: Path, redis: RedisServer, http: aiohttp.ClientSession
) -> None:
    async with RotatingIssuer(grace=0.0) as issuer, fleet(tmp_path, redis.url, issuer.provider(), issuer.url) as urls:
        assert await everyone(http, urls, "/api") == {200}
        redis.kill()
        assert await everyone(http, urls, "/api") == {200}
        issuer.void()
        assert await everyone(http, urls, "/api") <= {401, 503}
        assert (issuer.counts["calls"], issuer.revoked) == (1, False)
        redis.start()  # empty: the fleet puts back what it knows
        async with asyncio.timeout(PATIENCE):
            while await everyone(http, urls, "/api") != {200}:  # noqa: ASYNC110 -- each recovers by itself, unheard
                await asyncio.sleep(0.1)
        assert (issuer.counts["calls"], issuer.revoked) == (2, False)
