"""The first page: how each provider's credential fares, and its two switches."""

from __future__ import annotations

from collections import defaultdict

from proxy.admin.dashboard.board import Board, Context
from proxy.admin.dashboard.boards.states import BAD, BUSY, GOOD, Words, advice, words
from proxy.admin.dashboard.paging import Paged
from proxy.admin.page import Asked
from proxy.admin.report import ProviderReport
from proxy.admin.view import View
from proxy.values.record import record

_LIVE = frozenset(("fresh", "stale", "due"))


@record
class Row:
    """`console`: where a person finds the secret that is missing. `routes` lead to it."""

    name: str
    report: ProviderReport
    words: Words
    advice: str | None
    console: str | None
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
    consoles = [] if preset is None else [each.console for each in preset.parameters.values() if each.console]
    console = consoles[0] if consoles and report.state in ("unconfigured", "latched") else None
    return Row(name, report, words(report), advice(name, report), console, routes, view.loaded.uses.get(name))


PROVIDERS = Board("", "Providers", "providers.html", context)
