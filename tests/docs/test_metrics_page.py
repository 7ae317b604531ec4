"""docs/metrics.md lists every metric as it is; `python -m tests.docs.test_metrics_page` prints the table."""

from __future__ import annotations

from proxy.admin.exposition import WORKER
from proxy.admin.series import PROCESS, PROVIDERS, ROUTES, STATES, Series
from proxy.figures.mints import OUTCOMES, TRIGGERS
from proxy.serve.cache.lookup import OUTCOMES as CACHE
from tests.docs.test_docs import PAGES

SUFFIX = {"counter": "_total", "gauge": "", "histogram": ""}
TABLES = {"## Of routes": ROUTES, "## Of providers": PROVIDERS, "## Of the process": PROCESS}


def row(series: Series) -> str:
    labels = ", ".join(f"`{label}`" for label in series.labels)
    return f"| `{series.name}{SUFFIX[series.kind]}` | {series.kind} | {labels} | {series.help} |"


def rows(title: str) -> list[str]:
    section = PAGES["metrics.md"].partition(f"{title}\n")[2].partition("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| `keyless_")]


def test_every_metric_is_listed_as_it_is() -> None:
    for title, series in TABLES.items():
        listed = [line for line in rows(title) if "keyless_build_info" not in line and "keyless_worker_up" not in line]
        assert listed == [row(each) for each in series]


def test_the_values_of_labels_are_named() -> None:
    page = PAGES["metrics.md"]
    for value in (*TRIGGERS, *OUTCOMES, *STATES, *CACHE, WORKER):
        assert f"`{value}`" in page, value


if __name__ == "__main__":
    for title, several in TABLES.items():
        print(title, "", *map(row, several), sep="\n")
