"""Has the API refused the token? Looks at the head, and at the beginning of the body only where a rule needs it.

Owns: what a reply shows of the token it answers, and of what else was lacking. Must not know: what follows from it.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from proxy.auth.refusal.reading import Reading
from proxy.auth.refusal.refusal import Refusals, Verdict
from proxy.auth.token import Token
from proxy.http.fields import SAFE
from proxy.serve.exchange import Exchange
from proxy.serve.skew import learnt
from proxy.serve.upstream import Broken, Reply, Stalled, fault_of
from proxy.values.now import Now

DOUBT: Final = 0.2
"""Seconds from the first bytes of a body that may be a stream, after which it goes on though a rule may still match."""
SILENCE: Final = 2.0
"""Seconds from the head of an event stream, after which it goes on though nothing has come: it may be of rare news."""


def accepts(exchange: Exchange, reply: Reply, token: Token, now: Now) -> bool:
    """The API has taken it, as far as can be told without waiting. `now` is when the request came."""
    plan, age = exchange.plan, now.boot - token.minted.boot
    if plan.challenged is not None:
        if reply.status == 401:
            return False
        plan.challenged.accepted(token, plan.target.origin, reply.headers)
    if plan.skewed is not None and verdict(plan.skewed, reply, exchange.method, age) is not Verdict.ACCEPTED:
        return False
    refusals = exchange.refusals
    if refusals is None:
        return True
    if verdict(refusals, reply, exchange.method, age) is not Verdict.ACCEPTED:
        return False
    exchange.lane.accepted(token, now.boot)
    return True


async def lesson(exchange: Exchange, reply: Reply, token: Token, now: Now) -> Token | None:
    """What to try with instead; None where the reply has told nothing new. Raises Fault."""
    plan = exchange.plan
    if plan.challenged is not None and reply.status == 401:
        return plan.challenged.learnt(token, plan.target.origin, reply.headers)
    skewed = plan.skewed is not None and await refuses(exchange, plan.skewed, reply, token, now)
    return token if skewed and learnt(plan, reply.headers, now.wall) else None


async def refuses(exchange: Exchange, refusals: Refusals | None, reply: Reply, token: Token, now: Now) -> bool:
    """Do these rules say that the API has refused it? Raises Fault."""
    age = now.boot - token.minted.boot
    try:
        return refusals is not None and await is_refused(refusals, reply, exchange.method, age)
    except (Broken, Stalled) as error:
        raise fault_of(exchange.plan.target.origin, error) from None


def verdict(refusals: Refusals, reply: Reply, method: str, age: float) -> Verdict:
    """What can be told without waiting: READ_BODY only where more of it must come. `age` is the token's, in seconds."""
    if reply.complete and refusals.reads_body and refusals.clears(reply.status, reply.headers, reply.seen()):
        return Verdict.ACCEPTED
    safe = method in SAFE
    found = refusals.head(reply.status, reply.headers, age, safe)
    if found is not Verdict.READ_BODY or not reply.complete:
        return found
    dead = refusals.reading(reply.status, reply.headers, age, safe).refuses(reply.seen(), True)
    return Verdict.REFUSED if dead else Verdict.ACCEPTED


class Patience(NamedTuple):
    """Seconds, as above; tests have others."""

    doubt: float = DOUBT
    silence: float = SILENCE


USUAL: Final = Patience()


async def is_refused(refusals: Refusals, reply: Reply, method: str, age: float, patience: Patience = USUAL) -> bool:
    """`age` is the token's, in seconds. What is read of the body is given back. Raises Broken or Stalled."""
    found = verdict(refusals, reply, method, age)
    if found is not Verdict.READ_BODY:
        return found is Verdict.REFUSED
    reading = refusals.reading(reply.status, reply.headers, age, method in SAFE)
    try:
        prefix = await _peek(reading, reply, patience)
    except BaseException:  # the client went away, or the API did
        reply.close()
        raise
    return reading.refuses(prefix, reply.complete)


async def _peek(reading: Reading, reply: Reply, patience: Patience) -> bytes:
    """As much of the body as the verdict needs: bounded by the rules, for a stream in time too (traps 34, 35)."""
    loop = reply.connection.loop
    seen, until = b"", loop.time() + patience.silence if reading.may_be_silent else math.inf
    while reading.wants_more(seen):
        if until < math.inf and not await reply.come(until):
            break
        data = await reply.read()
        if not data:
            break
        if not seen and reading.may_be_stream:
            until = loop.time() + patience.doubt
        seen += data
    reply.give_back(seen)
    return seen
