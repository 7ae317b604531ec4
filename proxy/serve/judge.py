"""Has the API refused the token? Looks at the head, and at the beginning of the body only where a rule needs it."""

from __future__ import annotations

import asyncio

from proxy.auth.refusal.refusal import Refusals, Verdict
from proxy.errors import Fault
from proxy.serve.upstream import Broken, Reply, Stalled

SAFE = frozenset(("GET", "HEAD", "OPTIONS"))


def verdict(refusals: Refusals, reply: Reply, method: str, age: float) -> Verdict:
    """What can be told without waiting: READ_BODY only where more of it must come. `age` is the token's, in seconds."""
    if reply.complete and refusals.reads_body and refusals.clears(reply.status, reply.headers, reply.seen()):
        return Verdict.ACCEPTED
    safe = method in SAFE
    found = refusals.head(reply.status, reply.headers, age, safe)
    if found is not Verdict.READ_BODY or not reply.complete:
        return found
    dead = refusals.body(reply.status, reply.headers, age, safe, reply.seen(), True)
    return Verdict.REFUSED if dead else Verdict.ACCEPTED


async def is_refused(refusals: Refusals, reply: Reply, method: str, age: float) -> bool:
    """`age` is the token's, in seconds. What is read of the body is given back. Raises Fault."""
    try:
        return await _is_refused(refusals, reply, method, age)
    except Broken as error:
        raise Fault("upstream_protocol", str(error)) from None
    except Stalled as error:
        raise Fault("upstream_timeout", str(error)) from None
    except asyncio.CancelledError:  # the client went away
        reply.close()
        raise


async def _is_refused(refusals: Refusals, reply: Reply, method: str, age: float) -> bool:
    found = verdict(refusals, reply, method, age)
    if found is not Verdict.READ_BODY:
        return found is Verdict.REFUSED
    prefix = await _peek(refusals, reply)
    return refusals.body(reply.status, reply.headers, age, method in SAFE, prefix, reply.complete)


async def _peek(refusals: Refusals, reply: Reply) -> bytes:
    """As much of the body as the verdict needs; bounded by the rules (docs/traps.md 34, 35)."""
    seen = b""
    while refusals.wants_more(reply.headers, seen):
        data = await reply.read()
        if not data:
            break
        seen += data
    reply.give_back(seen)
    return seen
