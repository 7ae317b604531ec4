"""The request path: every step of a forwarded request, in order.

    admit     the guard looks at Host and origin; preflights are answered; the route is found; the client checked
    quota     of the client and the route, where they have one; awaited only when replicas count together
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

import structlog

from proxy.auth.refusal import Verdict
from proxy.auth.token import Token
from proxy.errors import Fault
from proxy.logs import AccessLog
from proxy.plan import cors
from proxy.plan.frames import Frames
from proxy.plan.guard import Guard
from proxy.plan.headers import request_sieve
from proxy.plan.router import Router
from proxy.serve import answer, observers
from proxy.serve.body import EDITABLE, Body
from proxy.serve.exchange import CLIENT_GONE, Exchange, Lane
from proxy.serve.judge import refused, verdict
from proxy.serve.observers import Observers
from proxy.serve.prepare import finish_head, prepare, read_head
from proxy.serve.quota.local import Quotas
from proxy.serve.upstream import Broken, Reply, Stalled, Upstream
from proxy.serve.visitors import KeysWanted
from proxy.serve.websocket import tunnel
from proxy.values.now import Now
from proxy.wire.inbound import own
from proxy.wire.inbound.request import Request

log = structlog.get_logger("keyless.forward")

_NOWHERE = request_sieve(frozenset(), (), forwarded=False)
"""For requests that no route takes: who asks is looked at all the same."""


class Forwarder:
    """Serves all routes of one plan. A listener calls `handle` with its own guard."""

    def __init__(self, router: Router[Lane], upstream: Upstream, watch: Observers, max_body: int | None) -> None:
        self._router = router
        self._upstream = upstream
        self._clock = watch.clock
        self._visitors = watch.visitors
        self._quotas = watch.quotas
        self._access = watch.access
        self._audit = watch.audit
        self._max_body = max_body

    async def handle(self, request: Request, guard: Guard) -> None:  # noqa: PLR0912 -- the path, in one piece
        """One coroutine from the request to its answer; others are awaited only where something must be waited for."""
        now = self._clock()
        exchange = Exchange(request, now.boot)
        try:
            answered = self._try_to_admit(exchange, guard, now)
            if isinstance(answered, KeysWanted):  # of the issuer of an access token
                await answered.fetch()
                answered = self._admit(exchange, guard, now)
            if answered or self._stand_in(exchange):
                return
            if self._quotas is not None:
                await self._charge(self._quotas, exchange, now)
            lane = exchange.lane
            finish_head(exchange)
            token = lane.ready(now) or await self._token(lane)
            if exchange.framed:
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
                answer.whole(exchange, reply)
            elif reply.status == 101:
                await self._switch(exchange, reply)
            else:
                await answer.stream(exchange, reply)
        except Fault as fault:
            self._answer_fault(exchange, fault)
        except ConnectionResetError:  # the client has gone: there is no one to tell
            exchange.status = CLIENT_GONE
        finally:
            if self._access is not None:
                self._log(exchange, self._access)

    def _answer_fault(self, exchange: Exchange, fault: Fault) -> None:
        exchange.status = fault.status
        if self._audit is not None:
            observers.refused(self._audit, exchange, fault)
        own.fault(exchange.request, fault, exchange.cors_origin)

    # -------------------------------------------------------------- admit

    def _try_to_admit(self, exchange: Exchange, guard: Guard, now: Now) -> bool | KeysWanted:
        if self._audit is not None:
            self._audit.demand()
        try:
            return self._admit(exchange, guard, now)
        except KeysWanted as wanted:  # awaited by the caller: compiled, an await in here leaves it as others' context
            return wanted

    def _admit(self, exchange: Exchange, guard: Guard, now: Now) -> bool:
        """Raises Fault; True if it was a preflight, which is answered. Touches no token (docs/traps.md 38)."""
        request = exchange.request
        lost = self._find_lane(exchange)
        read_head(exchange, exchange.lane.plan.request_headers if lost is None else _NOWHERE)
        guard.host(exchange.facts)
        exchange.cors_origin = guard.origin(exchange.facts)
        if exchange.cors_origin is not None and exchange.method == "OPTIONS" and cors.is_preflight(request.headers):
            if self._answers_preflight(exchange, exchange.cors_origin, exchange.lane if lost is None else None):
                return True
        elif self._visitors is not None:
            exchange.client = self._visitors.identify(exchange.facts, request.connection.transport, now).client
        if lost is not None:
            raise lost
        plan = exchange.lane.plan
        if exchange.client is not None:
            exchange.client.check(plan.prefix, exchange.rest, exchange.method, exchange.cors_origin)
        plan.check_method(exchange.method)
        if not plan.takes(exchange.rest):
            raise Fault("path_refused", f"{plan.prefix} does not take this path")
        return False

    def _find_lane(self, exchange: Exchange) -> Fault | None:
        """Why there is none. It is said only to someone who may ask."""
        target = exchange.request.target
        try:
            way = self._router.find(target)
        except Fault as fault:
            return fault
        if way is None:
            exchange.path = target.partition(b"?")[0]
            return Fault("no_route", f"no route takes {exchange.path.decode('latin-1')}")
        exchange.lane, exchange.path, exchange.query, exchange.rest = way
        return None

    def _answers_preflight(self, exchange: Exchange, origin: str, lane: Lane | None) -> bool:
        """False if it goes to the API, which then answers it: it carries no client key, and gets no token."""
        if lane is not None and lane.preflight is not None and not exchange.framed:
            exchange.lane = lane.preflight
            read_head(exchange, lane.preflight.plan.request_headers)
            return False
        exchange.status = 204
        methods = lane.plan.methods if lane is not None else None
        own.reply(exchange.request, 204, list(cors.preflight(origin, exchange.request.headers, methods)))
        return True

    def _stand_in(self, exchange: Exchange) -> bool:
        """The token endpoint that the proxy plays for an SDK which insists on one."""
        plan = exchange.lane.plan
        if plan.stand_in is None or exchange.rest != plan.stand_in.path:
            return False
        exchange.status = 200
        own.reply(exchange.request, 200, [], "application/json", plan.stand_in.reply, exchange.cors_origin)
        return True

    async def _charge(self, quotas: Quotas, exchange: Exchange, now: Now) -> None:
        taking = quotas.take(exchange, now)
        if taking is not None:
            await taking

    # -------------------------------------------------------------- token, prepare, send, judge

    async def _switch(self, exchange: Exchange, reply: Reply) -> None:
        answer.switch_protocols(exchange, reply)
        scrubs = exchange.needles and exchange.lane.plan.scrub != "headers"
        await tunnel(exchange.request, reply, Frames(exchange.needles) if scrubs else None)

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
        """The reply to pass on: this one, or that to the replay with a newer token, at most one (docs/traps.md 31)."""
        lane = exchange.lane
        if not await self._refused(exchange, reply, token):
            self._accepted(lane, token)
            return reply
        try:
            newer = await self._renew(exchange, token)
        except BaseException:
            reply.close()
            raise
        if self._audit is not None:
            observers.token_refused(self._audit, exchange, token, reply.status)
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
        if not exchange.replayable:  # the API refused early, and the upload went on meanwhile (docs/traps.md 30)
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
        if self._audit is not None:
            observers.replayed(self._audit, exchange, token, again)
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
        client = "" if exchange.client is None else exchange.client.name
        access.line(exchange.method, path, exchange.status, self._clock().boot - exchange.started, note, client)
