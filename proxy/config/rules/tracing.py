"""Traces: what they need beside the base install, and that nobody passes on what is not made."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from proxy.config.model import Config
from proxy.values.where import Finding


def check_tracing(config: Config) -> Iterator[Finding]:
    if config.trace is not None and not _is_installed():
        yield Finding(("trace",), "needs an extra; run: pip install 'keyless[otel]'")
    for prefix, route in config.routes.items():
        if route.traceparent and config.trace is None:
            reason = "there are no traces to follow; say where they go: `trace: http://collector:4318`"
            yield Finding(("routes", prefix, "traceparent"), reason)


def _is_installed() -> bool:
    try:
        return all(find_spec(f"opentelemetry.{part}") is not None for part in ("sdk", "exporter.otlp.proto.http"))
    except ImportError:  # of what it lies in
        return False
