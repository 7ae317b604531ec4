"""The composition root: a loaded config becomes a service that listens.

Owns: which part is given to which. Nothing is decided here.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Collection, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, Self

from aiohttp import web

from proxy.admin.endpoints import Admin
from proxy.admin.fleet import Fleet
from proxy.config.listen import Listener, parse
from proxy.config.load import Loaded
from proxy.plan.guard import Guard
from proxy.plan.route import Plan
from proxy.plan.router import Router
from proxy.serve import clock
from proxy.serve.changes import AT_START
from proxy.serve.exchange import Lane
from proxy.serve.forward import Forwarder
from proxy.serve.http1.dial import Dialer
from proxy.serve.issuer import Issuer
from proxy.serve.keeper import Cell, Keeper
from proxy.serve.logs import AccessLog
from proxy.serve.mint import Means
from proxy.serve.post import Post
from proxy.serve.server import Listening, Server
from proxy.serve.store.open import open_records
from proxy.serve.succession import Succession
from proxy.serve.upstream import Upstream

Answering = Coroutine[Any, Any, web.StreamResponse]


class Front(NamedTuple):
    """What requests meet. One guard per listener, and the last for connections made in this process."""

    admin: Admin
    forwarder: Forwarder
    guards: tuple[Guard, ...]


class Service:
    """Everything that runs for one config. `async with` it; `listen()` opens the doors."""

    def __init__(self, loaded: Loaded, post: Post | None = None) -> None:
        """`post` is the place of one of several workers."""
        config = loaded.config
        self._config = config
        self._post = post
        self._fleet = None if post is None else Fleet(post.number, post.count, post.private)
        proxies = urllib.request.getproxies()
        self.issuer = Issuer(proxies, _bypass, folder=loaded.folder)
        self._upstream = Upstream(Dialer(proxies, _bypass))
        self._access = AccessLog(config.log.format == "json") if config.log.access else None
        self._listening = Listening()
        self.records = open_records(config.store, config.store_key, loaded.folder)
        self.keeper = Keeper(Means(self.issuer, self.records, clock.now, clock.draw))
        self._lanes: dict[str, Lane] = {}
        self._succession = Succession(loaded, self.keeper, clock.now, clock.draw, self._open)
        self._succession.want(loaded)

    def replace(self, loaded: Loaded) -> None:
        """Serve this config from now on, but for what only a start can change (serve/succession.py)."""
        kept = {name: getattr(self._config, name) for name in AT_START}
        known = set(self.keeper)
        self._succession.want(replace(loaded, config=loaded.config.model_copy(update=kept)))
        self._warm(set(self.keeper) - known)

    def _open(self) -> None:
        """The newest plan and cells, put in service by one assignment; requests under way end with what they have."""
        plan, cells, config = self._succession.plan, self._succession.cells, self._succession.serving.config
        before, self._lanes = self._lanes, {}
        for prefix, route in plan.routes.items():
            lane = Lane(route, None if route.provider is None else cells.get(route.provider.name))
            if prefix in before and before[prefix].cell is lane.cell:
                lane.brake = before[prefix].brake
            self._lanes[prefix] = lane
        forwarder = Forwarder(Router(self._lanes), plan.clients, self._upstream, clock.now, self._access, plan.max_body)
        admin = Admin(plan, cells, clock.now, config.admin.path, config.admin.key, self._fleet)
        guards = [Guard.compile(config.browser, config.clients, parse(each)) for each in self._config.listen]
        self._front = Front(admin, forwarder, (*guards, Guard(hosts=None, origins=None)))

    def _known(self) -> dict[str, Any]:
        return self.admin.known()

    @property
    def plan(self) -> Plan:
        return self._succession.plan

    @property
    def cells(self) -> dict[str, Cell]:
        return self._succession.cells

    @property
    def forwarder(self) -> Forwarder:
        return self._front.forwarder

    @property
    def admin(self) -> Admin:
        return self._front.admin

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._listening.stop()
        if self._fleet is not None:
            await self._fleet.close()
        await self._succession.close()
        await self.keeper.close()
        await self.records.close()
        await self._upstream.close()
        await self.issuer.__aexit__(*exc)
        if self._access is not None:
            self._access.flush()

    async def listen(self) -> list[Listener]:
        """Listen first, then mint in the background (LIFECYCLE, start). Raises OSError."""
        for door, written in enumerate(self._config.listen):
            listener = parse(written)
            await self._listening.start(listener, self._server(door), **self._shares(listener))
        if self._fleet is not None:
            await self._fleet.open(self._known)
        self.keeper.watch()
        self._warm(set(self.keeper))
        return self._listening.addresses

    def _warm(self, cells: Collection[Cell]) -> None:
        """Those of them that routes draw from."""
        for cell in {lane.cell for lane in self._lanes.values()} & set(cells):
            if cell is not None:
                cell.warm()

    def _shares(self, listener: Listener) -> dict[str, Any]:
        """How `listener` is shared with other workers."""
        if self._post is None:
            return {}
        return {"shared": True, "inherited": self._post.inherited.get(listener.path)}

    def inside(self) -> Server:
        """A server for connections that were made in this process; nothing listens (library.py)."""
        self.keeper.watch()
        return self._server(-1)

    def _server(self, door: int) -> Server:
        limits = self._config.limits
        handler = partial(self._handle, door)
        return Server(handler, max_header=limits.max_header, max_connections=limits.max_connections)

    def _handle(self, door: int, request: web.BaseRequest) -> Answering:
        """Not a coroutine of its own: that would cost each request one more."""
        front = self._front
        if front.admin.takes(request.raw_path):
            return front.admin.handle(request, front.guards[door])
        return front.forwarder.handle(request, front.guards[door])


def _bypass(host: str) -> bool:
    return bool(urllib.request.proxy_bypass(host))
