"""`keyless store`: what it lists, removes and seals anew."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from proxy.auth.life.record import Intent, Record
from proxy.config.secrets.seal import Seal, new_key
from proxy.tokens.store.open import open_records
from tests.cli.conftest import keyless, written

OLD, NEW = new_key(), new_key()
MAIL, CRM = "a1" * 32, "c2" * 32


def keep(folder: Path, keys: list[str], **records: Record) -> None:
    async def run() -> None:
        store = open_records("file:tokens", keys, folder)
        for key, record in records.items():
            assert await store.keep(key, record)
        await store.close()

    asyncio.run(run())


@pytest.fixture
def config(tmp_path: Path) -> str:
    now = time.time()
    mail = Record(3, None, refresh_token="r3fresh", names=("mail", "post"), intent=Intent("x", now))
    crm = Record(7, "t0ken", now, now + 3600, 300, 60, names=("crm",))
    keep(tmp_path, [OLD], **{MAIL: mail, CRM: crm})
    return written(tmp_path, store="file:tokens", store_key=[OLD])


def test_it_lists_whose_what_is_and_shows_no_token(config: str) -> None:
    out = keyless("store", "list", "-c", config).out
    assert out.splitlines()[0].split("  ") == ["a1" * 6, "mail, post", "no token, refresh token, interrupted"]
    assert "crm" in out.splitlines()[1]
    assert "expires in" in out.splitlines()[1]
    known = keyless("store", "list", "--json", "-c", config)
    assert [each["generation"] for each in known.json] == [3, 7]
    for shown in (out, known.out):
        assert "r3fresh" not in shown
        assert "t0ken" not in shown


def test_looking_sets_nothing_aside(tmp_path: Path, config: str) -> None:
    (tmp_path / "tokens" / f"{'ee' * 32}.sealed").write_bytes(b"1\nrubbish")
    config = written(tmp_path, store="file:tokens", store_key=[NEW])
    out = keyless("store", "list", "-c", config).out
    assert out.count("sealed with another key, or damaged") == 3
    assert keyless("store", "rotate-key", "-c", config).code == 1
    assert len(list((tmp_path / "tokens").glob("*.sealed"))) == 3


def test_what_can_not_be_opened_may_be_a_login(tmp_path: Path, config: str) -> None:
    config = written(tmp_path, store="file:tokens", store_key=[NEW])
    refused = keyless("store", "clear", "-c", config)
    assert (refused.code, refused.err) == (2, "2 that can't be opened may hold logins; with --yes they are removed\n")
    assert keyless("store", "clear", "--yes", "-c", config).out == "2 removed\n"


def test_an_empty_store_is_one(tmp_path: Path) -> None:
    config = written(tmp_path, store="file:tokens")
    assert keyless("store", "list", "-c", config).out == "the store is empty\n"
    assert keyless("store", "clear", "-c", config).out == "0 removed\n"


def test_clearing_a_login_has_to_be_meant(config: str) -> None:
    assert keyless("store", "clear", "crm", "-c", config).out == "1 removed\n"
    for words in (("clear",), ("clear", "post")):
        refused = keyless("store", *words, "-c", config)
        assert (refused.code, "--yes" in refused.err) == (2, True)
    assert keyless("store", "clear", "post", "--yes", "-c", config).out == "1 removed\n"
    assert keyless("store", "list", "--json", "-c", config).json == []
    assert keyless("store", "clear", "post", "-c", config).code == 1


def test_rotated_records_open_with_the_new_key_alone(tmp_path: Path, config: str) -> None:
    config = written(tmp_path, store="file:tokens", store_key=[NEW, OLD])
    assert keyless("store", "rotate-key", "-c", config).out == "2 sealed with the first key\n"
    for path in (tmp_path / "tokens").glob("*.sealed"):
        Seal([NEW]).open(path.read_bytes().partition(b"\n")[2])
    config = written(tmp_path, store="file:tokens", store_key=[NEW])
    assert [each["generation"] for each in keyless("store", "list", "--json", "-c", config).json] == [3, 7]


def test_memory_and_a_store_that_is_down_are_said(tmp_path: Path) -> None:
    nobody = {"XDG_STATE_HOME": str(tmp_path / "state")}
    assert "memory holds nothing" in keyless("store", "list", "-c", written(tmp_path), environ=nobody).err
    assert not (tmp_path / "state").exists()
    (tmp_path / "tokens").mkdir(0o755)
    down = keyless("store", "list", "-c", written(tmp_path, store="file:tokens"))
    assert (down.code, f"chmod 700 {tmp_path / 'tokens'}" in down.err) == (1, True)
