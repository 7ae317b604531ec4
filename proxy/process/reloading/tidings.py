"""What is said of readings of the config and its secrets while the proxy runs: in the log, and on the page.

Owns: the words, each said once however often a thing is tried, and the last readings. Must not know: when one reads,
what becomes of a new config. Names only: no value, no secret. What is new about a provider because of its secret is
said by the audit log.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, field
from typing import Any, Protocol, Self

from proxy.logger import get_logger
from proxy.process.reloading.changes import Changes
from proxy.values.record import record

log = get_logger("keyless.reload")

KEPT = 20


@record
class Reading:
    """`at` in Unix seconds. `taken`: what is served otherwise since. `restart`: settings that wait for one.

    `held_back`: why all of it waits for a word. `problems`: why it can't be used, with file and line. `kept`: sources
    that gave no value, so that the last one counts.
    """

    at: float
    taken: Changes = field(default_factory=dict)
    restart: tuple[str, ...] = ()
    held_back: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """From JSON."""
        lists = {name: tuple(document[name]) for name in ("restart", "held_back", "problems", "kept")}
        return cls(document["at"], dict(document["taken"]), **lists)

    def document(self) -> dict[str, Any]:
        return asdict(self)


class Reloads(Protocol):
    """What pages know of reloads, and their button."""

    async def readings(self) -> Sequence[Reading]:
        """The last ones that brought something, oldest first."""

    async def again(self) -> None:
        """Read all of it again, and take over whatever it says: what SIGHUP does."""


class Tidings:
    """`ask` has all of it read again. `clock` tells Unix seconds. `failed` is called for what can't be used, once."""

    failed: Callable[[], None] | None = None

    def __init__(self, ask: Callable[[], None], clock: Callable[[], float] = time.time) -> None:
        self._ask = ask
        self._clock = clock
        self._kept: deque[Reading] = deque(maxlen=KEPT)
        self._pressed = False
        self._broken: tuple[str, ...] = ()
        self._unwatched = ""

    async def readings(self) -> Sequence[Reading]:
        return tuple(self._kept)

    async def again(self) -> None:
        """Whoever asks wants to hear what came of it, be it nothing new."""
        self._pressed = True
        self._ask()

    # -------------------------------------------------------------- what is said

    def unwatched(self, why: str) -> None:
        if self._unwatched != why:
            log.warning("files can't be watched; they are looked at now and then", reason=why)
        self._unwatched = why

    def broken(self, *problems: str) -> None:
        if problems != self._broken:
            log.error(
                "the config can't be used as it is now; what was read before stays in service", problems=list(problems)
            )
        if problems != self._broken or self._pressed:
            self._keep(Reading(self._clock(), problems=problems))
            if self.failed is not None:
                self.failed()
        self._broken = problems

    def held_back(self, reasons: tuple[str, ...]) -> None:
        log.warning("a change is held back until SIGHUP or a restart", reasons=list(reasons))
        self._keep(Reading(self._clock(), held_back=reasons))

    def taken(self, different: Changes, restart: Sequence[str], kept: tuple[str, ...], before: tuple[str, ...]) -> None:
        """It can be read, and serves. `kept`, and `before`: sources that gave no value this time and the last time."""
        if self._broken:
            log.info("the config can be read again")
        if kept and kept != before:
            log.warning("secrets can't be read any more; their last values stay in use", sources=list(kept))
        elif before and not kept:
            log.info("secrets can be read again")
        if different := {what: names for what, names in different.items() if names}:
            log.info("config reloaded", **different)
        if different or self._broken or kept != before or self._pressed:
            self._keep(Reading(self._clock(), different, tuple(restart), kept=kept))
        self._broken = ()

    def _keep(self, reading: Reading) -> None:
        self._kept.append(reading)
        self._pressed = False
