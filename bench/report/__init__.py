"""A run as Markdown tables and SVG plots, put between the marks of docs/performance.md.

What stands outside the marks was written by hand and is left alone.
"""

from __future__ import annotations

from pathlib import Path

from bench.report.sections import SECTIONS
from bench.results import Results
from bench.svg import Bar, bars

BEGIN, END = "<!-- bench: begin, written by `make bench` -->", "<!-- bench: end -->"
NEVER_CAPPED = 4.0

PLOTS = {
    "cpu": ("CPU per request, 500-byte JSON GET", "µs", "get500", "cpu_us"),
    "tls": ("CPU per request, TLS upstream", "µs", "tls", "cpu_us"),
    "streams": ("Delay of an event at p99, 500 event streams", "ms", "sse500", "late_p99_ms"),
    "idle": ("Memory with idle connections", "MiB", "idle", "resident_mib"),
}


def record(page: Path) -> Path:
    return folder(page) / "results.json"


def folder(page: Path) -> Path:
    return page.with_suffix("")


def publish(results: Results, page: Path) -> None:
    """Write the plots, the record, and the tables between the marks of `page`."""
    folder(page).mkdir(parents=True, exist_ok=True)
    results.save(record(page))
    for name, text in plots(results).items():
        (folder(page) / f"{name}.svg").write_text(text, encoding="utf-8")
    before = page.read_text(encoding="utf-8") if page.exists() else f"# Performance\n\n{BEGIN}\n{END}\n"
    page.write_text(between_marks(before, markdown(results)), encoding="utf-8")


def between_marks(page: str, text: str) -> str:
    """Raises ValueError if the page has lost its marks."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"docs/performance.md needs the lines {BEGIN!r} and {END!r} for the tables to go between")
    return f"{head}{BEGIN}\n\n{text.strip()}\n\n{END}{tail}"


def markdown(results: Results) -> str:
    parts = [section(results) for section in SECTIONS]
    return "\n\n".join(part for part in parts if part) + "\n"


def plots(results: Results) -> dict[str, str]:
    drawn = {}
    for name, (title, unit, scenario, metric) in PLOTS.items():
        rows = _bars(results, scenario, metric)
        if rows:
            ours = [row.value for row in rows if row.ours] or [rows[0].value]
            drawn[name] = bars(title, unit, rows, cap=NEVER_CAPPED * max(*ours, _envoy(results, scenario, metric)))
    return drawn


def _bars(results: Results, scenario: str, metric: str) -> list[Bar]:
    rows = []
    for label in results.contenders(scenario):
        figure = results.figure(scenario, label, metric)
        if figure is not None:
            rows.append(Bar(label, figure.middle, figure.low, figure.high, ours=label.startswith("keyless")))
    return sorted(rows, key=lambda row: row.value)


def _envoy(results: Results, scenario: str, metric: str) -> float:
    figure = results.figure(scenario, "envoy", metric)
    return figure.middle if figure is not None else 0.0
