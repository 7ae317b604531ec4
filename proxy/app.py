"""The composition root: a loaded config becomes a service that listens.

Owns: which part is given to which. Nothing is decided here.
"""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import Collection, Coroutine, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, Self

from proxy import clock
from proxy.admin.endpoints import Admin
from proxy.admin.fleet import Fleet
from proxy.audit.events import open_audit
from proxy.config.loaded import Loaded
from proxy.config.model import Client, Config
from proxy.logs import AccessLog
from proxy.plan.guard import Guard
from proxy.plan.route import Plan
from proxy.plan.router import Router
from proxy.process.changes import AT_START, changed_secrets
from proxy.process.worker_post import Post
from proxy.serve.exchange import Lane
from proxy.serve.forward import Forwarder
from proxy.serve.observers import Observers
from proxy.serve.quota.local import Quotas, open_quotas
from proxy.serve.upstream import Upstream
from proxy.serve.visitors import Visitors
from proxy.tokens.cell import Cell
from proxy.tokens.issuer import Issuer
from proxy.tokens.keeper import Keeper
from proxy.tokens.mint import Means
from proxy.tokens.store.open import open_records
from proxy.tokens.succession import Succession
from proxy.values.listen import Listener, parse
from proxy.wire.inbound.request import Request
from proxy.wire.inbound.server import Listening, Server
from proxy.wire.inbound.tls import Certificates
from proxy.wire.outbound.dial import Dialer, Resolve, resolve
from proxy.wire.outbound.trust import Trust

Answering = Coroutine[Any, Any, None]


class Front(NamedTuple):
    """What requests meet. One guard per listener, and the last for connections made in this process."""

    admin: Admin
    forwarder: Forwarder
    guards: tuple[Guard, ...]


class Service:
    """Everything that runs for one config. `async with` it; `listen()` opens the doors."""

    def __init__(self, loaded: Loaded, post: Post | None = None, resolve: Resolve = resolve) -> None:
        """`post` is the place of one of several workers; `resolve` asks DNS. Raises ConfigError."""
        config = loaded.config
        self._config = config
        self._post = post
        self._folder = loaded.folder
        self._fleet = None if post is None else Fleet(post.number, post.count, post.private)
        proxies = urllib.request.getproxies()
        self.issuer = Issuer(proxies, _bypass, folder=loaded.folder, resolve=resolve)
        self._trust = Trust(loaded.certificates)
        self._upstream = Upstream(Dialer(proxies, _bypass, self._trust, resolve))
        self._access = AccessLog(config.log.format == "json") if config.log.access else None
        self._listening = Listening()
        self._certificates: Certificates | None = None
        self.records = open_records(config.store, config.store_key, loaded.folder)
        self.audit = open_audit(config.audit, loaded.folder, clock.now)
        if self.audit is not None:
            self.audit.secrets = self._secrets
        self._digest = loaded.digest
        self.keeper = Keeper(Means(self.issuer, self.records, clock.now, clock.draw, audit=self.audit))
        self._quotas: Quotas | None = None
        self._visitors: list[Visitors] = []
        self._clients: list[Client] = []
        self._lanes: dict[str, Lane] = {}
        self._succession = Succession(loaded, self.keeper, clock.now, clock.draw, self._open)
        self._succession.begin()

    async def replace(self, loaded: Loaded) -> None:
        """Serve this config from now on, but for what only a start can change (tokens/succession.py).

        Raises ConfigError, and then nothing has changed.
        """
        self._trust.learn(loaded.certificates)
        await self._audit_secrets(loaded)
        kept = {name: getattr(self._config, name) for name in AT_START}
        known = set(self.keeper)
        await self._succession.want(replace(loaded, config=loaded.config.model_copy(update=kept)))
        self._warm(set(self.keeper) - known)

    async def _audit_secrets(self, loaded: Loaded) -> None:
        """Of several workers one writes it down."""
        if self.audit is not None and (self._post is None or self._post.number == 0):
            found = await asyncio.to_thread(changed_secrets, self._succession.serving, loaded, True)
            for name in found.get("providers", ()):
                self.audit.secret_changed(provider=name)
            for name in found.get("clients", ()):
                self.audit.secret_changed(client=name)

    def _open(self) -> None:
        """The newest plan and cells, put in service by one assignment; requests under way end with what they have."""
        plan, cells, config = self._succession.plan, self._succession.cells, self._succession.serving.config
        before, self._lanes = self._lanes, {}
        for prefix, route in plan.routes.items():
            lane = Lane(route, None if route.provider is None else cells.get(route.provider.name))
            if prefix in before and before[prefix].cell is lane.cell:
                lane.brake = before[prefix].brake
            self._lanes[prefix] = lane
        watch = self._watch(plan, config)
        forwarder = Forwarder(Router(self._lanes), self._upstream, watch, plan.max_body)
        admin = Admin(plan, cells, config.admin, watch, self._fleet)
        guards = [Guard.compile(config.browser, config.clients, self._listener(each)) for each in self._config.listen]
        self._front = Front(admin, forwarder, (*guards, Guard(hosts=None, origins=None)))

    def _watch(self, plan: Plan, config: Config) -> Observers:
        """Counters, issuers' keys and known tokens outlive a reload that changes no client."""
        if not self._visitors or config.clients != self._clients:
            self._clients = config.clients
            self._visitors.append(Visitors(plan, self.issuer, clock.now, clock.draw))
            self.visitors.tls = self._certificates
        self._quotas = self._quotas or open_quotas(plan, config.store)
        return Observers(clock.now, self.visitors or None, self._quotas, self._access, self.audit)

    def _listener(self, written: str) -> Listener:
        return parse(written, self._config.tls is not None)

    def _known(self) -> dict[str, Any]:
        return self.admin.known()

    @property
    def visitors(self) -> Visitors:
        return self._visitors[-1]

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
        for visitors in self._visitors:
            await visitors.close()
        await self.keeper.close()
        await self.records.close()
        if self._quotas is not None:
            await self._quotas.close()
        await self._upstream.close()
        await self.issuer.__aexit__(*exc)
        if self._access is not None:
            self._access.flush()
        if self.audit is not None:
            self.audit.close()

    def started(self) -> None:
        """Write down that this config begins to be served; its end is written by itself."""
        if self.audit is not None:
            self.audit.started(self._digest, self._config.listen, None if self._post is None else self._post.number)

    def _secrets(self) -> Iterator[str]:
        """What must not stand in an audit line: of the config, and the tokens that live now."""
        config = self._config
        yield from (key.key for client in config.clients for key in client.keys)
        yield from (key for key in (config.admin.key, *(config.store_key or ())) if key is not None)
        for provider in self.plan.providers.values():
            yield from provider.secrets
        for cell in self.keeper:
            token = cell.life.token
            yield from (each for each in (token.value, token.refresh_token) if each) if token is not None else ()

    async def listen(self) -> list[Listener]:
        """Listen first, then mint in the background (docs/lifecycle.md#start). Raises OSError."""
        if self._config.tls is not None:
            self._certificates = Certificates(self._config.tls, self._folder)
            self.visitors.tls = self._certificates
        for door, written in enumerate(self._config.listen):
            listener = self._listener(written)
            tls = self._certificates.context if self._certificates is not None and listener.tls else None
            await self._listening.start(listener, self._server(door), tls=tls, **self._shares(listener))
        if self._fleet is not None:
            await self._fleet.open(self._known)
        self.keeper.watch()
        self._warm(set(self.keeper))
        return self._listening.addresses

    def _warm(self, cells: Collection[Cell]) -> None:
        """Those of them that routes draw from."""
        drawn = dict.fromkeys(lane.cell for lane in self._lanes.values())
        self.keeper.warm(cell for cell in drawn if cell is not None and cell in cells)

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
        unreadable = None if self.audit is None else self.audit.unreadable
        return Server(partial(self._handle, door), self._config.limits, unreadable)

    def _handle(self, door: int, request: Request) -> Answering:
        """Not a coroutine of its own: that would cost each request one more."""
        front = self._front
        if front.admin.takes(request.target):
            return front.admin.handle(request, front.guards[door])
        return front.forwarder.handle(request, front.guards[door])


def _bypass(host: str) -> bool:
    return bool(urllib.request.proxy_bypass(host))
