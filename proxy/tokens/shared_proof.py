"""One cell's proof, counted by all processes that share the store (docs/lifecycle.md#who-counts).

Owns: when the store is asked. Who is refused asks before it decides; who is accepted never does: what is news of that
is said in the background. Where the store fails, or is nobody else's, the proof is this process's own. Must not know:
the rule (auth/life/replay.py), engines.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from proxy.auth.life.lifecycle import Lifecycle, State
from proxy.auth.life.note import Note
from proxy.auth.life.proof import Proof
from proxy.tasks import Flight
from proxy.tokens.mint import Means
from proxy.tokens.store import StoreDown

T = TypeVar("T")

TRIES = 5
OBJECTING = 0.5
"""Seconds in which whoever shares the cell hears of refusals (a directory is looked at every 0.2 s) and, where the API
accepts the token there, says so."""


class SharedProof:
    """`adopt` takes over what the store holds of the cell's tokens; it may raise StoreDown."""

    __slots__ = ("_adopt", "_flight", "_key", "_life", "_means", "_steps", "proof")

    def __init__(self, key: str, life: Lifecycle, means: Means, adopt: Callable[[], Awaitable[object]]) -> None:
        self.proof = Proof()
        self._key = key
        self._life = life
        self._means = means
        self._adopt = adopt
        self._steps: list[tuple[Callable[[], Any], asyncio.Future[Any]]] = []
        self._flight: Flight[None] = Flight()

    @property
    def shared(self) -> bool:
        """Does anyone count with us? A token that never changes is nothing to agree on."""
        return self._means.records.shared and self._life.state(self._means.clock()) is not State.STATIC

    async def tell(self, step: Callable[[], T]) -> T:
        """What `step` makes of the proof as all have seen it, and what it changes told to all.

        It may run more than once, each time on the proof as it stands then. Those that wait go together.
        """
        if not self.shared:
            result = step()
            self.proof.unsaid.clear()
            return result
        told: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._steps.append((step, told))
        self._start()
        return await told

    def say(self) -> None:
        """Something was accepted, and that is news."""
        if self.shared:
            self._start()
        else:
            self.proof.unsaid.clear()

    async def objections(self) -> None:
        """Give the others time to hear and to say otherwise."""
        await self._means.sleep(OBJECTING)

    async def look(self) -> None:
        """Others have told something. A note on tokens that are not here yet comes before its record: it is left."""
        if not self.shared or self._flight.under_way:
            return
        try:
            _, note = await self._means.records.note(self._key)
        except StoreDown:
            return
        if note is not None and note.newest <= self._life.generation and not self._flight.under_way:
            note.onto(self.proof, self._means.clock())
            if self.proof.unsaid:
                self._start()

    async def close(self) -> None:
        await self._flight.close()
        for _, told in self._steps:
            told.cancel()

    # -------------------------------------------------------------- telling

    def _start(self) -> None:
        self._flight.start(self._tell_all, "share the proof")

    async def _tell_all(self) -> None:
        while self._steps or self.proof.unsaid:
            waiting, self._steps = self._steps, []
            try:
                results = await self._agreed([step for step, _ in waiting])
            except BaseException:
                for _, told in waiting:
                    told.cancel()
                raise
            for (_, told), result in zip(waiting, results, strict=True):
                if not told.done():
                    told.set_result(result)

    async def _agreed(self, steps: list[Callable[[], Any]]) -> list[Any]:
        """The results of steps that nobody else has come between, as far as the store can tell."""
        records, proof = self._means.records, self.proof
        results, news = None, dict(proof.unsaid)
        for _ in range(TRIES):
            try:
                stored, note = await records.note(self._key)
                if note is not None and await self._is_ours(note):
                    note.onto(proof, self._means.clock())
                results, news = [step() for step in steps], dict(proof.unsaid)
                if await records.renote(self._key, stored, Note.of(proof, self._means.clock())):
                    break
            except StoreDown:
                break  # what could not be said is not tried again: an accepted request must not start this each time
        if results is None:
            results, news = [step() for step in steps], dict(proof.unsaid)
        proof.said(news)
        return results

    async def _is_ours(self, note: Note) -> bool:
        """A note may be ahead of what we know of tokens; if the store knows no more, its tokens are gone for good."""
        if note.newest > self._life.generation:
            await self._adopt()
        return note.newest <= self._life.generation
