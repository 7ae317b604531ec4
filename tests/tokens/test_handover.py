"""Records in memory go from one process to the next."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proxy.auth.life.record import Record
from proxy.config.secrets.seal import new_key
from proxy.tokens.handover import packed, unpacked
from proxy.tokens.store.open import open_records
from tests.conftest import Stage, providers

RECORD = Record(3, "the-token-itself", 1.0, 2.0, refresh_token="a-refresh-token", names=("crm",))


async def test_they_arrive_as_they_were_and_no_token_can_be_read_on_the_way() -> None:
    before, after = (open_records("memory", None, Path()) for _ in range(2))
    await before.keep("cell", RECORD)
    left = json.loads(json.dumps(await packed(before)))
    assert "the-token-itself" not in json.dumps(left)
    await unpacked(after, left)
    assert await after.find("cell") == RECORD
    await unpacked(after, {})


async def test_what_others_see_for_themselves_is_not_sent(tmp_path: Path) -> None:
    records = open_records(f"file:{tmp_path / 'store'}", [new_key()], tmp_path)
    assert await packed(records) == {}
    await records.close()


async def test_what_is_no_record_of_ours_is_an_error() -> None:
    before, after = (open_records("memory", None, Path()) for _ in range(2))
    await before.keep("cell", RECORD)
    left = await packed(before)
    with pytest.raises(ValueError, match="another cell"):
        await unpacked(after, {"key": left["key"], "records": {"other": left["records"]["cell"]}})


async def test_who_is_taken_over_mints_no_more_what_can_be_there_once_only(stage: Stage) -> None:
    every = providers(stage.sandbox.url)
    await stage.open(providers={"oauth2": every["oauth2"] | {"exclusive": True}, "aiob": every["aiob"]})
    assert stage.service.cells["oauth2"].life.exclusive
    await stage.service.leave_to()
    assert stage.service.cells["oauth2"].abstains
    stage.service.cells["oauth2"].life.expired()
    before = stage.sandbox.token_requests["oauth2"]
    assert (await stage.call("/oauth2/echo")).status == 503
    assert (await stage.call("/aiob/echo")).status == 200
    assert stage.sandbox.token_requests["oauth2"] == before
    stage.service.resume()
    assert (await stage.call("/oauth2/echo")).status == 200
