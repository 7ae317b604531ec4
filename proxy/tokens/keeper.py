"""Keeps the cells: one per credential, whichever providers share it, through every reload.

Owns: which cells there are, and who tells them that another process has written. Must not know: how a cell comes to its
token (tokens/cell.py), HTTP, routes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from weakref import WeakSet

from proxy.auth.life.lifecycle import Lifecycle
from proxy.auth.schemes.scheme import Scheme
from proxy.logger import get_logger
from proxy.logs.bugs import kind
from proxy.tasks import cancelled, spawn
from proxy.tokens.cell import FLIGHT_TIMEOUT, Cell
from proxy.tokens.mint import Means
from proxy.tokens.records import Records
from proxy.tokens.store import EVERYTHING, NOTED, StoreDown

log = get_logger("keyless.keeper")

WATCH_AGAIN = 1.0
WARM_AT_ONCE = 32
"""Cells that are fetched before anyone asks. Far fewer than may be in the air, so that who does ask waits for none."""

LOOK_AT_ONCE = 16
"""Cells that read the store: each has a short time for it, of which none is for waiting behind a thousand others."""


class Keeper:
    """All cells of the process, by the identity of their credential: equal definitions share one."""

    def __init__(
        self,
        means: Means,
        flight_timeout: float = FLIGHT_TIMEOUT,
        open_logins: Callable[[], Records] | None = None,
    ) -> None:
        """`open_logins`: where logins of people are kept, if not with all else. Opened with the first of them."""
        self._means = means
        self._open_logins = open_logins
        self._logins: Records | None = None
        self._flight_timeout = flight_timeout
        self._cells: dict[str, Cell] = {}
        self._gone: WeakSet[Cell] = WeakSet()
        self._watches: list[asyncio.Task[None]] = []
        self._watching_began = False
        self._cold: deque[Cell] = deque()
        self._warming: set[asyncio.Task[None]] = set()

    def cell(self, name: str, scheme: Scheme, life: Callable[[], Lifecycle]) -> Cell:
        """The cell of provider `name`; `life` makes its record if no provider shares it yet."""
        cell = self._cells.get(scheme.identity)
        if cell is None:
            cell = self._cells[scheme.identity] = Cell(scheme, life(), self._means_of(scheme), self._flight_timeout)
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
    def store_failures(self) -> int:
        return sum(records.failures for records in (self.records, self._logins) if records is not None)

    @property
    def records(self) -> Records:
        return self._means.records

    def records_of(self, scheme: Scheme) -> Records:
        """Where what it brings is kept. Raises StoreDown."""
        if scheme.by_person is None or self._open_logins is None:
            return self.records
        if self._logins is None:
            self._logins = self._open_logins()
            self._watch(self._logins)
        return self._logins

    def _means_of(self, scheme: Scheme) -> Means:
        try:
            return replace(self._means, records=self.records_of(scheme))
        except StoreDown as down:
            log.warning("logins can't be kept, so there are none", reason=str(down))
            return self._means

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
        self._watching_began = True
        for records in (self.records, self._logins):
            self._watch(records)

    def _watch(self, records: Records | None) -> None:
        if self._watching_began and records is not None and records.shared:
            self._watches.append(spawn(self._watching(records), "watch the store"))

    async def _watching(self, records: Records) -> None:
        while True:
            try:
                await records.watch(self._heard)
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
        await cancelled(self._watches)
        await asyncio.gather(*(cell.close() for cell in (*self, *self._gone)))
        if self._logins is not None:
            await self._logins.close()


async def _look_at_all_of(cell: Cell) -> None:
    await cell.look(whole=True)
    await cell.sharing.look()
