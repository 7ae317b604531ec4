"""From the config to what takes traces. Only where it says where to is the SDK imported."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from proxy.config.model import Trace as Config
from proxy.traces.export import Export, hush
from proxy.traces.trace import Tracing


class Traces(NamedTuple):
    tracing: Tracing
    export: Export


def open_traces(config: Config) -> Traces:
    """That it can be imported was seen at load (config/rules/tracing.py)."""
    from proxy.traces.spans import Collector  # noqa: PLC0415 -- an extra, of 30 MiB

    hush()
    export = Export(Collector(config.endpoint), urlsplit(config.endpoint).netloc.rpartition("@")[2])
    return Traces(Tracing(config.ratio, export.take), export)
