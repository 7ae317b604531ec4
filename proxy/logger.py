"""Loggers of events, by name; what becomes of their lines is set up in logs/.

structlog takes rich and pygments along when it is imported, for tracebacks in colours that Keyless never shows: 3 MiB
in each process that serves. So this is the only place that imports it first.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _without_rich() -> Iterator[None]:
    """`import rich` fails meanwhile, which structlog allows for. Who has rich already loses nothing by it."""
    if "rich.console" in sys.modules:
        yield
        return
    before = sys.modules.pop("rich", None)
    sys.modules["rich"] = None  # type: ignore[assignment]  # what the import system takes for a module that is not there
    try:
        yield
    finally:
        del sys.modules["rich"]
        if before is not None:
            sys.modules["rich"] = before


with _without_rich():
    import structlog

get_logger = structlog.get_logger

__all__ = ["get_logger", "structlog"]
