"""What follows a reply that is no acceptance: the rules are asked, what it teaches is learnt, the token is renewed, and
the request goes out once more.

Owns: in which order, and that a connection whose reply nobody will read is let go of. Must not know: when a token is
renewed (lane.py), what a rule says (judge.py), how the reply that remains is passed on.
"""

from __future__ import annotations

from typing import Final

from proxy.auth.placing.challenged import ANSWERS
from proxy.auth.token import Token
from proxy.logger import get_logger
from proxy.serve import judge, observers
from proxy.serve.exchange import DEAD, UNANSWERED, Exchange
from proxy.serve.lane import Renew, Skip
from proxy.serve.observers import Observers
from proxy.serve.prepare import bound, needles, prepare
from proxy.serve.upstream import Reply, Upstream

log: Final = get_logger("keyless.forward")


class Renewal:
    """For all routes of one plan."""

    def __init__(self, upstream: Upstream, watch: Observers) -> None:
        self._upstream = upstream
        self._clock, self._ticks, self._audit = watch.clock, watch.ticks, watch.audit

    async def judged(self, exchange: Exchange, reply: Reply, token: Token) -> Reply:
        """The reply to pass on: this one, or that to the only replay. Raises Fault."""
        lane, plan = exchange.lane, exchange.plan
        reply, token = await self._taught(exchange, reply, token)
        if plan.challenged is not None and reply.status == 401 and not plan.challenged.judged(token, reply.headers):
            exchange.skipped = exchange.skipped or UNANSWERED
            return reply
        if not await judge.refuses(exchange, exchange.refusals, reply, token, self._clock()):
            lane.accepted(token, exchange.started)
            return reply
        if plan.final:
            # Only a person can put another credential there: reported, and the client need not try again.
            exchange.skipped = DEAD
            news = lane.died(token, self._clock().boot)
            observers.died(self._audit, exchange, token, reply.status, news)
            return reply
        try:
            next_step = await lane.refused(token, exchange.can_be_replayed, self._clock().boot)
        except BaseException:
            reply.close()
            raise
        if isinstance(next_step, Skip):
            exchange.skipped = next_step.reason
        if self._audit is not None:
            observers.token_refused(self._audit, exchange, token, reply.status)
        if isinstance(next_step, Skip):
            return reply
        reply.close()
        log.debug("replaying", route=plan.prefix, refused=token.generation, generation=next_step.token.generation)
        return await self._replayed(exchange, next_step)

    async def _replayed(self, exchange: Exchange, renewed: Renew) -> Reply:
        """The reply to the only replay, with a newer token (docs/traps.md 31). Raises Fault."""
        lane = exchange.lane
        exchange.attempts = 2
        exchange.needles = needles(exchange, renewed.token)
        exchange.plan, newer = bound(lane.plan, renewed.token)
        reply = await self._resend(exchange, newer)
        again = await judge.refuses(exchange, exchange.refusals, reply, newer, self._clock())
        exchange.replay = "refused", "refused" if again else "accepted"
        try:
            await lane.replayed(renewed, again, self._clock().boot)
        except BaseException:  # the client has gone meanwhile: nobody else would let go of it
            reply.close()
            raise
        if self._audit is not None:
            observers.replayed(self._audit, exchange, newer, again)
        return reply

    async def _taught(self, exchange: Exchange, reply: Reply, token: Token) -> tuple[Reply, Token]:
        """The reply to the last try, after those that have told what was lacking: the API's time, an answer to it."""
        for _ in range(ANSWERS if exchange.plan.challenged is not None else 1):
            better = await judge.lesson(exchange, reply, token, self._clock())
            if better is None:
                break
            if not exchange.can_be_replayed():
                exchange.skipped = "body_too_large"
                break
            reply.close()
            exchange.attempts, token = 2, better
            exchange.needles = needles(exchange, token)
            exchange.replay = "taught", "accepted"
            reply = await self._resend(exchange, token)
            if exchange.plan.challenged is not None and reply.status != 401:
                exchange.plan.challenged.accepted(token, exchange.plan.target.origin, reply.headers)
        return reply, token

    async def _resend(self, exchange: Exchange, token: Token) -> Reply:
        """Once more, with another token or what was learnt. Raises Fault."""
        call = prepare(exchange, token, self._clock)
        exchange.times.resent = self._ticks()
        reply = await self._upstream.send(call)
        exchange.times.again = self._ticks()
        return reply
