"""The two clocks that a token's life is judged by (docs/lifecycle.md#cell)."""

from __future__ import annotations

import random
import time
from functools import partial
from typing import Final

from proxy.values.now import Now

# Linux stops CLOCK_MONOTONIC while a laptop sleeps; elsewhere monotonic time counts that, and Windows has no clock ids.
_boot: Final = (
    partial(time.clock_gettime, getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
    if hasattr(time, "clock_gettime")
    else time.monotonic
)
_wall: Final = time.time

ticks: Final = time.monotonic
"""For how long something takes: neither of the two, but a quarter of their cost."""


def now() -> Now:
    return Now(_boot(), _wall())


def draw() -> float:
    """A number from [0, 1) for jitter; nothing secret depends on it."""
    return random.random()  # noqa: S311 -- jitter
