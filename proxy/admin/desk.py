"""What pages need that outlives every config.

Owns: which parts these are. Must not know: what they do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from proxy.admin.access.passes import Passes
from proxy.admin.fleet import Fleet
from proxy.admin.streams import Streams
from proxy.process.reloading.tidings import Reloads
from proxy.values.listen import Door


@dataclass(slots=True)
class Desk:
    """`fleet` is None where this process has no siblings. `reloads` come after the service that they hand configs to;
    None where nothing is read again. `doors`: where it listens, once it does.
    """

    passes: Passes
    streams: Streams
    doors: Callable[[], Sequence[Door]]
    fleet: Fleet | None = None
    reloads: Reloads | None = None
