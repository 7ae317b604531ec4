"""`/-/token/PROVIDER`: tokens for clients that must speak to an API themselves.

Users read docs/clients.md#can-a-client-have-the-token-itself.

Owns: who may have one, and the audit of it: a line for each that is given or denied, and why. Must not know: how
tokens are got.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from proxy.errors import Fault
from proxy.plan.route import Plan
from proxy.serve.observers import Observers
from proxy.serve.visitors import KeysWanted, Visitor
from proxy.tokens.cell import Cell
from proxy.tokens.handout import Handout, hand_out
from proxy.wire.inbound.request import Request

log = structlog.get_logger("keyless.audit")


class Tokens:
    """One per plan."""

    def __init__(self, plan: Plan, cells: Mapping[str, Cell], watch: Observers) -> None:
        self._plan = plan
        self._cells = cells
        self._clock = watch.clock
        self._visitors = watch.visitors
        self._audit = watch.audit

    async def give(self, request: Request, provider: str) -> Handout | Fault:
        """The guard has looked at Host and origin already."""
        visitor = None
        try:
            visitor = await self._admit(request)
            handout = await self._given(request, visitor, provider)
        except Fault as fault:
            self._write_down(request, visitor, provider, outcome=fault.code)
            return fault
        self._write_down(request, visitor, provider, outcome="given", generation=handout.generation)
        if self._audit is not None:
            self._audit.demand()
        return handout

    def _write_down(self, request: Request, visitor: Visitor | None, provider: str, **facts: Any) -> None:
        if self._audit is not None:
            known = provider if provider in self._plan.providers else None
            name = None if visitor is None else visitor.client.name
            self._audit.request("token_read", name, *about(request), provider=known, **facts)

    async def _given(self, request: Request, visitor: Visitor, provider: str) -> Handout:
        client, who = visitor
        told = {"client": client.name, "provider": provider, "peer": request.peer or "unix"} | (
            {"who": who} if who else {}
        )
        try:
            client.check_token(provider)
            handout = await hand_out(self._plan, self._cells, self._clock, provider)
        except Fault as fault:
            log.warning("token denied", **told, code=fault.code)
            raise
        log.info("token handed out", **told, generation=handout.generation, expires_in=handout.expires_in)
        return handout

    async def _admit(self, request: Request) -> Visitor:
        """No web page gets a token, whatever its origin: a key in a page can be read by whoever opens it."""
        if "Origin" in request.headers or "Sec-Fetch-Site" in request.headers:
            raise Fault("origin_refused", "tokens are not given to web pages")
        if not self._visitors:
            raise Fault("route_refused", "tokens are given only to `clients` with `read_tokens`; the config has none")
        transport = request.connection.transport
        try:
            return self._visitors.identify(request.known, transport, self._clock())
        except KeysWanted as wanted:
            await wanted.fetch()
            return self._visitors.identify(request.known, transport, self._clock())


def about(request: Request) -> tuple[tuple[str, str | None], tuple[str, bytes]]:
    """Sender and target, as the audit log has them."""
    return (request.peer or "unix", request.headers.get("Origin")), (request.method, request.target)
