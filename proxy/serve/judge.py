"""Has the API refused the token? Looks at the head, and at the beginning of the body only where a rule needs it."""

from __future__ import annotations

from proxy.auth.refusal.refusal import Refusals, Verdict
from proxy.serve.upstream import Reply

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
    """`age` is the token's, in seconds. What is read of the body is given back. Raises Broken or Stalled."""
    found = verdict(refusals, reply, method, age)
    if found is not Verdict.READ_BODY:
        return found is Verdict.REFUSED
    try:
        prefix = await _peek(refusals, reply)
    except BaseException:  # the client went away, or the API did
        reply.close()
        raise
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
