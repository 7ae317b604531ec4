"""A package comes without its companions, and who has them keeps them."""

from __future__ import annotations

import subprocess
import sys

import pytest

CACHE = "from proxy.companions import memory_cache; memory_cache()(timeout=0); import sys"


def said(code: str) -> str:
    """By a process that has imported nothing else."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_cache_in_memory_brings_no_redis() -> None:
    seen = "print(sorted({'redis', 'opentelemetry', 'cryptography'} & sys.modules.keys()))"
    assert said(f"{CACHE}; {seen}") == "[]"


@pytest.mark.parametrize("store", ["proxy.tokens.store.redis", "redis.asyncio"])
def test_a_store_in_redis_works_before_and_behind_it(store: str) -> None:
    has = "import redis; print(redis.asyncio.Redis.__name__, aiocache.backends.redis.RedisCache.__name__)"
    assert said(f"{CACHE}; import {store}, aiocache.backends.redis; {has}") == "Redis RedisCache"
    assert said(f"import {store}, aiocache.backends.redis; {CACHE}; {has}") == "Redis RedisCache"


def test_a_store_in_redis_is_not_measured() -> None:
    opened = "from proxy.tokens.store.open import open_records; open_records('redis://127.0.0.1:9', [16 * 'k'], None)"
    assert said(f"import sys; {opened}; print({{'redis', 'opentelemetry'}} & sys.modules.keys())") == "{'redis'}"
