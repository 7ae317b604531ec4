"""What time it is, as a value that is handed around. Must not know: how a clock is read (clock.py does)."""

from __future__ import annotations

from typing import NamedTuple


class Now(NamedTuple):
    """A reading of both clocks, in seconds: `boot` counts suspend and never jumps, `wall` is Unix time."""

    boot: float
    wall: float
