"""What a front takes over from the one before, and that nothing is left of those that were replaced."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import replace
from typing import Any

from proxy.config.load import load
from proxy.config.loaded import Loaded
from proxy.serve.visitors import Visitors
from tests.conftest import Stage
from tests.identity_provider import IdentityProvider, serving

KEYS = ("a-made-up-client-key-0", "a-made-up-client-key-1")


def with_clients(stage: Stage, *clients: dict[str, Any]) -> Loaded:
    """What the stage has written, with other clients."""
    loaded = load(stage.folder / "config.yaml", environ={})
    fresh = loaded.config.model_validate(loaded.config.model_dump(include={"listen"}) | {"clients": clients})
    return replace(loaded, config=loaded.config.model_copy(update={"clients": fresh.clients}))


async def test_counters_and_known_tokens_outlive_a_reload_that_changes_no_client(stage: Stage) -> None:
    client = {"name": "a", "key": KEYS[0]}
    service = await stage.open(clients=[client | {"rate": "5/min"}])
    before = service.front
    await service.replace(load(stage.folder / "config.yaml", environ={}), {})
    assert service.front is not before
    assert service.front.visitors is before.visitors
    await service.replace(with_clients(stage, client | {"rate": "5/min", "methods": ["GET"]}), {})
    assert service.front.visitors is not before.visitors
    assert service.front.quotas is before.quotas is not None


async def test_a_brake_outlives_a_reload_that_leaves_the_cell(stage: Stage) -> None:
    service = await stage.open()
    before = service.front.lanes["/oauth2"]
    await service.replace(load(stage.folder / "config.yaml", environ={}), {})
    after = service.front.lanes["/oauth2"]
    assert after is not before
    assert (after.brake, after.cell) == (before.brake, before.cell)


async def test_a_hundred_reloads_leave_nothing_behind(stage: Stage) -> None:
    service = await stage.open(clients=[{"name": "a", "key": KEYS[0]}])
    for number in range(100):
        await service.replace(with_clients(stage, {"name": "a", "key": KEYS[number % 2]}), {})
    await stage.until(lambda: service.counts().retiring == 0)
    gc.collect()
    assert sum(isinstance(thing, Visitors) for thing in gc.get_objects()) == 1
    assert (await stage.call("/oauth2/echo", headers={"X-Api-Key": KEYS[1]})).status == 200


async def test_a_request_that_waits_for_an_issuers_keys_survives_the_reload_of_its_client(stage: Stage) -> None:
    """It ends with what it has; and what was fetched for it is let go."""
    async with serving(IdentityProvider()) as idp:
        service = await stage.open(clients=[idp.client()])
        idp.gate.clear()
        waiting = asyncio.create_task(stage.call("/oauth2/echo", headers={"Authorization": f"Bearer {idp.token()}"}))
        await stage.until(lambda: bool(idp.asked))
        await service.replace(with_clients(stage, {"name": "b", "key": KEYS[1]}), {})
        await stage.until(lambda: service.counts().retiring == 1)  # what else served before is free by then
        idp.gate.set()
        assert (await waiting).status == 200
        await stage.until(lambda: service.counts().retiring == 0)


async def test_a_stop_does_not_wait_for_issuers_of_before(stage: Stage) -> None:
    async with serving(IdentityProvider()) as idp:
        service = await stage.open(clients=[idp.client()])
        idp.gate.clear()
        (keys,) = service.front.visitors._keys.values()
        fetching = asyncio.create_task(keys.fetch())
        await stage.until(lambda: bool(idp.asked))
        await service.replace(with_clients(stage, {"name": "b", "key": KEYS[1]}), {})
        await service.__aexit__(None, None, None)
        await fetching
        assert service.counts().retiring == 0
        idp.gate.set()


async def test_a_service_says_where_it_listens_and_no_more(stage: Stage) -> None:
    service = await stage.open()
    assert repr(service) == f"<Service at {stage.url}>"
