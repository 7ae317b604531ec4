"""A reply whose head is there goes to the client as it comes; an upgraded one becomes a pipe.

Owns: which of the two, and that the reply is closed. Must not know: how the reply was got.
"""

from __future__ import annotations

from proxy.plan.replies.frames import Frames
from proxy.serve import answer
from proxy.serve.exchange import Exchange
from proxy.serve.upstream import Reply
from proxy.serve.websocket import tunnel


async def pass_on(exchange: Exchange, reply: Reply) -> bool:
    """False where the API broke it off. Raises ConnectionResetError when the client has gone."""
    exchange.times.streamed = True
    try:
        if reply.status != 101:
            return await answer.stream(exchange, reply)
        answer.switch_protocols(exchange, reply)
        scrubs = exchange.needles and exchange.plan.scrub != "headers"
        await tunnel(exchange.request, reply, Frames(exchange.needles) if scrubs else None)
        return True
    finally:
        reply.close()  # also where the client has left in the turn of the loop that brought the reply
