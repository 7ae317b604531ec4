"""What log and audit say of flights: one line per call to an issuer, and what others have brought is no mint."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from proxy.auth.token import Minted
from proxy.config.secrets.seal import Seal, new_key
from proxy.errors import Fault, IssuerError
from proxy.tokens.records import Records
from proxy.tokens.store.file import FileStore
from tests.tokens.cells import World, down, wrong


class Written:
    """As the audit is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def minted(self, names: Sequence[str], generation: int) -> None:
        self.lines.append(f"{'+'.join(names)} {generation}")

    def not_minted(self, names: Sequence[str], error: IssuerError) -> None:
        self.lines.append(f"{'+'.join(names)} {error.failure}")


@pytest.fixture
def audit() -> Written:
    return Written()


async def test_who_waited_for_the_others_mint_has_adopted(tmp_path: Path, audit: Written, log: io.StringIO) -> None:
    """Even where the token is younger than the flight that brings it here."""
    key = new_key()
    stores = [Records(FileStore(tmp_path / "store"), Seal([key])) for _ in range(2)]
    one, other = (World(records=records, audit=audit) for records in stores)
    cells = [one.cell(), other.cell()]
    (first,) = await one.held(cells[0].token("qianfan"))
    second = asyncio.ensure_future(cells[1].token("qianfan"))
    await asyncio.sleep(0)
    one.logins.gate.set()
    assert (await first).value == (await second).value
    assert (one.logins.calls, other.logins.calls) == (1, 0)
    assert audit.lines == ["qianfan 1"]
    assert (log.getvalue().count("token minted"), log.getvalue().count("token adopted")) == (1, 1)
    for world in (one, other):
        await world.keeper.close()
        await world.records.close()


async def test_each_call_of_a_flight_has_a_line(audit: Written, log: io.StringIO) -> None:
    world = World(audit=audit)
    world.logins.script = [down(), down(), Minted("token", 80.0)]
    await world.cell().token("qianfan")
    assert audit.lines == ["qianfan passing", "qianfan passing", "qianfan 1"]
    assert log.getvalue().count("token call tried again") == 2
    assert len(audit.lines) == world.logins.calls
    await world.keeper.close()


async def test_a_flight_that_fails_has_a_line_per_call_too(audit: Written) -> None:
    world = World(audit=audit)
    world.logins.script = [down(), wrong()]
    with pytest.raises(Fault):
        await world.cell().token("qianfan")
    assert audit.lines == ["qianfan passing", "qianfan credential"]
    await world.keeper.close()


async def test_where_no_issuer_was_asked_nothing_is_audited(tmp_path: Path, audit: Written) -> None:
    """A new token kills the old one, so that without the store none may be fetched."""
    world = World(records=Records(FileStore(tmp_path / "store"), Seal([new_key()])), audit=audit)
    await world.records.close()
    with pytest.raises(Fault):
        await world.cell(exclusive=True).token("qianfan")
    assert (audit.lines, world.logins.calls) == ([], 0)
    await world.keeper.close()
