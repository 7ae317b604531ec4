"""Rows, figures and contenders' names as Markdown. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bench.measure import Figure
from bench.peers import PEERS
from bench.results import Results
from bench.svg import number

NONE = "-"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def spread(figure: Figure | None) -> str:
    """Median, and the range of the rounds if there is one."""
    if figure is None:
        return NONE
    one = number(figure.middle)
    return one if figure.low == figure.high else f"{one} ({number(figure.low)} to {number(figure.high)})"


def middle(figure: Figure | None) -> str:
    return NONE if figure is None else number(figure.middle)


def plain(value: float | None, form: str = "{}") -> str:
    return NONE if value is None else form.format(number(value))


def titled(results: Results, label: str) -> str:
    name, _, feature = label.partition("+")
    version = results.versions.get(name, "")
    title = PEERS[name].title + (f" + {feature}" if feature else "")
    return f"{'**' if name == 'keyless' else ''}{title}{'**' if name == 'keyless' else ''} {version}".strip()
