"""Addresses in a config: how a value is pointed at, and where it stands in which file.

Must not know: YAML, keys, what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

Where = tuple[str | int, ...]
"""The address of a value: keys and list indexes from the top."""


class Mark(NamedTuple):
    file: str
    line: int


class Finding(NamedTuple):
    """A mistake before it has a line. With `got`, the message is completed by what the user wrote there."""

    where: Where
    message: str
    hint: str = ""
    got: bool = False


def dotted(where: Where) -> str:
    """`routes./aiob.upstream`, `clients[0].key`."""
    text = ""
    for step in where:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += ("." if text else "") + (step if step and step.isprintable() else repr(step))
    return text


def place(where: Where, marks: Mapping[Where, Mark], file: str) -> Mark:
    """The mark of a value, or of the nearest value around it."""
    while where:
        if where in marks:
            return marks[where]
        where = where[:-1]
    return marks.get((), Mark(file, 1))


class Nowhere:
    """What is found at an address that isn't there; None is a value."""


NOWHERE = Nowhere()


def at(tree: Any, where: Where) -> Any:
    """The value at an address, or NOWHERE."""
    for step in where:
        item = isinstance(tree, list) and isinstance(step, int) and 0 <= step < len(tree)
        if item or (isinstance(tree, dict) and step in tree):
            tree = tree[step]
        else:
            return NOWHERE
    return tree
