"""All that is kept of replies: the memory of one config after the other, and the files that outlive them.

Owns: which route has what of it. Must not know: requests.
"""

from __future__ import annotations

from proxy.config.loaded import Loaded
from proxy.plan.route import RoutePlan
from proxy.serve.cache.files import Files
from proxy.serve.cache.lookup import Cache
from proxy.serve.cache.memory import ROOM, Memory
from proxy.tokens.store.open import sealed_files


class Caching:
    """Of one process; `workers` share the room. Offline, every route has a cache, and nothing else."""

    def __init__(self, loaded: Loaded, workers: int = 1) -> None:
        config = loaded.config
        self.offline = loaded.offline
        self._room = ROOM // workers
        beside = sealed_files(config.store, config.store_key, loaded.folder)
        self._files = None if beside is None else Files(*beside)

    def renewed(self, before: Memory | None) -> Memory:
        """Empty: what another config or secret had got may not be got any more."""
        if before is not None:
            before.retire()
        return Memory(self._room)

    def of(self, route: RoutePlan, credential: str, memory: Memory) -> Cache | None:
        """`credential` is the identity of its cell."""
        if route.cache is None and not self.offline:
            return None
        place = "\0".join((route.prefix, credential, route.upstream)).encode("utf-8")
        return Cache(route.cache, memory, self._files, self.offline, place)

    async def close(self) -> None:
        if self._files is not None:
            await self._files.close()
