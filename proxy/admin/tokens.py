"""`/-/token/PROVIDER`: tokens for clients that must speak to an API themselves (DESIGN §4).

Owns: who may have one, and the audit of it: a line for each that is given or denied, and why. Must not know: how
tokens are got.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from aiohttp import web

from proxy.auth.token import Now
from proxy.errors import Fault
from proxy.plan.clients import ClientPlan
from proxy.plan.route import Plan
from proxy.serve.audit import Audit, peer_of
from proxy.serve.handout import Handout, hand_out
from proxy.serve.keeper import Cell

log = structlog.get_logger("keyless.audit")


class Tokens:
    """One per plan."""

    def __init__(
        self, plan: Plan, cells: Mapping[str, Cell], clock: Callable[[], Now], audit: Audit | None = None
    ) -> None:
        self._plan = plan
        self._cells = cells
        self._clock = clock
        self._audit = audit

    async def give(self, request: web.BaseRequest, provider: str) -> Handout | Fault:
        """The guard has looked at Host and origin already."""
        client = None
        try:
            client = self._admit(request)
            handout = await self._given(request, client, provider)
        except Fault as fault:
            self._write_down(request, client, provider, outcome=fault.code)
            return fault
        self._write_down(request, client, provider, outcome="given", generation=handout.generation)
        return handout

    def _write_down(self, request: web.BaseRequest, client: ClientPlan | None, provider: str, **facts: Any) -> None:
        if self._audit is not None:
            known = provider if provider in self._plan.providers else None
            name = None if client is None else client.name
            self._audit.request("token_read", name, *about(request), provider=known, **facts)

    async def _given(self, request: web.BaseRequest, client: ClientPlan, provider: str) -> Handout:
        told = {"client": client.name, "provider": provider, "peer": peer_of(request.transport)}
        try:
            client.check_token(provider)
            handout = await hand_out(self._plan, self._cells, self._clock, provider)
        except Fault as fault:
            log.warning("token denied", **told, code=fault.code)
            raise
        log.info("token handed out", **told, generation=handout.generation, expires_in=handout.expires_in)
        return handout

    def _admit(self, request: web.BaseRequest) -> ClientPlan:
        """No web page gets a token, whatever its origin: a key in a page can be read by whoever opens it."""
        if "Origin" in request.headers or "Sec-Fetch-Site" in request.headers:
            raise Fault("origin_refused", "tokens are not given to web pages")
        if not self._plan.clients:
            raise Fault("route_refused", "tokens are given only to `clients` with `read_tokens`; the config has none")
        return self._plan.clients.identify(request.headers)


def about(request: web.BaseRequest) -> tuple[tuple[str, str | None], tuple[str, str]]:
    """Sender and target, as the audit log has them."""
    sender = peer_of(request.transport), request.headers.get("Origin")
    return sender, (request.method, request.raw_path)
