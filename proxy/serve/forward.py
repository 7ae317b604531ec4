"""The request path: every step of a forwarded request, in order.

    arrive    the route is found, the head read; the guard looks at Host and origin; who asks?
    admit     preflights and stand-ins are answered; the client's and the route's methods and paths are checked
    look up   does the route keep a reply that answers it? Then none of what follows
    quota     of the client and the route, where they have one; awaited only when replicas count together
    token     read from the cell; awaited only when it can't be used as it is
    prepare   head and body for the API: headers sieved, the credential put in its place
    send      to the API; network retries happen there
    judge     did the API refuse the token? Or does it tell what is lacking: its own time, an answer to its challenge?
    renew     then a newer token, if the brake permits, the body can be sent again and the issuer plays along
    answer    the reply goes to the client as it comes; an upgraded one becomes a pipe

Owns: the order of these, what is said when one fails, and the exchange: steps return, nobody else but the one that
renews (renew.py) assigns to it. Must not know: config, YAML, how tokens are got.
"""

from __future__ import annotations

from proxy.auth.token import Token
from proxy.errors import Fault
from proxy.figures.timeline import Timeline
from proxy.plan import cors
from proxy.plan.admission.copies import without_keys
from proxy.plan.admission.guard import Guard
from proxy.plan.router import Router
from proxy.serve import answer, ending, identify, judge, own_answers, unchallenged
from proxy.serve.admit import admit
from proxy.serve.body import SHORT, Body
from proxy.serve.cached import answer_with, looked_up
from proxy.serve.exchange import CLIENT_GONE, Exchange
from proxy.serve.lane import Lane, find
from proxy.serve.observers import Observers
from proxy.serve.pass_on import pass_on
from proxy.serve.prepare import bound, needles, prepare
from proxy.serve.renew import Renewal
from proxy.serve.upstream import Call, Upstream
from proxy.serve.visitors import BodyWanted, KeysWanted, Visitor
from proxy.values.now import Now
from proxy.wire.inbound.request import Request


class Forwarder:
    """Serves all routes of one plan. A listener calls `handle` with its own guard."""

    def __init__(self, router: Router[Lane], upstream: Upstream, watch: Observers, max_body: int | None) -> None:
        self._router = router
        self._upstream = upstream
        self._clock, self._ticks = watch.clock, watch.ticks
        self._visitors = watch.visitors
        self._guarded = bool(watch.visitors)
        self._sessions = watch.sessions
        self._quotas, self._audit = watch.quotas, watch.audit
        self._renewal = Renewal(upstream, watch)
        self._figures, self._tracing = watch.figures, watch.tracing
        self._max_body = max_body

    async def handle(self, request: Request, guard: Guard) -> None:
        """One coroutine from the request to its answer; others are awaited only where something must be waited for."""
        now = self._clock()
        exchange = self._begin(request, now)
        try:
            wanted = self._arrive(exchange, guard, now)
            if wanted is not None or exchange.plan.passing is not None:
                await self._settle(exchange, wanted)
            if self._answered(exchange) or (exchange.lane.cache is not None and await self._from_cache(exchange)):
                return
            if self._quotas is not None:
                charged = self._quotas.take(exchange.limits, now)
                exchange.quota = charged if isinstance(charged, bytes) else await charged
                exchange.times.charged = self._ticks()
            token = exchange.lane.ready(now)
            if token is None and exchange.plan.provider is not None:
                token = await exchange.lane.token()
                exchange.times.armed = self._ticks()
            if token is not None and exchange.plan.follows_token:
                exchange.plan, token = bound(exchange.plan, token)
            if exchange.head.framed and exchange.body is None:
                exchange.body = self._arrived(exchange) or await self._body(exchange)
                exchange.times.read = self._ticks()
            call = self._prepared(exchange, token)
            reply = await self._upstream.send(call)
            exchange.times.first, exchange.times.opening = self._ticks(), call.opening
            if token is not None and not judge.accepts(exchange, reply, token, now):
                reply = await unchallenged.judged(exchange, await self._renewal.judged(exchange, reply, token))
            exchange.status = reply.status
            if reply.complete:
                answer.whole(exchange, reply)
            else:
                exchange.cut = not await pass_on(exchange, reply)
        except Fault as fault:
            self._fail(exchange, fault)
        except ConnectionResetError:  # the client has gone: there is no one to tell
            exchange.status = CLIENT_GONE
        finally:
            ending.over(self._figures, exchange, self._ticks())

    def _fail(self, exchange: Exchange, fault: Fault) -> None:
        exchange.code, exchange.cause = fault.code, fault.cause
        exchange.status = own_answers.fault(exchange, fault, self._audit, guarded=self._guarded)

    # -------------------------------------------------------------- arrive, admit

    def _begin(self, request: Request, now: Now) -> Exchange:
        way, lost = find(self._router, request.target)
        counts = self._figures.counts.begin(way.route.plan.prefix)
        return Exchange(request, Timeline(self._ticks(), now.wall), now.boot, way, lost, counts)

    def _arrive(self, exchange: Exchange, guard: Guard, now: Now) -> KeysWanted | BodyWanted | None:
        """Where it goes and who asks, or what must be waited for to tell. Raises Fault."""
        request = exchange.request
        exchange.head = exchange.plan.request_headers.read(request.fields, request.lines)
        if self._tracing is not None:
            exchange.trace = self._tracing.begin(exchange.head.facts)
        if self._audit is not None:
            self._audit.demand()
        guard.host(exchange.head.facts)
        exchange.cors_origin = guard.origin(exchange.head.facts)
        if exchange.cors_origin is not None and exchange.method == "OPTIONS" and cors.is_preflight(request.headers):
            lane = exchange.lane.preflight  # where the API answers it: it carries no client key, and gets no token
            exchange.preflight = lane is None or exchange.head.framed
            if lane is not None and not exchange.preflight:
                exchange.lane, exchange.plan = lane, lane.plan
                exchange.head = lane.plan.request_headers.read(request.fields)
        elif self._guarded or self._sessions.used:
            key = identify.at_a_glance(self._visitors, exchange, now.wall)
            if key is not None:
                exchange.client = key.client
                return None
            found = identify.closely(self._visitors, exchange, now)
            if not isinstance(found, Visitor):
                return found
            self._identified(exchange, found)
        return None

    async def _settle(self, exchange: Exchange, wanted: KeysWanted | BodyWanted | None) -> None:
        """Who asks, if that had to be waited for; and what of the client's own goes along."""
        if wanted is not None:
            visitor, exchange.body = await identify.settled(wanted, exchange.request, self._max_body)
            if visitor is not None:
                self._identified(exchange, visitor)
        if (passing := exchange.plan.passing) is not None and (head := passing.along(exchange.head)) is not None:
            exchange.head, exchange.beside = head, True
        exchange.times.guarded = self._ticks()

    def _identified(self, exchange: Exchange, visitor: Visitor) -> None:
        """What proved the client goes no further."""
        exchange.client, plan = visitor.client, exchange.plan
        if visitor.texts:
            exchange.head, exchange.way = without_keys(visitor.texts, exchange.head, exchange.way, plan.key_slots)
        if plan.stand_in is not None and visitor.key is not None:
            exchange.placeholder = identify.placeholder(self._visitors, plan, visitor.key, self._clock().wall)

    def _answered(self, exchange: Exchange) -> bool:
        """By the proxy itself, in the API's place? Raises Fault."""
        answered = admit(exchange)
        if answered is not None:
            exchange.status = own_answers.reply(exchange, answered)
        return answered is not None

    async def _from_cache(self, exchange: Exchange) -> bool:
        """Is a reply kept that answers it? Then no token is touched, and no rate. Raises Fault."""
        exchange.lookup, exchange.body = await looked_up(exchange, self._max_body)
        if exchange.lookup.kept is not None:
            exchange.status = answer_with(exchange, exchange.lookup.kept)
        return exchange.lookup.kept is not None

    # -------------------------------------------------------------- prepare

    def _arrived(self, exchange: Exchange) -> Body | None:
        plan = exchange.plan
        return Body.arrived(exchange.request, SHORT if plan.needs_body else plan.replay_max_body, self._max_body)

    async def _body(self, exchange: Exchange) -> Body | None:
        plan = exchange.plan
        return await Body.of(exchange.request, plan.replay_max_body, self._max_body, whole=plan.needs_body)

    def _prepared(self, exchange: Exchange, token: Token | None) -> Call:
        """What is sent now. Raises Fault."""
        exchange.needles = needles(exchange, token)
        call = prepare(exchange, token, self._clock)
        exchange.times.sent = self._ticks()
        return call
