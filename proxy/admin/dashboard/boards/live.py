"""Live: the last requests of all workers, as they end."""

from __future__ import annotations

from typing import Any, NamedTuple

from proxy.admin import streams
from proxy.admin.dashboard.board import Board, Context
from proxy.admin.dashboard.boards.setup import CLIENT_KEY, doors
from proxy.admin.page import Asked
from proxy.admin.streams import Pieces
from proxy.admin.view import View
from proxy.errors import Fault
from proxy.figures.recent import MOST as KEPT
from proxy.process.lending.offering import address

EVERY = 0.5
"""Seconds between two looks: a page takes no part in a request."""
MOST = 20
"""Rows of one look, from each worker: nobody reads more. Of others only the number is told."""


async def context(asked: Asked, view: View) -> Context:
    view.look_on()
    try:
        base = address(doors(asked.request, view))
    except Fault:
        base = ""
    key = CLIENT_KEY if view.loaded.config.clients else ""
    return {"wanted": asked.query.get("q", ""), "base": base, "key": key}


class Live(Board):
    """Its events are rows: first all that are kept, as one."""

    async def events(self, asked: Asked, view: View) -> Pieces:  # noqa: ARG002 -- of all its events
        view.look_on()
        silent = 0.0
        with view.desk.streams.one_more() as ending:
            seen: dict[int, int] = {}
            yield streams.event("backlog", (await _news(view, seen, KEPT)).rows)
            while await streams.pause(ending, EVERY):
                news = await _news(view, seen, MOST)
                silent = 0.0 if news.rows else silent + EVERY
                if news.rows:
                    yield streams.event("rows", news._asdict())
                elif silent >= streams.SIGN_OF_LIFE:
                    yield streams.QUIET
                    silent = 0.0


class News(NamedTuple):
    """Oldest first. `missed`: how many more there were."""

    rows: list[dict[str, Any]]
    missed: int


async def _news(view: View, seen: dict[int, int], most: int) -> News:
    """What is new to who has `seen` numbers by worker."""
    rows: list[dict[str, Any]] = []
    missed = 0
    for worker, records in (await view.recent(seen, most)).items():
        before = seen.get(worker, 0)
        for number, record in records:
            rows.append(record | {"key": f"{worker}.{number}"})
            missed += max(0, number - before - 1)
            before = seen[worker] = number
    return News(sorted(rows, key=lambda row: row["wall"]), missed)


LIVE = Live("live", "Live", "live.html", context)
