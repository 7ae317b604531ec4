"""Those who watch over requests: who asks, how much, what is written down. Each is a part of its own.

Owns: what the audit log is told of a request, and what must be blanked out of that. Must not know: what a line looks
like (audit/events.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from proxy.audit.events import Audit
from proxy.auth.token import Token
from proxy.config.model import Config
from proxy.errors import Fault
from proxy.figures.figures import Figures
from proxy.logger import get_logger
from proxy.plan.route import Plan
from proxy.serve.exchange import Exchange
from proxy.serve.quota.local import Quotas
from proxy.serve.sessions import Sessions
from proxy.serve.visitors import Visitors
from proxy.tokens.cell import Cell
from proxy.traces.trace import Tracing
from proxy.values.now import Now
from proxy.values.record import record

log = get_logger("keyless.forward")


@record
class Observers:
    """None for what the config doesn't ask for; sessions come without being asked for, and visitors may."""

    clock: Callable[[], Now]
    ticks: Callable[[], float]
    visitors: Visitors
    quotas: Quotas | None
    figures: Figures
    tracing: Tracing | None
    audit: Audit | None
    sessions: Sessions


def refused(audit: Audit, exchange: Exchange, fault: Fault) -> None:
    """A fault is the end of a request: refused by us, or a replay that failed. Others are no refusals."""
    if exchange.attempts > 1:
        _tell(audit, exchange, "replay", outcome=fault.code)
    elif fault.refuses:
        _tell(audit, exchange, "request_refused", code=fault.code)


def token_refused(audit: Audit, exchange: Exchange, token: Token, status: int) -> None:
    """The API says no to a token; `outcome` is why there is no replay, or that there will be one."""
    outcome = exchange.skipped or "renewed"
    _tell(audit, exchange, "token_refused", generation=token.generation, status=status, outcome=outcome)


def died(audit: Audit | None, exchange: Exchange, token: Token, status: int, news: bool) -> None:
    """The API says that a credential is dead that nothing renews."""
    if audit is not None:
        token_refused(audit, exchange, token, status)
    if news:
        provider = exchange.plan.provider
        name = None if provider is None else provider.name
        log.warning("credential dead", provider=name, route=exchange.plan.prefix, status=status)


def replayed(audit: Audit, exchange: Exchange, token: Token, again: bool) -> None:
    _tell(audit, exchange, "replay", generation=token.generation, outcome="refused" if again else "accepted")


def _tell(audit: Audit, exchange: Exchange, event: str, **facts: Any) -> None:
    request, client = exchange.request, exchange.client
    plan = exchange.plan
    audit.request(
        event,
        client.name if client is not None else None,
        (request.peer or "unix", request.headers.get("Origin")),
        (exchange.method, plan.key_slots.hidden(exchange.way.path or request.target)),
        route=plan.prefix or None,  # what no route takes has a plan without a name
        provider=plan.provider.name if plan.provider is not None else None,
        **facts,
    )


def live_secrets(config: Config, plan: Plan, cells: Iterable[Cell]) -> Iterator[str]:
    """What must not stand in an audit line: of the config, and the tokens that live now."""
    yield from (key.key for client in config.clients for key in client.keys)
    yield from (key for key in (config.admin.key, *(config.store_key or ())) if key is not None)
    for provider in plan.providers.values():
        yield from provider.secrets
    for cell in cells:
        token = cell.life.token
        yield from (text for text in (token.value, token.refresh_token) if text) if token is not None else ()
