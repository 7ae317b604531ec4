"""Live: the last requests of all workers, as they end."""

from __future__ import annotations

from typing import Any

from proxy.admin import streams
from proxy.admin.dashboard.board import Board, Context
from proxy.admin.dashboard.boards.setup import CLIENT_KEY, doors
from proxy.admin.page import Asked
from proxy.admin.streams import Pieces
from proxy.admin.view import View
from proxy.errors import Fault
from proxy.process.lending.offering import address

EVERY = 0.5
"""Seconds between two looks: a page takes no part in a request."""
MOST = 100
"""Rows of one look; of more only the number is told."""


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
            yield streams.event("backlog", await _rows(view, seen))
            while await streams.pause(ending, EVERY):
                rows = await _rows(view, seen)
                silent = 0.0 if rows else silent + EVERY
                if rows:
                    yield streams.event("rows", {"rows": rows[-MOST:], "missed": max(0, len(rows) - MOST)})
                elif silent >= streams.SIGN_OF_LIFE:
                    yield streams.QUIET
                    silent = 0.0


async def _rows(view: View, seen: dict[int, int]) -> list[dict[str, Any]]:
    """Those that are new to who has `seen` numbers by worker, oldest first."""
    rows: list[dict[str, Any]] = []
    for worker, records in (await view.recent(seen)).items():
        for number, record in records:
            seen[worker] = max(number, seen.get(worker, 0))
            rows.append(record | {"key": f"{worker}.{number}"})
    return sorted(rows, key=lambda row: row["wall"])


LIVE = Live("live", "Live", "live.html", context)
