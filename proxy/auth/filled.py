"""Trees of a config whose texts are templates: parsed once, filled each time.

Owns: the walk. Must not know: what a name stands for, or where the tree goes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from proxy.values.template import Template
from proxy.values.where import Finding, Where


def templates(written: Any, known: Collection[str]) -> Any:
    """The same tree with a Template in place of each text. Raises ValueError for one that is none."""
    if isinstance(written, dict):
        return {key: templates(inner, known) for key, inner in written.items()}
    if isinstance(written, list):
        return [templates(inner, known) for inner in written]
    return Template.parse(written, known) if isinstance(written, str) else written


def filled(tree: Any, value: Callable[[str], Any], text: Callable[[str], str]) -> Any:
    """The tree with the names in it replaced. Where a name is all of a text, its `value` stands there with its type."""
    if isinstance(tree, dict):
        return {key: filled(inner, value, text) for key, inner in tree.items()}
    if isinstance(tree, list):
        return [filled(inner, value, text) for inner in tree]
    if not isinstance(tree, Template):
        return tree
    return value(tree.names[0]) if tree.literals == ("", "") else tree.render(text)


def check_templates(where: Where, written: Any, known: Collection[str]) -> Iterator[Finding]:
    """Every text of the tree that is no template over these names."""
    if isinstance(written, dict | list):
        for step, inner in written.items() if isinstance(written, dict) else enumerate(written):
            yield from check_templates((*where, step), inner, known)
    elif isinstance(written, str):
        try:
            Template.parse(written, known)
        except ValueError as error:
            yield Finding(where, str(error))
