"""The phases of both kinds of connections: what the tables promise, and that no other move is made."""

from __future__ import annotations

import asyncio

import pytest

from proxy.wire.inbound import phase as inbound
from proxy.wire.outbound import phase as outbound
from proxy.wire.phase import IllegalMove, Phase, Row, printed
from proxy.wire.socket import Socket

TABLES = {"inbound": inbound.TABLE, "outbound": outbound.TABLE}
CLOSED = {"inbound": inbound.CLOSED, "outbound": outbound.CLOSED}


@pytest.mark.parametrize("leg", TABLES)
def test_each_phase_has_one_row_and_every_one_can_close(leg: str) -> None:
    table, closed = TABLES[leg], CLOSED[leg]
    phases = [row.phase for row in table]
    assert len({phase.bit for phase in phases}) == len({phase.name for phase in phases}) == len(phases)
    assert all(closed in row.leads for row in table if row.phase is not closed)
    assert (closed.leads, closed.limit) == (0, "")
    for row in table:
        assert [phase for phase in phases if row.phase.leads & phase.bit] == [one for one in phases if one in row.leads]
        assert row.phase.limit == row.limit


@pytest.mark.parametrize("leg", TABLES)
def test_every_phase_is_reached(leg: str) -> None:
    table = TABLES[leg]
    leads = {row.phase: set(row.leads) for row in table}
    seen, open_ends = {table[0].phase}, [table[0].phase]
    while open_ends:
        new = leads[open_ends.pop()] - seen
        seen |= new
        open_ends += new
    assert seen == {row.phase for row in table}


def test_an_answer_that_has_begun_is_never_begun_again() -> None:
    """Behind ANSWERING, a new head can only follow a new request, or come from those that end the connection."""
    before = [row.phase for row in inbound.TABLE if inbound.ANSWERING in row.leads]
    assert before == [inbound.SERVING]
    (pipe,) = [row for row in inbound.TABLE if row.phase is inbound.PIPE]
    assert set(pipe.leads) == {inbound.LINGERING, inbound.CLOSING, inbound.CLOSED}


@pytest.mark.parametrize("leg", TABLES)
async def test_no_other_move_is_made(leg: str) -> None:
    phases = [row.phase for row in TABLES[leg]]
    for at in phases:
        for to in phases:
            one = Socket(asyncio.get_running_loop(), at)
            if at.leads & to.bit:
                one.enter(to)
                assert one.phase is to
            else:
                with pytest.raises(IllegalMove, match=f"from {at!r} to {to!r}"):
                    one.enter(to)
                assert one.phase is at


def test_each_time_that_ends_an_exchange_has_its_words() -> None:
    assert set(outbound.STALLED) == {row.phase for row in outbound.TABLE if row.limit in ("idle", "head")}


def test_a_table_is_printed_for_readers() -> None:
    on, off = Phase("on", 0), Phase("off", 1)
    rows = [Row(on, "runs", "taken", "idle", (off,)), Row(off, "rests", "dropped", "", ())]
    assert printed(rows) == (
        "| phase | it | bytes that come | how long | leads to |\n|---|---|---|---|---|\n"
        "| **on** | runs | taken | idle | off |\n| **off** | rests | dropped | any time | nothing |\n"
    )
