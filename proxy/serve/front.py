"""What requests meet: the lanes of one plan, the guards of its listeners, and those who watch.

Owns: what a front takes over from the one before it when a config is replaced. Must not know: where plans come from,
what lies under `/-/`, who listens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Self

from proxy.audit.events import Audit
from proxy.config.model import Client, Config
from proxy.figures.figures import Figures
from proxy.plan.admission.guard import Guard
from proxy.plan.admission.placeholders import Placeholders
from proxy.plan.route import Plan
from proxy.plan.router import Router
from proxy.serve.cache.caching import Caching
from proxy.serve.cache.memory import Memory
from proxy.serve.forward import Forwarder
from proxy.serve.keys import Keys
from proxy.serve.lane import Lane
from proxy.serve.observers import Observers
from proxy.serve.quota.local import Quotas, open_quotas
from proxy.serve.sessions import Sessions
from proxy.serve.upstream import Upstream
from proxy.serve.visitors import Visitors
from proxy.tokens.calls.issuer import Issuer
from proxy.tokens.cell import Cell
from proxy.traces.trace import Tracing
from proxy.values.listen import PAGES, Door
from proxy.values.now import Now
from proxy.wire.outbound.trust import Trust


class Lasting(NamedTuple):
    """What outlives every front. `doors` are as written, in order."""

    upstream: Upstream
    trust: Trust
    issuer: Issuer
    figures: Figures
    tracing: Tracing | None
    audit: Audit | None
    clock: Callable[[], Now]
    ticks: Callable[[], float]
    draw: Callable[[], float]
    doors: Sequence[Door]
    sessions: Sessions
    placeholders: Placeholders
    caching: Caching


class Front(NamedTuple):
    """`guards`: one per door; `inside` is that of connections made in this process. `alone` serves what comes by the
    own address of a route: by its prefix.
    """

    lanes: dict[str, Lane]
    forwarder: Forwarder
    alone: dict[str, Forwarder]
    observers: Observers
    guards: tuple[Guard, ...]
    inside: Guard
    visitors: Visitors
    quotas: Quotas | None
    clients: list[Client]
    memory: Memory

    @classmethod
    def of(
        cls, plan: Plan, cells: Mapping[str, Cell], config: Config, lasting: Lasting, previous: Front | None = None
    ) -> Self:
        """Counters outlive a reload; issuers' keys and tokens that were checked, one that changes no client; replies
        that were kept, none. Raises StoreDown.
        """
        memory = lasting.caching.renewed(None if previous is None else previous.memory)
        lanes = _lanes(plan, cells, memory, lasting.caching)
        visitors = _visitors(plan, config, lasting, previous)
        quotas = (previous and previous.quotas) or open_quotas(plan, config.store)
        lasting.figures.counts.keep(plan.routes)
        figures, tracing, audit, sessions = lasting.figures, lasting.tracing, lasting.audit, lasting.sessions
        observers = Observers(lasting.clock, lasting.ticks, visitors, quotas, figures, tracing, audit, sessions)
        forwarder = Forwarder(_router(lanes), lasting.upstream, observers, plan.max_body)
        alone = {
            door.route: Forwarder(_alone(lanes, door.route), lasting.upstream, observers, plan.max_body)
            for door in lasting.doors
            if door.route not in (None, PAGES)
        }
        guards = tuple(Guard.compile(config.browser, config.clients, door.listener) for door in lasting.doors)
        inside = Guard(hosts=None, origins=None)
        return cls(lanes, forwarder, alone, observers, guards, inside, visitors, quotas, config.clients, memory)

    async def close(self) -> None:
        closing = [self.visitors.close()]
        if self.quotas is not None:
            closing.append(self.quotas.close())
        await asyncio.gather(*closing)


def _lanes(plan: Plan, cells: Mapping[str, Cell], memory: Memory, caching: Caching) -> dict[str, Lane]:
    lanes = {}
    for prefix, route in plan.routes.items():
        cell = None if route.provider is None else cells.get(route.provider.name)
        lanes[prefix] = Lane(route, cell, None, caching.of(route, "" if cell is None else cell.key, memory))
    return lanes


def _router(lanes: Mapping[str, Lane], above: str = "") -> Router[Lane]:
    private = [prefix for prefix, lane in lanes.items() if lane.plan.key_slots.path is not None]
    return Router(lanes, private, above)


def _alone(lanes: Mapping[str, Lane], prefix: str) -> Router[Lane]:
    """To one route, and to nothing where it is gone since the start."""
    lane = lanes[prefix].alone if prefix in lanes else None
    return _router({} if lane is None else {"/": lane}, prefix.rstrip("/"))


def _visitors(plan: Plan, config: Config, lasting: Lasting, previous: Front | None) -> Visitors:
    if previous is not None and previous.clients == config.clients:
        return previous.visitors
    keys = Keys(plan.clients, lasting.sessions, lasting.placeholders)
    visitors = Visitors(plan, keys, lasting.issuer, lasting.clock, lasting.draw)
    visitors.tls = None if previous is None else previous.visitors.tls
    return visitors
