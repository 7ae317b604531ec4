"""What is counted and told of an exchange that is over.

Owns: what of it becomes a record (figures/ended.py). Must not know: who watches, what a line looks like.
"""

from __future__ import annotations

from typing import Final

from proxy.figures.counts import RouteCounts
from proxy.figures.ended import CACHED, Ended
from proxy.figures.figures import Figures
from proxy.http.request_id import given_id
from proxy.serve.exchange import CLIENT_GONE, Exchange

FAILED: Final = "failed"
"""Of a replay to which no reply came."""


def over(figures: Figures, exchange: Exchange, ticks: float) -> None:
    """It has ended at `ticks`. Without a watcher, nothing is made."""
    counts, times = exchange.counts, exchange.times
    if exchange.lookup is not None:
        counts.looked_up(exchange.lookup.close())
    times.ended = ticks
    status, code = exchange.status, exchange.code
    if status == CLIENT_GONE and not _has_gone(exchange):
        status, code = 500, "internal_error"  # a mistake of ours: the server answers, and logs it
    counts.over(status, code, times)
    received, sent = exchange.request.connection.moved()
    counts.received += received
    counts.sent += sent
    if exchange.attempts > 1 or exchange.skipped is not None:
        _counted_again(counts, exchange)
    trace = exchange.trace
    if trace is not None and trace.sampled:
        counts.traced(times, trace.id)
    if figures.watchers or trace is not None:
        ended = _ended(exchange, status, code)
        ended.received, ended.sent = received, sent
        figures.tell(ended)
        if trace is not None:
            trace.over(ended)


def _counted_again(counts: RouteCounts, exchange: Exchange) -> None:
    if exchange.attempts > 1:
        reason, outcome = exchange.replay or ("refused", FAILED)
        counts.replayed(reason, FAILED if outcome == "accepted" and exchange.code else outcome)
    if exchange.skipped is not None:
        counts.not_replayed(exchange.skipped)


def _has_gone(exchange: Exchange) -> bool:
    transport = exchange.request.connection.transport
    return transport is None or transport.is_closing()


def _ended(exchange: Exchange, status: int, code: str) -> Ended:
    plan, client = exchange.plan, exchange.client
    path = exchange.way.path
    if plan.key_slots.path is not None:
        path = plan.key_slots.hidden(path)
    ended = Ended(exchange.times, exchange.method, path.decode("latin-1"), status)
    ended.route = plan.prefix
    ended.id = exchange.request.id if code else exchange.request.told_id or given_id(exchange.head.facts)
    if plan.provider is not None:
        ended.provider = plan.provider.name
    if client is not None:
        ended.client = client.name
    if code:
        ended.code, ended.cause = code, exchange.cause
        ended.origin = exchange.head.facts.get(b"origin", b"").decode("latin-1")
    ended.attempts, ended.cut = exchange.attempts, exchange.cut
    if exchange.trace is not None and exchange.trace.sampled:
        ended.trace = exchange.trace.id
    if exchange.skipped is not None:
        ended.note = exchange.skipped
    elif exchange.lookup is not None and exchange.lookup.kept is not None:
        ended.note = CACHED
    return ended
