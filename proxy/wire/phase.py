"""How the states of a connection are written down: its phases, and one table of what each takes, how long, its moves.

Owns: which moves there are, as the request path can ask in a few instructions, and a page's view of a table. Must not
know: which phases there are, sockets, clocks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class IllegalMove(Exception):  # noqa: N818 -- it says what was tried
    """A mistake of ours: bytes in this order would mean something else to whoever reads them."""


class Phase:
    """One of a closed set, known by identity. All but the name is said by its row."""

    __slots__ = ("bit", "comes", "leads", "limit", "name")

    def __init__(self, name: str, number: int) -> None:
        """`number` tells those of one set apart."""
        self.name = name
        self.bit = 1 << number
        self.leads = 0  # the bits of the phases that may follow
        self.comes = self.limit = ""

    def __repr__(self) -> str:
        return self.name


class Row(NamedTuple):
    """`comes` is what becomes of bytes that come; `limit` names the time that it may take, "" for none."""

    phase: Phase
    meaning: str
    comes: str
    limit: str
    leads: tuple[Phase, ...]


def lay(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Give each phase what its row says. Once, when the table is defined."""
    table = tuple(rows)
    for row in table:
        row.phase.comes, row.phase.limit = row.comes, row.limit
        row.phase.leads = 0
        for phase in row.leads:
            row.phase.leads |= phase.bit
    return table


def printed(table: Iterable[Row]) -> str:
    """As it stands in docs/wire.md."""
    lines = ["| phase | it | bytes that come | how long | leads to |", "|---|---|---|---|---|"]
    for row in table:
        leads = ", ".join(map(repr, row.leads)) or "nothing"
        lines.append(f"| **{row.phase!r}** | {row.meaning} | {row.comes} | {row.limit or 'any time'} | {leads} |")
    return "\n".join(lines) + "\n"
