"""What is counted and told of an exchange that is over.

Owns: what of it becomes a record (figures/ended.py). Must not know: who watches, what a line looks like.
"""

from __future__ import annotations

from typing import Final

from proxy.figures.counts import RouteCounts
from proxy.figures.ended import Ended
from proxy.figures.figures import Figures
from proxy.serve.exchange import Exchange

CACHED: Final = "cached"
"""The note of an answer from the route's cache."""
FAILED: Final = "failed"
"""Of a replay to which no reply came."""


def over(figures: Figures, exchange: Exchange, boot: float) -> None:
    """It has ended at `boot`. Without a watcher, nothing is made."""
    if exchange.lookup is not None:
        exchange.lookup.close()
    counts, times = exchange.counts, exchange.times
    times.ended = boot
    counts.over(exchange.status, exchange.code, times)
    received, sent = exchange.request.connection.moved()
    counts.received += received
    counts.sent += sent
    if exchange.attempts > 1 or exchange.skipped is not None:
        _counted_again(counts, exchange)
    if figures.watchers:
        ended = _ended(exchange)
        ended.received, ended.sent = received, sent
        figures.tell(ended)


def _counted_again(counts: RouteCounts, exchange: Exchange) -> None:
    if exchange.attempts > 1:
        reason, outcome = exchange.replay or ("refused", FAILED)
        counts.replayed(reason, FAILED if outcome == "accepted" and exchange.code else outcome)
    if exchange.skipped is not None:
        counts.not_replayed(exchange.skipped)


def _ended(exchange: Exchange) -> Ended:
    plan, client = exchange.plan, exchange.client
    path = plan.key_slots.hidden(exchange.way.path).decode("latin-1")
    ended = Ended(exchange.times, exchange.method, path, exchange.status)
    ended.route = plan.prefix
    if plan.provider is not None:
        ended.provider = plan.provider.name
    if client is not None:
        ended.client = client.name
    if exchange.code:
        ended.code, ended.cause = exchange.code, exchange.cause
        ended.origin = exchange.head.facts.get(b"origin", b"").decode("latin-1")
    ended.attempts, ended.cut = exchange.attempts, exchange.cut
    if exchange.skipped is not None:
        ended.note = exchange.skipped
    elif exchange.lookup is not None and exchange.lookup.kept is not None:
        ended.note = CACHED
    return ended
