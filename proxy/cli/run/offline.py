"""`keyless run --offline`: what it needs, and that it stays so.

Must not know: what a cache keeps.
"""

from __future__ import annotations

from dataclasses import replace

from proxy.cli.kit.options import fail
from proxy.config.loaded import Loaded
from proxy.process.reloading.changes import Changes
from proxy.process.reloading.reload import Replace


def chosen(loaded: Loaded, offline: bool) -> Loaded:
    """Exit code 2 where nothing can have been kept."""
    if not offline:
        return loaded
    if not loaded.config.store.startswith("file:"):
        fail("--offline answers from what was kept in files: set `store: file:DIR`, and `cache` on a route", 2)
    return replace(loaded, offline=True)


def staying(take_over: Replace, before: Loaded) -> Replace:
    """A reload changes nothing of it, for workers that start later either."""

    async def taken(fresh: Loaded, secrets: Changes) -> None:
        await take_over(replace(fresh, offline=before.offline), secrets)

    return taken
