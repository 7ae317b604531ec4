"""Reload: what became of edits of the config and its secrets, and a button that does what SIGHUP does."""

from __future__ import annotations

from collections.abc import Sequence

from proxy.admin.dashboard.board import Board, Context
from proxy.admin.page import Answer, Asked, Who
from proxy.admin.view import View
from proxy.errors import Fault
from proxy.process.reloading.tidings import Reading, Reloads

_WORDS = {
    "routes_added": "routes added",
    "routes_removed": "routes removed",
    "routes_changed": "routes changed",
    "providers_added": "providers added",
    "providers_removed": "providers removed",
    "providers_changed": "providers changed",
    "settings": "settings changed",
}
MOST_NAMES = 12


async def context(_asked: Asked, view: View) -> Context:
    readings = await _readings(view)
    last = readings[-1] if readings else None
    return {
        "reads": view.desk.reloads is not None,
        "readings": [(reading, _taken(reading)) for reading in reversed(readings)],
        "held_back": view.loaded.held_back,
        "broken": last.problems if last is not None else (),
        "restart": next(
            (reading.restart for reading in reversed(readings) if not reading.problems and not reading.held_back), ()
        ),
        "kept": view.loaded.kept,
        "warnings": [str(problem) for problem in view.loaded.warnings],
        "files": [str(path) for path in view.loaded.files[:MOST_NAMES]],
    }


async def _readings(view: View) -> Sequence[Reading]:
    """Without the supervisor's word there is nothing to tell."""
    if view.desk.reloads is None:
        return ()
    try:
        return await view.desk.reloads.readings()
    except (OSError, ValueError):
        return ()


def _taken(reading: Reading) -> list[str]:
    return [f"{_WORDS.get(what, what)}: {_names(names)}" for what, names in reading.taken.items() if names]


def _names(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more:,} more" if more > 0 else "")


RELOAD = Board("reload", "Reload", "reload.html", context)


class Again:
    """The button."""

    PATH = "reload"
    METHODS = frozenset(("POST",))
    WHO = Who.OPERATOR

    async def answer(self, asked: Asked, view: View) -> Answer:
        reloads: Reloads | None = view.desk.reloads
        if reloads is None:
            raise Fault("route_refused", "this process reads its config once")
        if view.audit is not None:
            view.audit.demand()
            view.audit.admin(asked.request.peer or "unix", "*", "reload", "asked")
        try:
            await reloads.again()
        except (OSError, ValueError):
            raise Fault("overloaded", "the supervisor does not answer", retry_after=1.0) from None
        return Answer.json({"asked": True})
