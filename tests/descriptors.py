"""A process whose descriptors are used up."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path


@contextmanager
def without_descriptors() -> Iterator[None]:
    """Not one is left, and no more than this process already has may be had."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        probe = stack.enter_context(Path("/dev/null").open())
        resource.setrlimit(resource.RLIMIT_NOFILE, (probe.fileno() + 1, hard))
        with suppress(OSError):
            while True:
                stack.enter_context(Path("/dev/null").open())
        yield
