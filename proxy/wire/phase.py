"""How the states of a connection are written down: an enum, and one table of what each takes, how long, and its moves.

Owns: what is illegal, and the page's view of a table. Must not know: which phases there are, sockets, clocks.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple


class IllegalMove(RuntimeError):  # noqa: N818 -- it says what was tried
    """A mistake of ours: bytes in this order would mean something else to whoever reads them."""


class Phase(Enum):
    """Its members' values are texts for readers of logs. `Row`s say the rest of them."""

    leads: tuple[Phase, ...]
    limit: str

    def __repr__(self) -> str:
        return str(self.value)


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
        row.phase.leads = row.leads
        row.phase.limit = row.limit
    return table


def printed(table: Iterable[Row]) -> str:
    """As it stands in docs/wire.md."""
    lines = ["| phase | it | bytes that come | how long | leads to |", "|---|---|---|---|---|"]
    for row in table:
        leads = ", ".join(map(repr, row.leads)) or "nothing"
        lines.append(f"| **{row.phase!r}** | {row.meaning} | {row.comes} | {row.limit or 'any time'} | {leads} |")
    return "\n".join(lines) + "\n"
