"""Exchanges as OpenTelemetry's spans, made when they are over, from the marks of their timeline.

Owns: names and attributes, as the semantic conventions for HTTP have them (docs/logs.md#traces). Must not know: when
they are sent. Imported only where `trace` is configured: the SDK is an extra.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from proxy.figures.ended import Ended
from proxy.logs.words import clipped
from proxy.traces.export import Part
from proxy.traces.trace import Trace
from proxy.version import __version__

LONGEST: Final = 1024
"""Characters of a path."""
TIMEOUT: Final = 5.0
"""Seconds for the collector to take a batch, further tries included."""
_TO_THE_API: Final = ("connect", "first byte", "replay")
_SCOPE: Final = InstrumentationScope("keyless", __version__)
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)


class Collector:
    """The exporter that export.py wants. `endpoint` without a path gets that of OTLP over HTTP."""

    def __init__(self, endpoint: str) -> None:
        whole = endpoint if urlsplit(endpoint).path.strip("/") else f"{endpoint.rstrip('/')}/v1/traces"
        self._otlp = OTLPSpanExporter(endpoint=whole, timeout=TIMEOUT)
        self._resource = Resource.create({"service.name": "keyless", "service.version": __version__})

    def send(self, parts: Sequence[Part]) -> bool:
        spans = [span for trace, ended in parts for span in spans_of(trace, ended, self._resource)]
        try:
            return self._otlp.export(spans) is SpanExportResult.SUCCESS
        except Exception:  # of whatever it goes by; the caller tells of it
            return False

    def close(self) -> None:
        self._otlp.shutdown()  # type: ignore[no-untyped-call]


def spans_of(trace: Trace, ended: Ended, resource: Resource) -> Iterator[ReadableSpan]:
    """The exchange, then its steps."""
    times = ended.times
    own = _context(trace.id, trace.span)
    parent = _context(trace.id, trace.parent) if trace.parent else None
    began = int(times.wall * 1e9)
    yield ReadableSpan(
        f"{ended.method} {ended.route}".rstrip(),
        context=own,
        parent=parent,
        resource=resource,
        attributes=_attributes(ended),
        kind=SpanKind.SERVER,
        instrumentation_scope=_SCOPE,
        status=_status(ended),
        start_time=began,
        end_time=began + int(times.seconds * 1e9),
    )
    for step, begins, seconds in times.spans():
        yield ReadableSpan(
            step,
            context=_context(trace.id, f"{random.getrandbits(64) or 1:016x}"),
            parent=own,
            resource=resource,
            kind=SpanKind.CLIENT if step in _TO_THE_API else SpanKind.INTERNAL,
            instrumentation_scope=_SCOPE,
            start_time=began + int(begins * 1e9),
            end_time=began + int((begins + seconds) * 1e9),
        )


def _context(trace: str, span: str) -> SpanContext:
    return SpanContext(int(trace, 16), int(span, 16), is_remote=False, trace_flags=_SAMPLED)


def _attributes(ended: Ended) -> dict[str, str | int | bool]:
    """What is empty is left out."""
    said: dict[str, str | int | bool] = {
        "http.request.method": ended.method,
        "url.path": clipped(ended.path, LONGEST),
        "http.response.status_code": ended.status,
        "http.route": ended.route,
        "error.type": ended.code,
        "keyless.cause": clipped(ended.cause),
        "keyless.provider": ended.provider,
        "keyless.client": ended.client,
        "keyless.request_id": ended.id,
        "keyless.attempts": ended.attempts,
        "keyless.note": ended.note,
        "keyless.cut": ended.cut,
    }
    return {name: value for name, value in said.items() if value != "" and value is not False}


def _status(ended: Ended) -> Status:
    """Of servers, what the client got wrong is no error of theirs."""
    failed = ended.status >= 500 or ended.status == 424 or ended.cut
    return Status(StatusCode.ERROR, ended.code or None) if failed else Status()
