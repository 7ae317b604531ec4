"""Packages without the companions that they take along when they are imported, and that Keyless never uses.

Owns: how such a package is imported, and aiocache, of which two parts make a cache. Must not know: what is kept in it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any


@contextmanager
def without(companion: str, sign: str) -> Iterator[None]:
    """`import companion` fails meanwhile, which the packages imported here allow for.

    What was imported before, which the module `sign` shows, keeps working.
    """
    if sign in sys.modules:
        yield
        return
    before = sys.modules.pop(companion, None)
    sys.modules[companion] = None  # type: ignore[assignment]  # what the import system takes for a module that is not there
    try:
        yield
    finally:
        del sys.modules[companion]
        if before is not None:
            sys.modules[companion] = before


def memory_cache() -> Callable[..., Any]:
    """aiocache's, made by calling it.

    It would bring redis-py where that is installed, and that OpenTelemetry's SDK and `cryptography`: 12 MiB in each
    process that serves, and half a second before the first token or kept reply.
    """
    with without("redis", "redis.asyncio"):
        from aiocache import SimpleMemoryCache  # noqa: PLC0415 -- only where something is kept
        from aiocache.serializers import NullSerializer  # noqa: PLC0415
    return partial(SimpleMemoryCache, serializer=NullSerializer())
