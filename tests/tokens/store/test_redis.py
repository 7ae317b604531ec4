"""A real Redis: gone, paused, slow, restarted empty, full, with a password; and what happens to a lease meanwhile."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from proxy.tokens.store import BUDGET, EVERYTHING, StoreDown
from proxy.tokens.store.redis import RedisStore
from tests.redis_server import RedisServer, redis_server

PATIENCE = 20.0


@pytest.mark.parametrize("url", ["redis://:pw@localhost:port/0", "redis://h:99999", "redis://[::1"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        RedisStore(url)


async def down(store: RedisStore, says: str) -> None:
    began = time.monotonic()
    for call in (store.read("ab"), store.write("ab", b"x", 9), store.amend("ab", b"x", 9), store.delete("ab")):
        with pytest.raises(StoreDown, match=says):
            await call
    with pytest.raises(StoreDown, match=says):
        await store.lease("ab").__aenter__()
    assert time.monotonic() - began < 5 * BUDGET + 1.0


async def test_gone_and_back_and_empty(own: RedisServer) -> None:
    store = RedisStore(own.url)
    await store.write("ab", b"one", 1)
    own.kill()
    await down(store, f"redis://127.0.0.1:{own.port}: Connection refused")
    own.start()
    assert await store.read("ab") is None
    assert await store.write("ab", b"two", 2)
    await store.close()


async def test_paused(own: RedisServer) -> None:
    store = RedisStore(own.url)
    await store.write("ab", b"one", 1)
    own.pause()
    await down(store, r"no answer within 0\.25 s")
    own.resume()
    assert await store.read("ab") is not None
    await store.close()


async def test_wrong_password_is_said_and_no_password_is_quoted(tmp_path: Path) -> None:
    with redis_server(tmp_path, password="right-password") as server:
        for wrong, says in (
            ("redis://:wrong-password@", "wrong user name or password"),
            ("redis://", "it wants a password, and the URL has none"),
        ):
            store = RedisStore(f"{wrong}127.0.0.1:{server.port}/0")
            with pytest.raises(StoreDown) as refused:
                await store.read("ab")
            assert says in str(refused.value)
            assert "wrong-password" not in str(refused.value)
            await store.close()
        store = RedisStore(server.url)
        assert await store.write("ab", b"x", 1)
        await store.close()


async def test_full(tmp_path: Path) -> None:
    with redis_server(tmp_path, "--maxmemory", "1", "--maxmemory-policy", "noeviction") as server:
        store = RedisStore(server.url)
        with pytest.raises(StoreDown, match="maxmemory"):
            await store.write("ab", b"x", 1)
        with pytest.raises(StoreDown, match="maxmemory"):
            await store.lease("ab").__aenter__()
        assert await store.read("ab") is None
        await store.close()


async def test_a_fence_whose_record_was_evicted_fences_nothing(store: RedisStore, server: RedisServer) -> None:
    await store.write("ab", b"nine", 9)
    with server.client() as client:
        client.delete("keyless:blob:ab")
    assert await store.write("ab", b"one", 1)


async def test_what_lies_there_is_nothing_to_read(store: RedisStore, server: RedisServer) -> None:
    with server.client() as client:
        client.set("keyless:blob:ab", b"\xff\x00\xfe")
        assert await store.read("ab") == b"\xff\x00\xfe"
        client.delete("keyless:blob:ab")
        client.lpush("keyless:blob:ab", "a list")
    with pytest.raises(StoreDown, match="Operation against a key holding the wrong kind of value"):
        await store.read("ab")


# ---------------------------------------------------------------------------------------------- leases


async def test_a_lease_ends_by_itself_when_its_holder_dies(store: RedisStore, server: RedisServer) -> None:
    with server.client() as client:
        client.set("keyless:lease:ab", "a dead one", px=300)
        async with asyncio.timeout(PATIENCE), store.lease("ab"):
            assert client.pttl("keyless:lease:ab") > 9_000
        assert not client.exists("keyless:lease:ab")


async def test_only_its_owner_releases_a_lease(store: RedisStore, server: RedisServer) -> None:
    with server.client() as client:
        async with store.lease("ab"):
            client.set("keyless:lease:ab", "another, since ours ran out", px=10_000)
        assert client.get("keyless:lease:ab") == b"another, since ours ran out"


async def test_a_lease_is_renewed_while_it_is_held(store: RedisStore, server: RedisServer) -> None:
    with server.client() as client:
        async with store.lease("ab"):
            client.pexpire("keyless:lease:ab", 6_000)
            async with asyncio.timeout(PATIENCE):
                while client.pttl("keyless:lease:ab") < 9_000:  # noqa: ASYNC110 -- Redis tells nobody
                    await asyncio.sleep(0.1)


# ---------------------------------------------------------------------------------------------- watching


async def test_what_one_writes_the_others_hear(store: RedisStore, server: RedisServer) -> None:
    other = RedisStore(server.url)
    heard: asyncio.Queue[str] = asyncio.Queue()
    watching = asyncio.ensure_future(store.watch(heard.put))
    assert await asyncio.wait_for(heard.get(), PATIENCE) == EVERYTHING
    await other.write("ab", b"x", 1)
    assert await asyncio.wait_for(heard.get(), PATIENCE) == "ab"
    assert not await other.write("ab", b"another", 1)
    await other.amend("cd", b"x", 0)
    assert await asyncio.wait_for(heard.get(), PATIENCE) == "cd"
    watching.cancel()
    await asyncio.wait((watching,))
    await other.close()


async def test_after_redis_was_gone_everything_may_have_changed(own: RedisServer) -> None:
    store = RedisStore(own.url)
    heard: asyncio.Queue[str] = asyncio.Queue()
    watching = asyncio.ensure_future(store.watch(heard.put))
    assert await asyncio.wait_for(heard.get(), PATIENCE) == EVERYTHING
    own.kill()
    own.start()
    assert await asyncio.wait_for(heard.get(), PATIENCE) == EVERYTHING
    await store.write("ab", b"x", 1)
    assert await asyncio.wait_for(heard.get(), PATIENCE) == "ab"
    watching.cancel()
    await asyncio.wait((watching,))
    await store.close()
