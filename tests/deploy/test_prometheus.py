"""The dashboard and the alerts ask for what is there: each name, label and value, held against a real scrape."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import promql_parser as promql
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from proxy.admin.exposition import WORKER
from proxy.admin.series import STATES
from proxy.config.load import load
from proxy.errors import Code
from proxy.figures.mints import OUTCOMES, TRIGGERS
from proxy.serve.ending import FAILED
from tests.conftest import Stage

ROOT = Path(__file__).parents[2]
DASHBOARD = json.loads((ROOT / "deploy/grafana/keyless.json").read_text("utf-8"))
ALERTS = yaml.safe_load((ROOT / "deploy/prometheus/keyless.yml").read_text("utf-8"))
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
TARGETS = [(panel["title"], target) for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
EXPRESSIONS = [
    *(rule["expr"] for rule in RULES),
    *(target["expr"] for _, target in TARGETS),
    *(note["expr"] for note in DASHBOARD["annotations"]["list"]),
]
ADDED = {"instance", "job"}
"""Labels that Prometheus adds."""
OF_WORKERS = {"keyless_worker_up": {WORKER}}
"""Not told by a proxy with one; tests/cli/run/test_run_metrics.py sees it."""
VALUES = {
    "code": {"", *get_args(Code)},
    "state": set(STATES),
    "trigger": set(TRIGGERS),
    "outcome": {*OUTCOMES, "accepted", "refused", FAILED, "taken_over", "held_back"},
    "reason": {"refused", "taught"},
}


class Seen:
    """What expressions ask for."""

    def __init__(self) -> None:
        self.labels: dict[str, set[str]] = {}
        self.values: list[tuple[str, str]] = []

    def take(self, expression: str) -> None:
        text = expression.replace("$__rate_interval", "5m").replace("$route", ".*").replace("$provider", ".*")
        self._node(promql.parse(text), ())

    def _node(self, node: Any, by: tuple[str, ...]) -> None:
        if isinstance(node, promql.VectorSelector):
            self._selector(node, by)
        modifier = getattr(node, "modifier", None)
        if isinstance(node, promql.AggregateExpr) and modifier is not None:
            by = (*by, *modifier.labels)
        for part in parts(node):
            self._node(part, by)

    def _selector(self, node: Any, by: tuple[str, ...]) -> None:
        matchers = node.matchers.matchers
        self.labels.setdefault(node.name, set()).update(by, (matcher.name for matcher in matchers))
        self.values += [(matcher.name, value) for matcher in matchers for value in matcher.value.split("|")]


def parts(node: Any) -> Iterator[Any]:
    for name in ("lhs", "rhs", "expr", "args", "vector_selector", "param"):
        part = getattr(node, name, None)
        yield from part if isinstance(part, list) else [] if part is None else [part]


@pytest.fixture(scope="module")
def seen() -> Seen:
    made = Seen()
    for expression in EXPRESSIONS:
        made.take(expression)
    return made


async def scraped(stage: Stage) -> dict[str, set[str]]:
    """Labels by sample, after one of everything."""
    body = b"x" * 200_000
    refusing = await stage.api(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
    provider = {
        "scheme": "oauth2",
        "token_url": f"{stage.sandbox.url}/oauth2/token",
        "client_id": "sandbox-key",
        "client_secret": "sandbox-secret",
    }
    routes = {
        "/a": {"upstream": f"{stage.sandbox.url}/oauth2/api", "provider": "oauth2"},
        "/b": {"upstream": refusing.url, "provider": "p", "replay": {"max_body": "1KiB"}},
        "/c": {"upstream": f"{stage.sandbox.url}/oauth2/api", "provider": "oauth2", "cache": "60s"},
    }
    await stage.open(routes, providers={"p": provider})
    assert (await stage.call("/a/sse")).status == 200
    stage.sandbox.void()
    assert (await stage.call("/a/echo")).get("X-Keyless-Attempts") == "2"
    assert (await stage.call("/b/x", "POST", data=body)).get("X-Keyless-Replay") is not None
    assert (await stage.call("/nowhere")).status == 404
    assert (await stage.call("/c/echo")).status == 200
    await stage.service.replace(load(stage.folder / "config.yaml", environ={}), {})
    text = (await stage.ask("GET /-/metrics HTTP/1.1")).body.decode()
    told: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            told.setdefault(sample.name, set()).update(sample.labels)
    return told


async def test_every_name_and_label_is_told(stage: Stage, seen: Seen) -> None:
    told = await scraped(stage) | OF_WORKERS
    assert set(seen.labels) <= set(told)
    for name, labels in seen.labels.items():
        assert labels <= told[name] | ADDED, name


def test_every_value_that_is_asked_for_can_come(seen: Seen) -> None:
    for label, value in seen.values:
        assert value == ".*" or value in VALUES[label], (label, value)


async def test_every_metric_is_on_the_dashboard(stage: Stage, seen: Seen) -> None:
    told = await scraped(stage)
    unit = re.compile(r"_(?:bucket|count|sum|created)$")
    names = {unit.sub("", name) for name in told}
    assert names <= {unit.sub("", name) for name in seen.labels}


def test_alerts_say_what_to_do_and_name_labels_that_they_have() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(names) == len(set(names))
    for rule in RULES:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        words = rule["annotations"]
        assert set(words) == {"summary", "description"}
        kept = Seen()
        kept.take(rule["expr"])
        named = set(re.findall(r"\$labels\.(\w+)", " ".join(words.values())))
        assert named <= {label for labels in kept.labels.values() for label in labels} | ADDED | {WORKER}
        assert (words["summary"] + words["description"]).count("`") % 2 == 0


def test_panels_fit_and_have_numbers_of_their_own() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_legends_name_labels_that_their_series_have() -> None:
    for title, target in TARGETS:
        kept = Seen()
        kept.take(target["expr"])
        have = {label for labels in kept.labels.values() for label in labels} | ADDED | {WORKER}
        assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= have, title
