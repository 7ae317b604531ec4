"""The parts of the report that show what grows, and what must not. Pure."""

from __future__ import annotations

from bench.report.tables import middle, spread, table, titled
from bench.results import Results
from bench.scenarios import SCENARIOS

CROWDS = ("busy1000", "busy2000")
SIZES = ("routes", "providers")
RELOADS = ("reload-routes", "reload-clients")


def _crowds(results: Results) -> str:
    head = ["requests/s", "CPU µs / request", "the same with 32", "p50 µs", "p99 µs", "peak MiB", "failed"]
    metrics = ("rps", "cpu_us", "few_cpu_us", "p50_us", "p99_us")
    parts = []
    for name in CROWDS:
        rows = []
        for label in results.contenders(name):
            row = [titled(results, label), *(spread(results.figure(name, label, metric)) for metric in metrics)]
            rows.append([*row, *(middle(results.figure(name, label, metric)) for metric in ("peak_mib", "failed"))])
        if rows:
            parts.append(table([f"GET, {SCENARIOS[name].title}", *head], rows))
    return "### Many busy connections\n\n" + "\n\n".join(parts) if parts else ""


def _config(results: Results) -> str:
    parts = []
    for name in SIZES:
        rows = []
        for label in results.contenders(name):
            figures = (results.figure(name, label, metric) for metric in ("cpu_us", "p99_us", "peak_mib"))
            rows.append([titled(results, label), *map(spread, figures)])
        if rows:
            parts.append(table([SCENARIOS[name].title, "CPU µs / request", "p99 µs", "peak MiB"], rows))
    metrics = ("reload_s", "cpu_s", "pause_ms", "calm_ms", "failed")
    rows = []
    for name in RELOADS:
        for label in results.contenders(name):
            figures = (results.figure(name, label, metric) for metric in metrics)
            rows.append([SCENARIOS[name].title, *map(middle, figures)])
    head = ["until it counts, s", "CPU s", "longest wait, ms", "the same after, ms", "failed"]
    if rows:
        parts.append(table(["a client asks every 5 ms", *head], rows))
    return "### Large configs\n\n" + "\n\n".join(parts) if parts else ""


def _memory(results: Results) -> str:
    parts = []
    for name, head, metrics in (
        ("unread", ["resident MiB", "KiB each"], ("resident_mib", "kib_each")),
        (
            "after-busy",
            ["before, MiB", "peak MiB", "after, MiB", "connections", "failed"],
            ("before_mib", "peak_mib", "after_mib", "connections", "failed"),
        ),
    ):
        rows = []
        for label in results.contenders(name):
            figures = (results.figure(name, label, metric) for metric in metrics)
            rows.append([titled(results, label), *map(middle, figures)])
        if rows:
            parts.append(table([SCENARIOS[name].title, *head], rows))
    return "### Memory that comes back\n\n" + "\n\n".join(parts) if parts else ""


SECTIONS = (_crowds, _config, _memory)
