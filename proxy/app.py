"""The composition root: a loaded config becomes a service that listens.

Owns: which part is given to which, and the order of their end. Nothing is decided here.
"""

from __future__ import annotations

import asyncio
import os
import urllib.request
from collections.abc import Collection, Iterator, Mapping
from contextlib import AsyncExitStack
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from proxy import clock
from proxy.admin.access.passes import Passes
from proxy.admin.desk import Desk
from proxy.admin.endpoints import Admin
from proxy.admin.fleet import Fleet
from proxy.admin.lookout import minutes
from proxy.admin.pages import FOR_ALL
from proxy.admin.streams import Streams
from proxy.admin.view import View, tells
from proxy.audit.events import Audit, open_audit
from proxy.audit.journal import secrets_changed
from proxy.config.loaded import Loaded
from proxy.figures.figures import Figures
from proxy.logs.access import AccessLog
from proxy.logs.setup import piece
from proxy.plan.admission.placeholders import Placeholders
from proxy.plan.route import Plan
from proxy.process.common_secret import common_secrets, run_secret
from proxy.process.inherited import Sockets
from proxy.process.reloading.changes import AT_START, Changes
from proxy.process.worker_post import WorkerPost
from proxy.serve.cache.caching import Caching
from proxy.serve.entrance import Entrance
from proxy.serve.front import Front, Lasting
from proxy.serve.jwks import PATIENCE
from proxy.serve.observers import live_secrets
from proxy.serve.sessions import Sessions
from proxy.serve.upstream import Upstream
from proxy.tasks import Tasks, freed, spawn
from proxy.tokens.calls.issuer import Issuer
from proxy.tokens.cell import Cell
from proxy.tokens.handover import packed, unpacked
from proxy.tokens.keeper import Keeper
from proxy.tokens.mint import Means
from proxy.tokens.store.open import keeps_nothing, open_records
from proxy.tokens.store.state import open_logins
from proxy.tokens.succession import Succession
from proxy.traces.open import open_traces
from proxy.values.listen import PAGES, Door, Listener
from proxy.wire.inbound.server import Handler, Listening, Server
from proxy.wire.inbound.tls import Certificates
from proxy.wire.outbound.dial import Dialer, Resolve, resolve
from proxy.wire.outbound.trust import Trust


class Serving(NamedTuple):
    """What requests meet now: put in service by one assignment; those under way end with what they have. `entrances`
    are by the number of the door, and stay.
    """

    front: Front
    admin: Admin  # below the listeners of routes
    pages: Admin  # at an address of its own
    view: View
    entrances: dict[int | None, Entrance]


class Counts(NamedTuple):
    """How much is under way: clients' connections, their requests, exchanges with APIs, and fronts of old configs that
    some requests still hold on to.
    """

    connections: int
    requests: int
    exchanges: int
    retiring: int


class Service:
    """Everything that runs for one config. `async with` it; `listen()` opens the doors."""

    keeper: Keeper
    _lasting: Lasting
    _succession: Succession
    _serving: Serving

    def __init__(
        self,
        loaded: Loaded,
        post: WorkerPost | None = None,
        resolve: Resolve = resolve,
        inherited: Sockets = MappingProxyType({}),
    ) -> None:
        """`post` is the place of one of several workers; `resolve` asks DNS; `inherited` are sockets that listen."""
        self._loaded = loaded
        self._post = post
        self._resolve = resolve
        self._inherited = inherited
        fleet = None if post is None else Fleet(post.number, post.count, post.private)
        passes = Passes(run_secret(None if post is None else post.private))
        self.desk = Desk(passes, Streams(), lambda: self.doors, fleet)
        self._stack = AsyncExitStack()
        self._retiring = Tasks()
        self.listening = Listening()

    def __repr__(self) -> str:
        return f"<Service at {', '.join(listener.url for listener in self.listening.addresses) or 'no address'}>"

    async def __aenter__(self) -> Self:
        """What is made first ends last. Raises ConfigError, StoreDown."""
        async with AsyncExitStack() as stack:
            self._lasting = await self._made(stack)
            records = open_records(self._loaded.config.store, self._loaded.config.store_key, self._loaded.folder)
            stack.push_async_callback(records.close)
            means = Means(self._lasting.issuer, records, clock.now, clock.draw, audit=self.audit)
            aside = keeps_nothing(self._loaded.config.store)
            self.keeper = Keeper(means, open_logins=partial(open_logins, os.environ) if aside else None)
            stack.push_async_callback(self.keeper.close)
            self.figures.store_failures = lambda: self.keeper.store_failures
            self._succession = Succession(self._loaded, self.keeper, clock.now, clock.draw, self._settled)
            self._serving = self._serve(None)
            stack.push_async_callback(self._leave)
            stack.push_async_callback(self.listening.stop)
            stack.callback(self.desk.streams.end)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def _made(self, stack: AsyncExitStack) -> Lasting:
        loaded, config = self._loaded, self._loaded.config
        audit = open_audit(config.audit, loaded.folder, clock.now)
        if audit is not None:
            audit.secrets = self._secrets
            stack.callback(audit.close)
        figures = Figures()
        if config.log.access:
            access = AccessLog(config.log.format == "json", size=piece())
            figures.watchers.append(access.ended)
            stack.callback(access.flush)
        traces = None if config.trace is None else open_traces(config.trace)
        if traces is not None:
            figures.lost_traces = lambda: traces.export.lost
            stack.push_async_callback(traces.export.close)
        proxies = urllib.request.getproxies()
        issuer = Issuer(proxies, _bypass, folder=loaded.folder, resolve=self._resolve)
        await stack.enter_async_context(issuer)
        trust = Trust(loaded.certificates)
        upstream = Upstream(Dialer(proxies, _bypass, trust, self._resolve), config.limits.upstream_connections)
        stack.push_async_callback(upstream.close)
        sessions = Sessions(() if self._post is None else self._post.sessions)
        private = None if self._post is None else self._post.private
        placeholders = Placeholders(common_secrets(config.store_key, private))
        caching = Caching(self._loaded, 1 if self._post is None else self._post.count)
        stack.push_async_callback(caching.close)
        doors = config.doors
        times = clock.now, clock.ticks, clock.draw
        tracing = None if traces is None else traces.tracing
        return Lasting(upstream, trust, issuer, figures, tracing, audit, *times, doors, sessions, placeholders, caching)

    async def _leave(self) -> None:
        """Nothing listens any more."""
        if self.desk.fleet is not None:
            await self.desk.fleet.close()
        await self._succession.close()
        await self._retiring.close()
        await self._serving.front.close()

    # -------------------------------------------------------------- what serves

    async def replace(self, loaded: Loaded, secrets: Changes) -> None:
        """Serve this config from now on, but for what only a start can change (process/reloading/changes.py).

        `secrets`: whose are others, to be written down. Raises ConfigError, and then nothing has changed.
        """
        self._lasting.trust.learn(loaded.certificates)
        kept = {name: getattr(self._loaded.config, name) for name in AT_START}
        before = set(self.keeper)
        await self._succession.want(loaded.with_config(**kept).at(self._lasting.doors))
        self.figures.reloaded("held_back" if loaded.held_back else "taken_over")
        self._warm(set(self.keeper) - before)
        secrets_changed(self.audit, secrets)

    def _settled(self) -> None:
        """The newest plan and cells. The last front's visitors go when those who wait for issuers' keys have them."""
        retired = [before := self._serving.front]
        self._serving = self._serve(before)
        for door, entrance in self._serving.entrances.items():
            self._lead(entrance, door, None if door is None else self._lasting.doors[door].route)
        self.desk.streams.end()  # they are asked for anew, and then by what serves now
        if before.visitors is not self._serving.front.visitors:
            self._retiring.spawn(before.visitors.close(PATIENCE), "close visitors of before")
        self._retiring.spawn(freed(retired), "free what served before")

    def _serve(self, previous: Front | None) -> Serving:
        plan, cells, config = self._succession.plan, self._succession.cells, self._succession.serving.config
        front = Front.of(plan, cells, config, self._lasting, previous)
        view = View(plan, cells, front.observers, self.desk, self._succession.serving)
        pages = Admin(config.admin, view)
        admin = pages if config.admin.listen is None else Admin(config.admin, view, FOR_ALL)
        return Serving(front, admin, pages, view, {} if previous is None else self._serving.entrances)

    def _secrets(self) -> Iterator[str]:
        return live_secrets(self._succession.serving.config, self.plan, self.keeper)

    # -------------------------------------------------------------- listening

    def started(self) -> None:
        """Write down that this config begins to be served; its end is written by itself."""
        if self.audit is not None:
            number = None if self._post is None else self._post.number
            listen = [door.listener.address for door in self._lasting.doors]
            self.audit.started(self._loaded.digest, listen, number)

    async def listen(self) -> list[Listener]:
        """Listen first, then mint in the background (docs/lifecycle.md#start). Raises OSError."""
        if self._lasting.caching.offline:  # else a login is known with its token
            await asyncio.gather(*(cell.recall() for cell in self.keeper))
        tls = self._loaded.config.tls
        certificates = None if tls is None else Certificates(tls, self._loaded.folder)
        self._serving.front.visitors.tls = certificates
        for number, (listener, route) in enumerate(self._lasting.doors):
            context = certificates.context if certificates is not None and listener.tls else None
            server = self._server(self._entrance(number, route).handle)
            shared = self._post is not None
            sockets = self._inherited.get(listener.address, ())
            await self.listening.start(listener, server, tls=context, shared=shared, inherited=sockets)
        if any(cell.life.token is None for cell in self.keeper):
            # Not sooner, as that is a tenth of a second; not later, while clients have left some descriptors.
            await self._lasting.issuer.ready()
        if self.desk.fleet is not None:
            await self.desk.fleet.open(tells(lambda: self._serving.view))
        if self._loaded.config.log.access:  # a record of each is made in any case
            self.figures.look_on()
        self._stack.callback(spawn(minutes(self.figures, clock.now), "count minutes").cancel)
        self.keeper.watch()
        self._warm(set(self.keeper))
        return self.listening.addresses

    def _warm(self, cells: Collection[Cell]) -> None:
        """Those of them that routes draw from; offline, none does."""
        if self._lasting.caching.offline:
            return
        drawn = dict.fromkeys(lane.cell for lane in self._serving.front.lanes.values())
        self.keeper.warm(cell for cell in drawn if cell is not None and cell in cells)

    # -------------------------------------------------------------- taking over

    async def leave_to(self) -> tuple[dict[str, Any], list[int]]:
        """What the process that takes over needs of this one, and the descriptors that go with it.

        From now on no credential is spent here of which there can be only one, unless `resume` is called.
        """
        await self.keeper.abstain()
        descriptors, self.listening.taken_over = self.listening.descriptors(), True
        addresses = [door.listener.address for door in self._lasting.doors]
        counted = zip(addresses, map(len, descriptors), strict=True)
        quotas = self._serving.front.quotas
        left = {
            "listen": list(counted),
            "tokens": await packed(self.keeper.records),
            "rates": {} if quotas is None else quotas.counts(),
        }
        return left, [number for numbers in descriptors for number in numbers]

    def resume(self) -> None:
        """Nobody has taken over after all."""
        self.listening.taken_over = False
        self.keeper.resume()

    async def take_over(self, left: Mapping[str, Any]) -> None:
        """Go on with what another process has left; before `listen`. Raises ValueError, Unsealable."""
        await unpacked(self.keeper.records, left["tokens"])
        if self._serving.front.quotas is not None:
            self._serving.front.quotas.go_on(left["rates"])

    def inside(self) -> Server:
        """A server for connections that were made in this process; nothing listens (library/)."""
        self.keeper.watch()
        return self._server(self._entrance(None, None).handle)

    def _server(self, handler: Handler) -> Server:
        return Server(handler, self._loaded.config.limits, None if self.audit is None else self.audit.unreadable)

    def _entrance(self, door: int | None, route: str | None) -> Entrance:
        """`door` None: for connections that were made in this process. `route`: whose own address it is, or PAGES."""
        entrance = self._serving.entrances[door] = Entrance()
        self._lead(entrance, door, route)
        return entrance

    def _lead(self, entrance: Entrance, door: int | None, route: str | None) -> None:
        front, admin, pages, _, _ = self._serving
        guard = front.inside if door is None else front.guards[door]
        if route is None:
            entrance.lead(guard, front.forwarder, admin)
        elif route == PAGES:
            entrance.lead(guard, None, pages)
        else:
            entrance.lead(guard, front.alone[route], None)

    # -------------------------------------------------------------- what others see

    @property
    def loaded(self) -> Loaded:
        """What is served now."""
        return self._succession.serving

    @property
    def doors(self) -> list[Door]:
        """Where it listens, as it became; once it does."""
        bound = zip(self._lasting.doors, self.listening.addresses, strict=True)
        return [door._replace(listener=listener) for door, listener in bound]

    @property
    def plan(self) -> Plan:
        return self._succession.plan

    @property
    def cells(self) -> dict[str, Cell]:
        return self._succession.cells

    @property
    def view(self) -> View:
        return self._serving.view

    @property
    def front(self) -> Front:
        return self._serving.front

    @property
    def audit(self) -> Audit | None:
        return self._lasting.audit

    @property
    def sessions(self) -> Sessions:
        return self._lasting.sessions

    @property
    def figures(self) -> Figures:
        return self._lasting.figures

    @property
    def issuer(self) -> Issuer:
        return self._lasting.issuer

    def counts(self) -> Counts:
        connections = [connection for server in self.listening.servers for connection in server.connections]
        requests = sum(not connection.idle for connection in connections)
        return Counts(len(connections), requests, self._lasting.upstream.pool.busy, len(self._retiring))


def _bypass(host: str) -> bool:
    return bool(urllib.request.proxy_bypass(host))
