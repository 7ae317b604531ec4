"""A login to another account gets nothing of what was kept for the one before; what keeps replies is loaded early."""

from __future__ import annotations

import time
from dataclasses import replace

from proxy.app import Service
from proxy.auth.life.record import Record
from proxy.auth.token import Registration
from proxy.config.secrets.seal import new_key
from tests.conftest import Stage
from tests.raw import RawApi

REPLIES = [b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nreply %d" % number for number in range(1, 9)]
AS = Registration("http://127.0.0.1:1", "a-client")


async def opened(stage: Stage) -> RawApi:
    api = await stage.api(*REPLIES)
    provider = {"scheme": "mcp", "url": f"{api.url}/mcp"}
    routes = {"/api": {"upstream": f"{api.url}/mcp", "provider": "person", "cache": "60s"}}
    await stage.open(routes, providers={"person": provider}, store="file:store", store_key=new_key())
    return api


async def keep(stage: Stage, generation: int, login: str, *, alive: bool = True) -> None:
    """As `keyless login`, a refresh or `keyless logout` of another process does."""
    cell, now = stage.service.cells["person"], time.time()
    record = Record(generation, names=("person",))
    if alive:
        record = Record(generation, f"token-{generation}", now, now + 3600, 60.0, 5.0, "refresh", registration=AS)
    assert await stage.service.keeper.records.keep(cell.key, replace(record, login=login))
    await cell.look()


async def asked(stage: Stage) -> tuple[bytes, str]:
    reply = await stage.call("/api/x")
    return reply.body, (reply.get("Cache-Status") or "").partition(";")[2].strip()[:3]


async def test_a_login_to_another_account_gets_nothing_of_the_former(stage: Stage) -> None:
    await opened(stage)
    await keep(stage, 1, "ann")
    assert [await asked(stage), await asked(stage)] == [(b"reply 1", "fwd"), (b"reply 1", "hit")]
    await keep(stage, 2, "ann")  # a refresh
    assert await asked(stage) == (b"reply 1", "hit")
    await keep(stage, 3, "ben")
    assert [await asked(stage), await asked(stage)] == [(b"reply 2", "fwd"), (b"reply 2", "hit")]


async def test_who_has_logged_out_gets_nothing(stage: Stage) -> None:
    await opened(stage)
    await keep(stage, 1, "ann")
    assert await asked(stage) == (b"reply 1", "fwd")
    await keep(stage, 2, "", alive=False)
    reply = await stage.call("/api/x")
    assert reply.code == "login_required"


async def offline(stage: Stage) -> None:
    await stage.service.__aexit__(None, None, None)
    loaded = replace(stage.service.loaded.with_config(listen=[stage.authority]), offline=True)
    stage.service = await stage.stack.enter_async_context(Service(loaded))
    await stage.service.listen()


async def test_offline_too_the_account_that_is_logged_in_is_answered_and_no_other(stage: Stage) -> None:
    await opened(stage)
    await keep(stage, 1, "ann")
    assert await asked(stage) == (b"reply 1", "fwd")
    await offline(stage)
    assert await asked(stage) == (b"reply 1", "hit")
    await keep(stage, 2, "ben")
    reply = await stage.call("/api/x")
    assert reply.code == "offline"
    await keep(stage, 3, "", alive=False)
    reply = await stage.call("/api/x")
    assert (reply.code, "nobody is logged in" in reply.body.decode()) == ("offline", True)
