"""Keeps the cells: one per credential, whichever providers share it, through every reload.

Owns: which cells there are, and who tells them that another process has written. Must not know: how a cell comes to its
token (tokens/cell.py), HTTP, routes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from weakref import WeakSet

import structlog

from proxy.auth.life.lifecycle import Lifecycle
from proxy.auth.schemes.scheme import Scheme
from proxy.logs import kind
from proxy.tasks import spawn
from proxy.tokens.cell import FLIGHT_TIMEOUT, Cell
from proxy.tokens.mint import Means
from proxy.tokens.records import Records
from proxy.tokens.store import EVERYTHING, NOTED

log = structlog.get_logger("keyless.keeper")

WATCH_AGAIN = 1.0
WARM_AT_ONCE = 32
"""Cells that are fetched before anyone asks. Far fewer than may be in the air, so that who does ask waits for none."""

LOOK_AT_ONCE = 16
"""Cells that read the store: each has a short time for it, of which none is for waiting behind a thousand others."""


class Keeper:
    """All cells of the process, by the identity of their credential: equal definitions share one."""

    def __init__(self, means: Means, flight_timeout: float = FLIGHT_TIMEOUT) -> None:
        self._means = means
        self._flight_timeout = flight_timeout
        self._cells: dict[str, Cell] = {}
        self._gone: WeakSet[Cell] = WeakSet()
        self._watch: asyncio.Task[None] | None = None
        self._cold: deque[Cell] = deque()
        self._warming: set[asyncio.Task[None]] = set()

    def cell(self, name: str, scheme: Scheme, life: Callable[[], Lifecycle]) -> Cell:
        """The cell of provider `name`; `life` makes its record if no provider shares it yet."""
        cell = self._cells.get(scheme.identity)
        if cell is None:
            cell = self._cells[scheme.identity] = Cell(scheme, life(), self._means, self._flight_timeout)
        elif not cell.names:  # from before a reload
            cell.redefined(scheme, life())
        cell.names.append(name)
        return cell

    def recast(self, providers: Iterable[tuple[str, Scheme, Callable[[], Lifecycle]]]) -> list[Cell]:
        """The cells of exactly these providers, in order. Those that are there already keep their tokens; those that
        serve no provider any more are let go, and requests that hold them end with what they have.
        """
        before = {cell: list(cell.names) for cell in self}
        for cell in before:
            cell.names.clear()
        cells = [self.cell(*provider) for provider in providers]
        for cell, names in before.items():
            if not cell.names:
                cell.names.extend(names)
                del self._cells[cell.key]
                self._gone.add(cell)
        return cells

    @property
    def records(self) -> Records:
        return self._means.records

    def warm(self, cells: Iterable[Cell]) -> None:
        """Fetch what they need, in the background and a few at a time; one that is asked for does not wait for this."""
        self._cold.extend(cells)
        self._warm_more()

    def _warm_more(self) -> None:
        while self._cold and len(self._warming) < WARM_AT_ONCE:
            cell = self._cold.popleft()
            flight = cell.warm() if self._cells.get(cell.key) is cell else None
            if flight is not None and flight not in self._warming:
                self._warming.add(flight)
                flight.add_done_callback(self._warmed)

    def _warmed(self, flight: asyncio.Task[None]) -> None:
        self._warming.discard(flight)
        self._warm_more()

    async def abstain(self) -> None:
        """Mint no more where a new token kills the old one, or spends what it is got with; wait for what is under way.

        Another process does it from now on, and ours would be in its way.
        """
        for cell in self:
            cell.abstains = cell.one_shot or cell.life.exclusive
        await asyncio.gather(*(cell.landed() for cell in self if cell.abstains))

    def resume(self) -> None:
        for cell in self:
            cell.abstains = False

    def known(self, identity: str) -> Cell | None:
        return self._cells.get(identity)

    def __iter__(self) -> Iterator[Cell]:
        return iter(self._cells.values())

    def watch(self) -> None:
        """Take over at once what other processes mint, expire, or log in to."""
        if self._means.records.shared:
            self._watch = spawn(self._watching(), "watch the store")

    async def _watching(self) -> None:
        while True:
            try:
                await self._means.records.watch(self._heard)
            except Exception as error:
                # A bug here must not end the watch for good. Its message may quote a secret.
                log.exception("watching the store broke", kind=kind(error), exc_info=False)
                await asyncio.sleep(WATCH_AGAIN)

    async def _heard(self, key: str) -> None:
        if key == EVERYTHING:
            cells = list(self)
            for first in range(0, len(cells), LOOK_AT_ONCE):
                await asyncio.gather(*map(_look_at_all_of, cells[first : first + LOOK_AT_ONCE]))
            return
        cell = self._cells.get(key.removesuffix(NOTED))
        if cell is not None:
            await (cell.sharing.look() if key.endswith(NOTED) else cell.look())

    async def close(self) -> None:
        self._cold.clear()
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait((self._watch,))
        await asyncio.gather(*(cell.close() for cell in (*self, *self._gone)))


async def _look_at_all_of(cell: Cell) -> None:
    await cell.look(whole=True)
    await cell.sharing.look()
