"""The composition root: a loaded config becomes a service that listens.

Owns: which part is given to which. Nothing is decided here.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Coroutine, Iterator
from functools import partial
from typing import Any, Self

from proxy.admin.endpoints import Admin
from proxy.admin.fleet import Fleet
from proxy.config.listen import Listener, parse
from proxy.config.load import Loaded
from proxy.plan.compile import compile_plan
from proxy.plan.guard import Guard
from proxy.plan.router import Router
from proxy.serve import clock
from proxy.serve.audit import open_audit
from proxy.serve.exchange import Lane
from proxy.serve.forward import Forwarder
from proxy.serve.http1.dial import Dialer, Resolve, resolve
from proxy.serve.http1.trust import trust
from proxy.serve.inbound.request import Request
from proxy.serve.issuer import Issuer
from proxy.serve.keeper import Cell, Keeper
from proxy.serve.logs import AccessLog
from proxy.serve.mint import Means
from proxy.serve.post import Post
from proxy.serve.quota import open_quotas
from proxy.serve.server import Listening, Server
from proxy.serve.store.open import open_records
from proxy.serve.tls import Certificates
from proxy.serve.upstream import Upstream
from proxy.serve.visitors import Visitors
from proxy.serve.watch import Watch

Answering = Coroutine[Any, Any, None]


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
        self._upstream = Upstream(Dialer(proxies, _bypass, trust(loaded.certificates), resolve))
        self._access = AccessLog(config.log.format == "json") if config.log.access else None
        self._listening = Listening()
        self._certificates: Certificates | None = None
        self.records = open_records(config.store, config.store_key, loaded.folder)
        self.audit = open_audit(config.audit, loaded.folder, clock.now)
        self._digest = loaded.digest
        self.keeper = Keeper(Means(self.issuer, self.records, clock.now, clock.draw, audit=self.audit))
        self.plan = compile_plan(loaded, clock.draw, clock.now())
        self.cells = self._cells()
        self._quotas = open_quotas(self.plan, config.store)
        self.visitors = Visitors(self.plan, self.issuer, clock.now, clock.draw)
        if self.audit is not None:
            self.audit.secrets = self._secrets
        watch = Watch(clock.now, self.visitors, self._quotas, self._access, self.audit)
        lanes = {prefix: Lane(plan, self._cell_of(prefix)) for prefix, plan in self.plan.routes.items()}
        self.forwarder = Forwarder(Router(lanes), self._upstream, watch, self.plan.max_body)
        self.admin = Admin(self.plan, self.cells, config.admin, watch, self._fleet)

    def _cells(self) -> dict[str, Cell]:
        cells = {}
        for name, provider in self.plan.providers.items():
            if provider.scheme is not None and provider.life is not None:
                cells[name] = self.keeper.cell(name, provider.scheme, provider.life)
        return cells

    def _cell_of(self, prefix: str) -> Cell | None:
        provider = self.plan.routes[prefix].provider
        return None if provider is None else self.cells.get(provider.name)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._listening.stop()
        if self._fleet is not None:
            await self._fleet.close()
        await self.visitors.close()
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
        """Listen first, then mint in the background (LIFECYCLE, start). Raises OSError."""
        if self._config.tls is not None:
            self.visitors.tls = self._certificates = Certificates(self._config.tls, self._folder)
        for written in self._config.listen:
            listener = parse(written, self._certificates is not None)
            guard = Guard.compile(self._config.browser, self._config.clients, listener)
            tls = self._certificates.context if self._certificates is not None and listener.tls else None
            await self._listening.start(listener, self._server(guard), tls=tls, **self._shares(listener))
        if self._fleet is not None:
            await self._fleet.open(self.admin.known)
        self.keeper.watch()
        for route in self.plan.routes.values():
            if route.provider is not None and route.provider.name in self.cells:
                self.cells[route.provider.name].warm()
        return self._listening.addresses

    def _shares(self, listener: Listener) -> dict[str, Any]:
        """How `listener` is shared with other workers."""
        if self._post is None:
            return {}
        return {"shared": True, "inherited": self._post.inherited.get(listener.path)}

    def inside(self) -> Server:
        """A server for connections that were made in this process; nothing listens (library.py)."""
        self.keeper.watch()
        return self._server(Guard(hosts=None, origins=None))

    def _server(self, guard: Guard) -> Server:
        unreadable = None if self.audit is None else self.audit.unreadable
        return Server(partial(_handle, self.admin, self.forwarder, guard), self._config.limits, unreadable)


def _handle(admin: Admin, forwarder: Forwarder, guard: Guard, request: Request) -> Answering:
    """Not a coroutine of its own: that would cost each request one more."""
    if admin.takes(request.target):
        return admin.handle(request, guard)
    return forwarder.handle(request, guard)


def _bypass(host: str) -> bool:
    return bool(urllib.request.proxy_bypass(host))
