"""Routes: where each leads, how much goes there, how it ends and how long it takes, over the last hour."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

from proxy.admin.dashboard.board import Board, Context
from proxy.admin.dashboard.boards.charts import Mix, line, mix
from proxy.admin.dashboard.paging import Paged
from proxy.admin.page import Asked
from proxy.admin.view import View
from proxy.figures.histogram import API, OWN, median
from proxy.figures.series import NOTHING, Minute
from proxy.plan.route import RoutePlan

NOW = 5
"""Minutes that count as now."""
SIZE = 25


class Latency(NamedTuple):
    """Medians in seconds: of the API, and of what the proxy adds. `path` is the API's over the hour."""

    upstream: float | None
    own: float | None
    path: str


class Row(NamedTuple):
    """`requests`, `refused` (4xx) and `failed` (5xx) of the last minutes."""

    prefix: str
    upstream: str
    provider: str | None
    tone: str | None
    requests: int
    refused: int
    failed: int
    hour: int
    mix: Mix
    latency: Latency


async def context(asked: Asked, view: View) -> Context:
    view.look_on()
    routes = Paged.of(tuple(view.plan.routes.values()), _text, asked.query, SIZE)
    hours = await view.hours([route.prefix for route in routes.rows])
    return {
        "rows": routes,
        "table": [_row(route, hours[route.prefix]) for route in routes.rows],
        "lost": mix([minute.classes for minute in (await view.hours([""]))[""]]),
    }


def _text(route: RoutePlan) -> str:
    return f"{route.prefix} {route.shown} {route.provider.name if route.provider else ''}"


def _row(route: RoutePlan, hour: Sequence[Minute]) -> Row:
    now = reduce(Minute.plus, hour[-NOW:], NOTHING)
    _, _, refused, failed, _ = now.classes
    name = route.provider.name if route.provider else None
    tone = "bad" if route.provider is not None and route.provider.scheme is None else None
    classes = [minute.classes for minute in hour]
    total = sum(map(sum, classes))
    return Row(
        route.prefix,
        route.shown,
        name,
        tone,
        sum(now.classes),
        refused,
        failed,
        total,
        mix(classes),
        _latency(hour, now),
    )


def _latency(hour: Sequence[Minute], now: Minute) -> Latency:
    upstream = [median(API, minute.upstream) for minute in hour]
    most = max((value for value in upstream if value is not None), default=0.0)
    return Latency(median(API, now.upstream), median(OWN, now.own), line(upstream, most))


ROUTES = Board("routes", "Routes", "routes.html", context, every=3.0)
