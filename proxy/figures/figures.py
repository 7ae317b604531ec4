"""All that is counted and remembered in one process, and who is told of each exchange that is over.

Owns: that nobody pays for what nobody watches. Must not know: who watches.
"""

from __future__ import annotations

from collections.abc import Callable

from proxy.figures.counts import Counts
from proxy.figures.ended import Ended
from proxy.figures.recent import Recent
from proxy.figures.series import Series

Watcher = Callable[[Ended], None]


class Figures:
    """Outlives every config. `recent` and `series` are None until `look_on`. Watchers must neither wait nor raise.

    `reloads` are by outcome; `store_failures` and `lost_traces` tell how many there were.
    """

    __slots__ = ("counts", "lost_traces", "recent", "reloads", "series", "store_failures", "watchers")

    def __init__(self) -> None:
        self.counts = Counts()
        self.reloads: dict[str, int] = {}
        self.store_failures: Callable[[], int] = _none
        self.lost_traces: Callable[[], int] = _none
        self.watchers: list[Watcher] = []
        self.recent: Recent | None = None
        self.series: Series | None = None

    def look_on(self) -> None:
        """From now on the last exchanges are kept, and the last hour, if somebody ticks."""
        if self.recent is None:
            self.recent = Recent()
            self.series = Series(self.counts)
            self.watchers.append(self.recent.add)

    def reloaded(self, outcome: str) -> None:
        self.reloads[outcome] = self.reloads.get(outcome, 0) + 1

    def not_reloaded(self) -> None:
        self.reloaded("failed")

    def tell(self, ended: Ended) -> None:
        for watcher in self.watchers:
            watcher(ended)


def _none() -> int:
    return 0
