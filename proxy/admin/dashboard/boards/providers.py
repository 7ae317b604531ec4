"""The first page: how each provider's credential fares, and its two switches."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import NamedTuple, Self

from proxy.admin.dashboard.board import Board, Context
from proxy.admin.dashboard.boards.states import BAD, BUSY, GOOD, Words, advice, words
from proxy.admin.dashboard.paging import Paged
from proxy.admin.page import Asked
from proxy.admin.report import ProviderReport
from proxy.admin.view import View
from proxy.values.record import record

_LIVE = frozenset(("fresh", "stale", "due"))
_URL = re.compile(r"https?://[^\s,]+")


class Console(NamedTuple):
    """Where a person finds a secret: an address, the way from there, or both."""

    url: str | None
    way: str

    @classmethod
    def read(cls, written: str) -> Self:
        """`written` as presets do: `https://console.example.com, Settings (设置)`, or words alone."""
        found = _URL.match(written)
        return cls(None, written) if found is None else cls(found[0], written[found.end() :])


@record
class Row:
    """`console`: where the secret that is missing is found. `routes` lead to it."""

    name: str
    report: ProviderReport
    words: Words
    advice: str | None
    console: Console | None
    routes: tuple[str, ...]
    preset: str | None

    @property
    def lives(self) -> tuple[float, float] | None:
        """From when to when, in Unix seconds, if it has a token that dies."""
        minted, expires = self.report.minted_at, self.report.expires_at
        if minted is None or expires is None or self.report.state not in _LIVE:
            return None
        return minted, expires

    @property
    def renewable(self) -> bool:
        return self.report.state not in ("static", "unconfigured")


async def context(asked: Asked, view: View) -> Context:
    status = await view.status()
    routes = defaultdict(list)
    for prefix, route in status.routes.items():
        routes[route.provider].append(prefix)
    rows = [_row(name, report, tuple(routes[name]), view) for name, report in status.providers.items()]
    tones = [row.words.tone for row in rows]
    return {
        "rows": Paged.of(rows, lambda row: " ".join((row.name, row.words.label, *row.routes)), asked.query),
        "ready": tones.count(GOOD),
        "busy": tones.count(BUSY),
        "bad": [row.name for row in rows if row.words.tone == BAD],
        "now": view.clock().wall,
        "held_back": status.held_back or (),
    }


def _row(name: str, report: ProviderReport, routes: tuple[str, ...], view: View) -> Row:
    preset = view.loaded.presets.get(name)
    parameters = () if preset is None or report.state not in ("unconfigured", "latched") else preset.parameters.values()
    console = next((Console.read(each.console) for each in parameters if each.console), None)
    return Row(name, report, words(report), advice(name, report), console, routes, view.loaded.uses.get(name))


PROVIDERS = Board("", "Providers", "providers.html", context)
