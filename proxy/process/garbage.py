"""When Python looks for garbage: not while a config is taken over, and never among what a config is made of.

A full search walks along every object there is, 0.1 s for ten thousand routes, and all traffic waits for it, in
whichever thread it begins. What is frozen is left out. It is still freed when nobody refers to it any more; only rings
of objects that refer to one another are not, and configs and plans hold none (tests/process/test_garbage.py).

For processes of our own: where we are a guest, in a program that uses the library, this is not ours to decide.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

FEW = 450_000
"""Blocks of memory whose objects are searched within a few dozen milliseconds. To count objects takes half as long."""
YOUNG = 50_000
"""Objects that may be there besides what is frozen before there is a search: those of a thousand requests at once. By
Python's own measure, 700, their objects are looked at again and again, which took a tenth of all time; and hardly any
is ever garbage (a request leaves no rings behind).
"""


@contextmanager
def undisturbed() -> Iterator[None]:
    """No search inside; what there is at the end is frozen."""
    gc.disable()
    try:
        yield
    finally:
        settle()
        gc.enable()


class _Shared:
    """Whether what is frozen lies in pages that this process shares with others (fork_server.py)."""

    pages: ClassVar[bool] = False


def share() -> None:
    """Before this process forks others: freeze all there is, for good. To unfreeze it, or to search it for garbage,
    writes to each object, and a process that writes to a page has a copy of its own from then on: 11 MiB more each.
    """
    gc.freeze()
    _Shared.pages = True


def settle() -> None:
    """Freeze all there is, but for garbage where looking for that is quick; search rarely from here on."""
    if sys.getallocatedblocks() <= FEW:
        if not _Shared.pages:
            gc.unfreeze()
        gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG)
