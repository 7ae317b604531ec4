"""A proxy inside `keyless exec`, where none runs: on a free port, for the time of the program.

Owns: its start and end, and that it is silent meanwhile. Must not know: the program.
"""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from io import StringIO
from pathlib import Path

from proxy.app import Service
from proxy.cli.exec.loan import Loan, NotLent, Wish
from proxy.cli.kit.options import load_or_exit
from proxy.cli.kit.standby import standing_by
from proxy.config.loaded import Loaded
from proxy.config.model import ListenerTls, Log
from proxy.config.model.tls import LOCAL
from proxy.errors import Fault
from proxy.logs import setup
from proxy.process.lending.lender import new_session
from proxy.process.lending.offer import Offer
from proxy.process.lending.offering import offer, wants_tls
from proxy.values.listen import Door, Listener

UNKNOWN, SECURE = Door(Listener("127.0.0.1", 0)), Door(Listener("127.0.0.1", 0, tls=True))
_MOST_LINES = 20


class Tail(StringIO):
    """The last lines that were written."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[str] = deque(maxlen=_MOST_LINES)

    def write(self, text: str) -> int:
        self.lines.extend(text.splitlines())
        return len(text)


@asynccontextmanager
async def started(config: Path, wish: Wish) -> AsyncIterator[Loan]:
    """On a free port, for the time of the program; what it would log is told at the end."""
    tail = Tail()
    whole = load_or_exit(config)
    _offered(whole, [UNKNOWN], wish)
    loaded = _narrowed(whole, wish.routes)
    whole = whole.with_config(tls=loaded.config.tls)
    with _quiet(tail):
        async with standing_by(loaded.config), Service(loaded) as service:
            service.listening.drain = 0.0  # who still asks was the program's
            service.started()
            await service.listen()
            offered = _offered(whole, service.doors, wish)
            key, session = new_session(wish.name, [route.prefix for route in offered.routes], time.time())
            service.sessions.add(session)
            loan = Loan(offered, key)
            yield loan
        loan.remarks.extend(tail.lines)


def offered_by(config: Path, wish: Wish) -> Offer:
    """What one would offer, on a port that is not known yet. Raises NotLent."""
    whole = load_or_exit(config)
    _offered(whole, [UNKNOWN], wish)
    loaded = _narrowed(whole, wish.routes)
    return _offered(whole.with_config(tls=loaded.config.tls), loaded.config.doors, wish)


def _offered(loaded: Loaded, doors: Sequence[Door], wish: Wish) -> Offer:
    try:
        return offer(loaded, doors, wish.routes).holding(os.environ)
    except Fault as fault:
        raise NotLent.of(fault) from None


def _narrowed(loaded: Loaded, prefixes: Collection[str]) -> Loaded:
    """No token is got for a route that the program has no key for."""
    routes = {prefix: route for prefix, route in loaded.config.routes.items() if prefix in prefixes or not prefixes}
    own = loaded.only(providers={route.provider for route in routes.values()}, routes=routes)
    secure = _secure(own)
    tls = ListenerTls(cert=LOCAL) if secure else None
    return own.with_config(tls=tls, workers=1, log=Log(access=False)).at(_doors(own, secure))


def _secure(loaded: Loaded) -> set[str]:
    """The routes with an SDK that insists on https, and those whose own address speaks it."""
    spoken = {door.route for door in loaded.config.doors if door.listener.tls}
    return {prefix for prefix in loaded.config.routes if prefix in spoken or wants_tls(loaded, prefix)}


def _doors(loaded: Loaded, secure: Collection[str]) -> list[Door]:
    """One for all, with TLS a second one, and an address each for routes that have one."""
    alone = [prefix for prefix, route in loaded.config.routes.items() if route.listen is not None]
    own = [Door((SECURE if prefix in secure else UNKNOWN).listener, prefix) for prefix in alone]
    return [UNKNOWN, *([SECURE] if secure else []), *own]


@contextmanager
def _quiet(tail: Tail) -> Iterator[None]:
    last_resort = logging.lastResort
    setup.configure(Log(level="warning"), tail)
    logging.lastResort = logging.StreamHandler(tail)
    try:
        yield
    finally:
        logging.lastResort = last_resort
