"""`/-/token/PROVIDER`: tokens for clients that must speak to an API themselves (DESIGN §4).

Owns: who may have one, and the audit of it: a line for each token that is given or denied to a known client. Must not
know: how tokens are got.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog

from proxy.auth.token import Now
from proxy.errors import Fault
from proxy.plan.route import Plan
from proxy.serve.handout import Handout, hand_out
from proxy.serve.inbound.request import Request
from proxy.serve.keeper import Cell
from proxy.serve.visitors import KeysWanted, Visitor, Visitors

log = structlog.get_logger("keyless.audit")


class Tokens:
    """One per plan."""

    def __init__(self, plan: Plan, cells: Mapping[str, Cell], clock: Callable[[], Now], visitors: Visitors) -> None:
        self._plan = plan
        self._cells = cells
        self._clock = clock
        self._visitors = visitors

    async def give(self, request: Request, provider: str) -> Handout:
        """Raises Fault. The guard has looked at Host and origin already."""
        client, who = await self._admit(request)
        peer = request.peer or "unix"
        told = {"client": client.name, "provider": provider, "peer": peer} | ({"who": who} if who else {})
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
