"""Traces leave for a collector by a thread of their own, so that neither a slow nor a dead one delays a request.

Owns: what waits to be sent, how much of that there may be, and what is lost. Must not know: what a span looks like
(spans.py), requests under way.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Sequence
from typing import Final, Protocol

from proxy.figures.ended import Ended
from proxy.logger import get_logger
from proxy.traces.trace import Trace

MOST: Final = 4096
"""Exchanges that wait. What comes then is lost, and counted."""
BATCH: Final = 256
EVERY: Final = 1.0
"""Seconds between two looks at what waits, unless a batch is full."""
PATIENCE: Final = 1.0
"""Seconds that the end of a process waits for the collector."""

Part = tuple[Trace, Ended]

log: Final = get_logger("keyless.traces")


class Exporter(Protocol):
    """Both are called in the thread, and may wait."""

    def send(self, parts: Sequence[Part]) -> bool:
        """Has the collector taken them?"""

    def close(self) -> None:
        """Whoever waits in `send` gives up."""


class Export:
    """`take` from the loop; `close` sends what is left. `lost`: how many no collector has taken."""

    def __init__(self, exporter: Exporter, to: str, most: int = MOST, every: float = EVERY) -> None:
        """`to` is told in the log."""
        self._exporter = exporter
        self._to = to
        self._most = most
        self._every = every
        self._waiting: deque[Part] = deque()
        self._wake = threading.Event()
        self._closing = False
        self._failing = False
        self.lost = 0
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)
        self._thread.start()

    def take(self, trace: Trace, ended: Ended) -> None:
        if len(self._waiting) >= self._most:
            self.lost += 1
            return
        self._waiting.append((trace, ended))
        if len(self._waiting) == BATCH:
            self._wake.set()

    async def close(self, patience: float = PATIENCE) -> None:
        self._closing = True
        self._wake.set()
        await asyncio.to_thread(self._thread.join, patience)
        self._exporter.close()
        await asyncio.to_thread(self._thread.join, patience)  # it tells what is lost

    # -------------------------------------------------------------- in the thread

    def _run(self) -> None:
        while not self._closing:
            self._wake.wait(self._every)
            self._wake.clear()
            while self._waiting:
                parts = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                self._told(self._exporter.send(parts), len(parts))

    def _told(self, taken: bool, parts: int) -> None:
        """The log hears of it once, and once more when it is over."""
        if not taken:
            self.lost += parts
        if taken is self._failing:
            self._failing = not taken
            if taken:
                log.info("traces are taken again", to=self._to, lost=self.lost)
            else:
                log.warning("traces are not taken, and lost", to=self._to)


def hush() -> None:
    """OpenTelemetry tells of each try; we tell of it once."""
    logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)
