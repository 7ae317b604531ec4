"""What lies under `/-/`: health, readiness, status, and two switches per provider.

Users read docs/operate.md#how-do-i-see-whether-it-is-well.

Owns: who may see and do this, and the shape of the answers. Must not know: how requests are forwarded.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from proxy.admin.fleet import Fleet, merge
from proxy.admin.tokens import Tokens, about
from proxy.auth.lifecycle import State
from proxy.config import model
from proxy.errors import Fault
from proxy.plan.clients import presented_key
from proxy.plan.guard import Guard
from proxy.plan.route import Plan
from proxy.plan.target import split_path
from proxy.serve.observers import Observers
from proxy.tokens.cell import Cell
from proxy.values.listen import is_loopback
from proxy.version import __version__
from proxy.wire.inbound import own
from proxy.wire.inbound.request import Request

USABLE = frozenset((State.STATIC, State.FRESH, State.STALE, State.DUE))
DEAD = frozenset((State.EXPIRED, State.REFUSED))
_PROXIED = ("Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via")


class Admin:
    """One per plan. `key` opens it from anywhere; without one only this machine may look."""

    def __init__(
        self, plan: Plan, cells: Mapping[str, Cell], config: model.Admin, watch: Observers, fleet: Fleet | None
    ) -> None:
        self._plan = plan
        self._cells = cells
        self._clock = watch.clock
        self._audit = watch.audit
        self._tokens = Tokens(plan, cells, watch)
        self._path = config.path
        self._prefix = config.path.encode("ascii")
        self._fleet = fleet
        self._key = None if config.key is None else hashlib.sha256(config.key.encode("utf-8")).digest()

    def takes(self, target: bytes) -> bool:
        return target.startswith(self._prefix)

    async def handle(self, request: Request, guard: Guard) -> None:
        try:
            return await self._answer(request, guard)
        except Fault as fault:
            if self._audit is not None and fault.status < 500:
                self._audit.request("request_refused", None, *about(request), code=fault.code)
            return own.fault(request, fault, None)

    async def _answer(self, request: Request, guard: Guard) -> None:
        known = request.known
        guard.host(known)
        guard.origin(known)
        path, _ = split_path(request.target)
        name, *rest = map(unquote, path.decode("latin-1").removeprefix(self._path).split("/"))
        if request.method in ("GET", "HEAD"):
            if name == "healthz" and not rest:
                return _json(request, {"status": "ok"})
            if name == "readyz":
                return self._readyz(request, rest)
            if name == "status" and not rest:
                self._check_operator(request, guard)
                return _json(request, await self._status())
        if request.method == "GET" and name == "token" and len(rest) == 1:
            given = await self._tokens.give(request, rest[0])
            return own.fault(request, given, None) if isinstance(given, Fault) else _json(request, given.document())
        if request.method == "POST" and name == "providers" and len(rest) == 2:
            self._check_operator(request, guard)
            return await self._switch(request, *rest)
        raise Fault("no_route", f"nothing lies at {path.decode('latin-1')}")

    def _check_operator(self, request: Request, guard: Guard) -> None:
        known = request.known
        if b"origin" in known and not guard.is_own(known):
            raise Fault("origin_refused", "other pages than the proxy's own may not look after it")
        if self._key is not None:
            given = hashlib.sha256(presented_key(known) or b"").digest()
            if not hmac.compare_digest(given, self._key):
                raise Fault("client_key_required", "this needs the admin key (`admin.key` in the config)")
        elif not _is_local(request):
            raise Fault("route_refused", "set `admin.key` to use this from another machine")
        elif not guard.vouches(known) and request.peer is not None:
            # A web page that let its own name point here (DNS rebinding) comes from this machine, too.
            raise Fault("host_refused", "set `admin.key`, or add the name to `browser.hosts`")

    # -------------------------------------------------------------- readiness and status

    def _readyz(self, request: Request, names: list[str]) -> None:
        """All configured providers, or the named one; a provider whose secrets are not set is asleep, not unready."""
        states = {name: self._state(name) for name in self._plan.providers if not names or name in names}
        if not states and names:
            raise Fault("no_route", f"there is no provider {'/'.join(names)}")
        awake = {name: state for name, state in states.items() if state != "unconfigured" or names}
        unready = [name for name, state in awake.items() if not self._is_ready(name, state)]
        return _json(request, {"ready": not unready, "providers": states}, 503 if unready else 200)

    def _is_ready(self, name: str, state: str) -> bool:
        """A token that died while nobody asked is fetched now, and is no reason to be sent no requests.

        Nor is one that is not fetched before it is needed (`exclusive`): the first request would never come.
        """
        cell = self._cells.get(name)
        if cell is None or state in USABLE:
            return cell is not None
        cell.warm()
        return (state in DEAD or cell.life.exclusive) and cell.life.failure is None

    def _state(self, name: str) -> str:
        cell = self._cells.get(name)
        return "unconfigured" if cell is None else str(cell.life.state(self._clock()))

    async def _status(self) -> dict[str, Any]:
        """Of all workers, if there are several."""
        if self._fleet is None:
            return self.status()
        own = self.status()
        return merge(own, await self._fleet.reports(own["providers"]))

    def status(self) -> dict[str, Any]:
        """Of this process alone."""
        return {
            "version": __version__,
            "providers": self.known(),
            **({} if self._audit is None else {"audit": self._audit.status()}),
            "routes": {
                prefix: {"upstream": route.shown, "provider": route.provider.name if route.provider else None}
                for prefix, route in self._plan.routes.items()
            },
        }

    def known(self) -> dict[str, Any]:
        return {name: self.provider(name) for name in self._plan.providers}

    def provider(self, name: str) -> dict[str, Any]:
        """Times are Unix seconds. No token is in it, nor any part of one."""
        cell, now = self._cells.get(name), self._clock()
        if cell is None:
            return _provider("unconfigured", last_error=self._plan.providers[name].unset)
        life = cell.life
        token = life.token
        waits = life.next_attempt_in(now)
        failure = life.failure if cell.successor is None else cell.successor.life.failure
        return _provider(
            str(life.state(now)),
            generation=life.generation,
            expires_at=None if token is None or token.expires.wall == float("inf") else round(token.expires.wall, 3),
            next_attempt_at=None if waits is None or life.failure is None else round(now.wall + waits, 3),
            mints=life.mints,
            replays=cell.replays,
            last_error=None if failure is None else failure.message,
        )

    # -------------------------------------------------------------- switches

    async def _switch(self, request: Request, name: str, action: str) -> None:
        cell = self._cells.get(name)
        if name not in self._plan.providers or action not in ("expire", "refresh"):
            raise Fault("no_route", f"there is no provider {name}, or nothing called {action}")
        if cell is None:
            raise self._plan.providers[name].asleep()
        if self._audit is not None:
            self._audit.demand()
        if action == "expire":
            await cell.expire()
        else:
            await cell.retry()
        if self._audit is not None:
            self._audit.admin(request.peer or "unix", name, action, self._state(name))
        return _json(request, self.provider(name))


def _provider(state: str, **known: Any) -> dict[str, Any]:
    empty = {
        "generation": 0,
        "expires_at": None,
        "next_attempt_at": None,
        "mints": 0,
        "replays": 0,
        "last_error": None,
    }
    return {"state": state} | empty | known


def _is_local(request: Request) -> bool:
    """From this machine, and not through another proxy on it."""
    if any(name in request.headers for name in _PROXIED):
        return False
    return request.peer is None or is_loopback(request.peer)


def _json(request: Request, document: dict[str, Any], status: int = 200) -> None:
    body = json.dumps(document, ensure_ascii=False).encode("utf-8") + b"\n"
    return own.reply(request, status, [], "application/json", body)
