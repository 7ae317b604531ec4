"""What a worker's page knows of reloads: the supervisor reads the config, and is asked over a socket of their folder.

Owns: the words between the two. Must not know: what a reading brings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from proxy.process.asking import ask
from proxy.process.reloading.tidings import Reading, Reloads
from proxy.process.runtime import Answer, Ask

NAME = "s"
"""A short one: a unix socket's path may have 107 bytes."""
FAILED = "reload_failed"


def answers(reloads: Reloads) -> dict[str, Ask]:
    """The supervisor's."""

    async def readings(_names: Sequence[str]) -> Answer:
        return Answer({"readings": [reading.document() for reading in await reloads.readings()]})

    async def again(_names: Sequence[str]) -> Answer:
        await reloads.again()
        return Answer({})

    return {"readings": readings, "again": again}


def failures(count: Callable[[], None]) -> dict[str, Ask]:
    """A worker's: it hears of each config that could not be used."""

    async def failed(_names: Sequence[str]) -> Answer:
        count()
        return Answer({})

    return {FAILED: failed}


class SupervisedReloads:
    """A worker's. Raises OSError or ValueError where the supervisor does not answer."""

    def __init__(self, private: Path) -> None:
        self._path = private / NAME

    async def readings(self) -> Sequence[Reading]:
        document = await ask(self._path, "readings")
        return [Reading.read(each) for each in document["readings"]]

    async def again(self) -> None:
        await ask(self._path, "again")
