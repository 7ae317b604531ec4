"""Loggers of events, by name; what becomes of their lines is set up in logs/.

structlog takes rich and pygments along when it is imported, for tracebacks in colours that Keyless never shows: 3 MiB
in each process that serves. So this is the only place that imports it first.
"""

from __future__ import annotations

from proxy.companions import without

with without("rich", "rich.console"):
    import structlog

get_logger = structlog.get_logger

__all__ = ["get_logger", "structlog"]
