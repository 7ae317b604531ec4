"""The request path: every step of a forwarded request, in order.

    admit     the guard looks at Host and origin; preflights are answered; the route is found; the client checked
    token     read from the cell; awaited only when it can't be used as it is
    prepare   head and body for the API: headers sieved, the credential put in its place
    send      to the API; network retries happen there
    judge     did the API refuse the token?
    renew     then a newer token, if the brake permits, the body can be sent again and the issuer plays along
    answer    the reply goes to the client as it comes; an upgraded one becomes a pipe

Owns: the order of these, and what is said when one fails. Must not know: config, YAML, how tokens are got.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from aiohttp import web
from multidict import istr

from proxy.auth.refusal import Verdict
from proxy.auth.token import Now, Token
from proxy.errors import Fault
from proxy.plan import cors
from proxy.plan.clients import Clients
from proxy.plan.frames import Frames
from proxy.plan.guard import Guard
from proxy.plan.router import Router
from proxy.plan.target import split_path
from proxy.serve import answer
from proxy.serve.body import EDITABLE, Body
from proxy.serve.exchange import CLIENT_GONE, Exchange, Lane
from proxy.serve.judge import refused, verdict
from proxy.serve.logs import AccessLog
from proxy.serve.prepare import prepare, sort_headers
from proxy.serve.upstream import Broken, Reply, Stalled, Upstream
from proxy.serve.websocket import tunnel

log = structlog.get_logger("keyless.forward")

# istr spares multidict the folding of the name, three times per request.
_HOST, _ORIGIN, _FETCH_SITE = istr("Host"), istr("Origin"), istr("Sec-Fetch-Site")
_BODILESS = frozenset(("GET", "HEAD", "OPTIONS", "DELETE"))


class Forwarder:
    """Serves all routes of one plan. A listener calls `handle` with its own guard."""

    def __init__(
        self,
        router: Router[Lane],
        clients: Clients,
        upstream: Upstream,
        clock: Callable[[], Now],
        access: AccessLog | None,
        max_body: int | None,
    ) -> None:
        self._router = router
        self._clients = clients
        self._upstream = upstream
        self._clock = clock
        self._access = access
        self._max_body = max_body

    async def handle(self, request: web.BaseRequest, guard: Guard) -> web.StreamResponse:
        """One coroutine from the request to its answer; others are awaited only where something must be waited for."""
        now = self._clock()
        exchange = Exchange(request, now.boot)
        try:
            done = self._admit(exchange, guard) or self._stand_in(exchange)
            if done is not None:
                return done
            lane = exchange.lane
            sort_headers(exchange)
            token = lane.ready(now) or await self._token(lane)
            if request.body_exists or exchange.method not in _BODILESS:  # a POST may say that its body is empty
                exchange.body = await self._body(exchange)
            reply = await self._upstream.send(prepare(exchange, token))
            if token is not None and lane.plan.refusals is not None:
                age = now.boot - token.minted.boot
                if verdict(lane.plan.refusals, reply, exchange.method, age) is Verdict.ACCEPTED:
                    self._accepted(lane, token)
                else:
                    reply = await self._judged(exchange, reply, token)
            exchange.status = reply.status
            if reply.complete:
                return answer.whole(exchange, reply)
            if reply.status == 101:
                return await self._switched(exchange, reply)
            return await answer.stream(exchange, reply)
        except Fault as fault:
            exchange.status = fault.status
            return answer.fault(request, fault, exchange.cors_origin)
        except ConnectionResetError:  # the client has gone: there is no one to tell
            exchange.status = CLIENT_GONE
            return answer.CLOSED
        finally:
            if self._access is not None:
                self._log(exchange, self._access)

    # -------------------------------------------------------------- admit

    def _admit(self, exchange: Exchange, guard: Guard) -> web.StreamResponse | None:
        """Raises Fault, or answers a preflight. No token is touched in here (TRAPS 38)."""
        request, headers = exchange.request, exchange.request.headers
        guard.host(headers.get(_HOST))
        exchange.cors_origin = guard.origin(headers.get(_ORIGIN), headers.get(_FETCH_SITE))
        exchange.path, exchange.query = split_path(request.raw_path)
        matched = self._router.match(exchange.path)
        if exchange.cors_origin is not None and cors.is_preflight(request.method, headers):
            return self._preflight(exchange, exchange.cors_origin, matched[0] if matched else None)
        client = self._clients.identify(headers) if self._clients else None
        if matched is None:
            raise Fault("no_route", f"no route takes {exchange.path.decode('latin-1')}")
        exchange.lane, exchange.rest = matched
        plan = exchange.lane.plan
        if client is not None:
            client.check(plan.prefix, exchange.method, exchange.cors_origin)
        plan.check_method(exchange.method)
        if not plan.takes(exchange.rest):
            raise Fault("path_refused", f"{plan.prefix} does not take this path")
        return None

    def _preflight(self, exchange: Exchange, origin: str, lane: Lane | None) -> web.StreamResponse:
        exchange.status = 204
        methods = lane.plan.methods if lane is not None else None
        return answer.own(exchange.request, 204, list(cors.preflight(origin, exchange.request.headers, methods)))

    def _stand_in(self, exchange: Exchange) -> web.StreamResponse | None:
        """The token endpoint that the proxy plays for an SDK which insists on one."""
        plan = exchange.lane.plan
        if plan.stand_in is None or exchange.rest != plan.stand_in.path:
            return None
        exchange.status = 200
        return answer.own(exchange.request, 200, [], "application/json", plan.stand_in.reply, exchange.cors_origin)

    # -------------------------------------------------------------- token, prepare, send, judge

    async def _switched(self, exchange: Exchange, reply: Reply) -> web.StreamResponse:
        answer.switch_protocols(exchange, reply)
        scrubs = exchange.needles and exchange.lane.plan.scrub != "headers"
        await tunnel(exchange.request, reply, Frames(exchange.needles) if scrubs else None)
        return answer.CLOSED

    async def _token(self, lane: Lane) -> Token | None:
        """None where the route wants none. Raises Fault."""
        provider = lane.plan.provider
        if provider is None:
            return None
        if lane.cell is None:
            raise provider.asleep()
        token = await lane.cell.token(provider.name)
        if lane.plan.required_scope is not None and (lacks := lane.plan.required_scope.missing(token)):
            detail = f"the token lacks the scope {' '.join(lacks)}, which {lane.plan.prefix} requires"
            raise Fault("credential_refused", detail, provider=provider.name)
        return token

    async def _body(self, exchange: Exchange) -> Body | None:
        plan = exchange.lane.plan
        body = await Body.of(exchange.request, plan.replay_max_body, self._max_body)
        if body is not None and plan.injection is not None and plan.injection.edits_body:
            await body.read_whole(EDITABLE)
        return body

    async def _judged(self, exchange: Exchange, reply: Reply, token: Token) -> Reply:
        """The reply to pass on: this one, or the one to a replay with a newer token. At most one replay (TRAPS 31)."""
        lane = exchange.lane
        if not await self._refused(exchange, reply, token):
            self._accepted(lane, token)
            return reply
        try:
            newer = await self._renew(exchange, token)
        except BaseException:
            reply.close()
            raise
        if newer is None:
            return reply
        reply.close()
        exchange.attempts = 2
        reply = await self._upstream.send(prepare(exchange, newer))
        again = await self._refused(exchange, reply, newer)
        self._replayed(exchange, newer, again)
        return reply

    async def _refused(self, exchange: Exchange, reply: Reply, token: Token) -> bool:
        refusals = exchange.lane.plan.refusals
        if refusals is None:
            return False
        try:
            return await refused(refusals, reply, exchange.method, self._clock().boot - token.minted.boot)
        except Broken as error:
            raise Fault("upstream_protocol", str(error)) from None
        except Stalled as error:
            raise Fault("upstream_timeout", str(error)) from None
        except asyncio.CancelledError:  # the client went away
            reply.close()
            raise

    # -------------------------------------------------------------- renew

    async def _renew(self, exchange: Exchange, token: Token) -> Token | None:
        """A newer token to replay with; None when there will be no replay, and `exchange.skipped` says why."""
        lane, generation = exchange.lane, token.generation
        cell, life = lane.cell, lane.cell.life if lane.cell is not None else None
        if cell is None or life is None:
            return None
        life.streak += 1
        forces = generation >= life.generation
        proven = life.accepted_generation == generation
        if forces and not lane.brake.permits(self._clock().boot, generation, life.streak, proven):
            exchange.skipped = "paused"
            return None
        if not exchange.replayable:
            exchange.skipped = "body_too_large"
            if forces and cell.renew_later(generation):
                lane.brake.unreplayed(generation + 1)
            return None
        newer = await cell.renew(generation)
        if newer is None:
            exchange.skipped = "token_unavailable"
            return None
        if not exchange.replayable:  # the API refused early, and the upload went on meanwhile (TRAPS 30)
            exchange.skipped = "body_too_large"
            if forces:
                lane.brake.unreplayed(newer.generation)
            return None
        exchange.forced = forces
        cell.replays += 1
        log.debug("replaying", route=lane.plan.prefix, refused=generation, generation=newer.generation)
        return newer

    def _accepted(self, lane: Lane, token: Token) -> None:
        if lane.cell is not None:
            lane.cell.life.accepted(token.generation)
        if lane.brake.unsettled:
            lane.brake.settled(token.generation)

    def _replayed(self, exchange: Exchange, token: Token, again: bool) -> None:
        """Tell the cell and the route's brake what the replay showed."""
        lane = exchange.lane
        if not again:
            self._accepted(lane, token)
            if exchange.forced:
                lane.brake.useful()
            return
        if lane.cell is not None:
            lane.cell.life.streak += 1
        if exchange.forced:
            lane.brake.useless(self._clock().boot, token.generation)

    # -------------------------------------------------------------- log

    def _log(self, exchange: Exchange, access: AccessLog) -> None:
        note = "replayed" if exchange.attempts > 1 else exchange.skipped or ""
        path = exchange.path.decode("latin-1")
        access.line(exchange.method, path, exchange.status, self._clock().boot - exchange.started, note)
