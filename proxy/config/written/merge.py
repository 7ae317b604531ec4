"""Several files that make one config (`include:`).

Owns: what may stand in two files and what may not. Must not know: where files come from, or what keys mean, but that
`clients` is a list to be joined.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from typing import Any

from proxy.config.written.marks import Document
from proxy.errors import Problem
from proxy.values.where import Mark, Where, dotted, place


def merge(documents: Sequence[Document]) -> Document:
    """The first file's keys, then what each further file adds. A key in two files is a problem that names both.

    A section that is there but empty (all its entries commented out, say) is as good as absent.
    """
    tree: dict[str, Any] = {}
    marks: dict[Where, Mark] = {}
    problems: list[Problem] = []
    for document in documents:
        problems += document.problems
        clients = tree.get("clients")
        offset = len(clients) if isinstance(clients, list) else 0
        for where in _add(tree, document.tree):
            first = place(where, marks, document.file)
            mark = place(where, document.marks, document.file)
            problems.append(Problem(*mark, dotted(where), f"given twice; first in {first.file}:{first.line}"))
        for where, mark in document.marks.items():
            marks.setdefault(_moved(where, offset), mark)
    return Document(documents[0].file, tree, marks, tuple(problems))


def _add(tree: dict[str, Any], more: Mapping[str, Any]) -> Iterator[Where]:
    """Adds to `tree`, and yields what was there before."""
    for key, value in more.items():
        there = tree.get(key)
        if key == "include" or value is None:
            continue
        if there is None:
            tree[key] = copy(value)
        elif isinstance(there, dict) and isinstance(value, dict):
            yield from ((key, name) for name in value if name in there)
            for name, each in value.items():
                there.setdefault(name, each)
        elif key == "clients" and isinstance(there, list) and isinstance(value, list):
            there.extend(value)
        else:
            yield (key,)


def _moved(where: Where, offset: int) -> Where:
    if where[:1] == ("clients",) and len(where) > 1 and isinstance(where[1], int):
        return ("clients", where[1] + offset, *where[2:])
    return where
