"""Help in colours on a terminal: headings, and what may be typed.

Owns: which words. Must not know: whose help it is.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from proxy.logs.colours import is_coloured

_CONTEXT: Any = TyperGroup.context_class  # click's, or typer's copy of it


class ColouredFormatter(_CONTEXT.formatter_class):  # type: ignore[misc]  # as above
    """Lays out as its ancestor does, which knows that colours take no room."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, _heading(prefix or "Usage: "))

    def write_heading(self, heading: str) -> None:
        super().write_heading(_heading(heading))

    def write_dl(self, rows: Sequence[tuple[str, str]], *args: Any, **options: Any) -> None:
        super().write_dl([(typer.style(typed, fg="cyan"), told) for typed, told in rows], *args, **options)


class ColouredContext(_CONTEXT):  # type: ignore[misc]  # as above
    """Of a command whose help is shown on a terminal."""

    formatter_class = ColouredFormatter


def with_colours(command: Any) -> Any:
    """The same command, and those below it. Where stdout is no terminal nothing changes."""
    if is_coloured(sys.stdout):
        command.context_class = ColouredContext
        for below in getattr(command, "commands", {}).values():
            with_colours(below)
    return command


def _heading(text: str) -> str:
    return typer.style(text, bold=True)
