"""What pages see of the running proxy, and the two switches that they may use.

Owns: how a cell's state becomes a report. Must not know: requests, who asks, what an answer looks like.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from proxy.admin import lookout
from proxy.admin.desk import Desk
from proxy.admin.fleet import Tell
from proxy.admin.lookout import Hours, Rows
from proxy.admin.report import AuditReport, ProcessReport, ProviderReport, RouteReport, SessionReport, Status
from proxy.auth.life.lifecycle import State
from proxy.auth.schemes.scheme import Scheme
from proxy.auth.token import Token
from proxy.config.loaded import Loaded
from proxy.errors import Fault
from proxy.figures.reading import MintReading, Reading, Readings, RouteReading, TokenReading
from proxy.logs.setup import dropped
from proxy.plan.route import Plan
from proxy.process.build import running
from proxy.serve.observers import Observers
from proxy.tokens.cell import Cell
from proxy.version import __version__

UNCONFIGURED = "unconfigured"
STATUS, FIGURES, RECENT, HOURS = "status", "figures", "recent", "hours"
"""What workers ask each other."""
FIGURES_BUDGET = 2.0
"""Seconds. Those of many routes take longer to write than a status, and who scrapes has ten."""


class View:
    """One per plan, which is what `loaded` compiles to."""

    __slots__ = ("audit", "cells", "clock", "desk", "figures", "loaded", "plan", "sessions", "visitors")

    def __init__(self, plan: Plan, cells: Mapping[str, Cell], observers: Observers, desk: Desk, loaded: Loaded) -> None:
        self.plan = plan
        self.cells = cells
        self.desk = desk
        self.loaded = loaded
        self.clock = observers.clock
        self.audit = observers.audit
        self.visitors = observers.visitors
        self.sessions = observers.sessions
        self.figures = observers.figures

    def cell(self, name: str) -> Cell:
        """Raises Fault."""
        if name not in self.plan.providers:
            raise Fault("no_route", f"there is no provider {name}")
        if name not in self.cells:
            raise self.plan.providers[name].asleep()
        return self.cells[name]

    def state(self, name: str) -> str:
        cell = self.cells.get(name)
        return UNCONFIGURED if cell is None else str(cell.life.state(self.clock()))

    def provider(self, name: str) -> ProviderReport:
        cell, now = self.cells.get(name), self.clock()
        if cell is None:
            return ProviderReport(UNCONFIGURED, last_error=self.plan.providers[name].unset)
        life = cell.life
        token, waits = life.token, life.next_attempt_in(now)
        failure = life.failure if cell.successor is None else cell.successor.life.failure
        return ProviderReport(
            str(life.state(now)),
            life.generation,
            None if token is None or token.expires.wall == float("inf") else round(token.expires.wall, 3),
            None if waits is None or life.failure is None else round(now.wall + waits, 3),
            life.mints,
            cell.replays,
            _dead(cell, life.state(now)) if failure is None else failure.message,
            _skew(self.plan.providers[name].scheme),
            None if token is None else token.upstream,
            *_times(token, exclusive=life.exclusive),
            None if failure is None else failure.hint,
        )

    def process(self) -> ProcessReport:
        """What this process alone knows."""
        return ProcessReport(os.getpid(), {name: self.provider(name) for name in self.plan.providers})

    async def status(self) -> Status:
        """Of all workers, if there are several."""
        own = self.process()
        status = Status(
            __version__,
            own.providers,
            self._routes(),
            self._audit(),
            held_back=self.loaded.held_back or None,
            sessions=self._sessions() or None,
            build=running(),
        )
        fleet = self.desk.fleet
        return status if fleet is None else status.merge(await fleet.everyone(STATUS, own, ProcessReport.read))

    # -------------------------------------------------------------- figures

    def look_on(self) -> None:
        """Somebody looks: from now on the last requests are kept, if they were not before."""
        self.figures.look_on()

    async def recent(self, seen: Mapping[int, int], most: int) -> dict[int, Rows]:
        """The last requests of each worker, `most` of those after the number that was `seen` of it."""
        fleet = self.desk.fleet
        if fleet is None:
            return {0: lookout.recent(self.figures, seen.get(0, 0), most)}
        own = lookout.recent(self.figures, seen.get(fleet.number, 0), most)
        about = json.dumps([{str(worker): number for worker, number in seen.items()}, most])
        told = await fleet.everyone(f"{RECENT} {about}", own, lookout.read_rows, FIGURES_BUDGET)
        return {worker: rows for worker, rows in told.items() if rows}

    async def hours(self, prefixes: Sequence[str]) -> Hours:
        """The last hour of these routes."""
        own = lookout.hours(self.figures, prefixes, self.clock().wall)
        if self.desk.fleet is None:
            return lookout.joined([own], prefixes)
        question = f"{HOURS} {json.dumps(list(prefixes))}"
        told = await self.desk.fleet.everyone(question, own, lookout.read_hours, FIGURES_BUDGET)
        return lookout.joined([hours for hours in told.values() if hours is not None], prefixes)

    def reading(self) -> Reading:
        """The figures of this process alone."""
        figures = self.figures
        routes = {prefix: RouteReading.of(counts) for prefix, counts in figures.counts.routes.items()}
        tokens = {name: self._token(name) for name in self.plan.providers}
        first = {id(cell): (cell.names[0], cell) for cell in self.cells.values() if cell.names}
        mints = {name: MintReading.of(cell.counts) for name, cell in first.values()}
        failures, lost = figures.store_failures(), figures.lost_traces()
        return Reading(routes, tokens, mints, failures, dropped(), dict(figures.reloads), lost)

    def _token(self, name: str) -> TokenReading:
        report = self.provider(name)
        return TokenReading(report.state, report.expires_at)

    async def readings(self) -> Readings:
        """The figures of all workers."""
        own = self.reading()
        if self.desk.fleet is None:
            return {"": own}
        told = await self.desk.fleet.everyone(FIGURES, own, Reading.read, FIGURES_BUDGET)
        return {str(number): reading for number, reading in told.items()}

    # -------------------------------------------------------------- parts of the status

    def _routes(self) -> dict[str, RouteReport]:
        return {
            prefix: RouteReport(route.shown, route.provider.name if route.provider else None)
            for prefix, route in self.plan.routes.items()
        }

    def _sessions(self) -> tuple[SessionReport, ...]:
        now = self.clock().wall
        return tuple(
            SessionReport(each.name, each.routes, each.since, each.until) for each in self.sessions if each.holds(now)
        )

    def _audit(self) -> AuditReport | None:
        audit = self.audit
        return None if audit is None else AuditReport(audit.where, audit.written, audit.waiting, audit.lost)


def tells(view: Callable[[], View]) -> dict[str, Tell]:
    """What a worker answers its siblings; `view` gives the one of the config that is served now. Who looks at one looks
    at all.
    """

    def recent(about: str) -> dict[str, Any]:
        view().look_on()
        fleet = view().desk.fleet
        seen, most = json.loads(about)
        number = 0 if fleet is None else seen.get(str(fleet.number), 0)
        return {"rows": lookout.recent(view().figures, number, most)}

    def hours(prefixes: str) -> dict[str, Any]:
        view().look_on()
        return lookout.written(lookout.hours(view().figures, json.loads(prefixes), view().clock().wall))

    return {
        STATUS: lambda _: asdict(view().process()),
        FIGURES: lambda _: view().reading().document(),
        RECENT: recent,
        HOURS: hours,
    }


def _times(token: Token | None, *, exclusive: bool) -> tuple[float | None, float | None]:
    """When it was got, and when it will be renewed unasked."""
    if token is None or token.expires.wall == math.inf:
        return None, None
    return round(token.minted.wall, 3), None if exclusive else round(token.expires.wall - token.soft, 3)


def _skew(scheme: Scheme | None) -> float | None:
    skews = None if scheme is None else scheme.skews
    if not skews:
        return None
    most: float = max(skews.values(), key=abs)
    return round(most, 1)


def _dead(cell: Cell, state: State) -> str | None:
    """Of a credential that nothing renews: that the API refuses it."""
    refusals = cell.sharing.proof.streak if state is State.STATIC else 0
    if not refusals:
        return None
    return f"the API says that this credential is dead ({refusals} times since it last took it); put another one there"
