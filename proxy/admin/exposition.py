"""The figures of all workers as the text of a scrape.

Owns: formats, and the label that tells workers apart. Must not know: what the figures are (series.py), who asks.
Imported with the first scrape: a proxy that nobody scrapes does without prometheus-client.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector, CollectorRegistry
from prometheus_client.samples import Exemplar

from proxy.admin.series import SERIES, Series
from proxy.figures.reading import Buckets, Readings
from proxy.version import __version__

WORKER = "worker"
"""Only where there are several: a sum over them would fall, and so look like a restart, whenever one does."""


def render(readings: Readings, now: float, accept: str) -> tuple[bytes, str]:
    """At Unix time `now`; and the content type, as `accept` asks."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Scrape(readings, now))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _Scrape(Collector):
    def __init__(self, readings: Readings, now: float) -> None:
        self._answered = {worker: reading for worker, reading in readings.items() if reading is not None}
        self._workers = {worker: worker in self._answered for worker in readings if worker}
        self._now = now

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        yield _gauge("keyless_build_info", "Always 1; the label tells the release.", "version", {__version__: True})
        if self._workers:
            yield _gauge("keyless_worker_up", "1 for a worker that has answered.", WORKER, self._workers)
        yield from (self._family(series) for series in SERIES)

    def _family(self, series: Series) -> Metric:
        labels = [*series.labels, WORKER] if self._workers else list(series.labels)
        rows = self._rows(series)
        if series.kind == "histogram":
            histogram = HistogramMetricFamily(series.name, series.help, labels=labels)
            for row, buckets in rows:
                histogram.add_metric(row, _cumulative(series.bounds, buckets), buckets.sum)
            return histogram
        kind = CounterMetricFamily if series.kind == "counter" else GaugeMetricFamily
        family = kind(series.name, series.help, labels=labels)
        for row, value in rows:
            family.add_metric(row, value)
        return family

    def _rows(self, series: Series) -> Iterator[tuple[list[str], Any]]:
        for worker, reading in self._answered.items():
            for row, value in series.rows(reading, self._now):
                yield [*row, worker] if self._workers else list(row), value


def _gauge(name: str, words: str, label: str, rows: Mapping[str, bool]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=[label])
    for row, holds in rows.items():
        family.add_metric([row], float(holds))
    return family


def _cumulative(bounds: tuple[float, ...], buckets: Buckets) -> list[Any]:
    total, told = 0, list[Any]()
    for place, (bound, count) in enumerate(zip((*map(str, bounds), "+Inf"), buckets.counts, strict=True)):
        total += count
        example = buckets.exemplars.get(str(place))
        if example is None:
            told.append((bound, total))
        else:
            trace, seconds, wall = example
            told.append((bound, total, Exemplar({"trace_id": trace}, seconds, wall)))
    return told
