"""How a bug is told: where it was raised, and nothing that it was working on."""

from __future__ import annotations

from pathlib import PurePath


def raised_at(error: BaseException) -> str:
    """File and line of the deepest frame: a traceback's text could show values."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"


def kind(error: BaseException) -> str:
    """Its type and the line that raised it: enough to find a bug by, and nothing that it was working on."""
    where = PurePath(raised_at(error)).name
    return f"{type(error).__name__} at {where}" if where else type(error).__name__
