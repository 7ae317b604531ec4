"""The runtime socket of a proxy that runs, for the commands of the same user.

Must not know: what is said over it (process/runtime.py).
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from proxy.errors import Fault
from proxy.logger import get_logger
from proxy.process.asking import ask
from proxy.process.lending.lender import Spread, written
from proxy.process.reloading import supervised
from proxy.process.reloading.tidings import Reloads
from proxy.process.runtime import Answer, Ask, Runtime, path_of
from proxy.serve.sessions import Sessions
from proxy.tasks import spawn

log = get_logger("keyless.runtime")

TRIES, PAUSE = 60, 0.5
"""How often, and after how many seconds, a worker is told again that did not answer: it is ended, or not there yet."""


@asynccontextmanager
async def answering(config: Path) -> AsyncIterator[Runtime]:
    """Where the socket can't be, commands go by the proxy's own address, as from another machine."""
    runtime = Runtime(path_of(config, os.environ))
    try:
        runtime.open()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            log.warning("another proxy runs with this config; commands speak to that one")
        else:
            log.info("no runtime socket", path=str(path_of(config, os.environ)), reason=error.strerror or str(error))
    try:
        yield runtime
    finally:
        await runtime.close()


@asynccontextmanager
async def telling(private: Path, reloads: Reloads) -> AsyncIterator[None]:
    """Workers' pages of reloads, which the supervisor alone makes."""
    runtime = Runtime(private / supervised.NAME, supervised.answers(reloads))
    try:
        runtime.open()
    except OSError as error:  # they say that there is nothing to tell
        log.warning("pages can't tell of reloads", reason=error.strerror or str(error))
    try:
        yield
    finally:
        await runtime.close()


def reload(now: Callable[[], None]) -> dict[str, Ask]:
    async def answer(_names: Sequence[str]) -> Answer:
        now()
        return Answer({})

    return {"reload": answer}


def not_reloaded(private: Path, count: int) -> Callable[[], None]:
    """Each worker counts what the supervisor could not use; one that does not answer counts from its start, anyway."""

    async def tell(number: int) -> None:
        with suppress(OSError, ValueError):
            await ask(worker_socket(private, number), supervised.FAILED)

    def tell_all() -> None:
        for number in range(count):
            spawn(tell(number), f"tell worker {number} of a config that can't be used")

    return tell_all


def relayed(private: Path, count: int) -> dict[str, Ask]:
    """What the supervisor of several workers can't tell: the first worker that answers does, for all."""

    def relay(name: str) -> Ask:
        async def answer(names: Sequence[str]) -> Answer:
            for number in range(count):
                try:
                    return Answer(await ask(worker_socket(private, number), name, *names))
                except (OSError, ValueError):
                    continue
            raise Fault("overloaded", "no worker answers", retry_after=1.0)

        return answer

    return {name: relay(name) for name in ("status", "expire")}


def spread(private: Path, count: int, sessions: Sessions) -> Spread:
    """Back when the workers that answer know all session keys; one that is about to start hears of them later."""

    async def tell(number: int) -> bool:
        try:
            await ask(worker_socket(private, number), "sessions", written(sessions))
        except (OSError, ValueError):
            return False
        return True

    async def tell_later(number: int) -> None:
        for _ in range(TRIES):
            await asyncio.sleep(PAUSE)
            if await tell(number):
                return

    async def tell_all() -> None:
        heard = await asyncio.gather(*map(tell, range(count)))
        for number in range(count):
            if not heard[number]:
                spawn(tell_later(number), f"tell worker {number} of session keys")

    return tell_all


def worker_socket(private: Path, number: int) -> Path:
    """A short name: a unix socket's path may have 107 bytes, and temporary folders are deep on some machines."""
    return private / f"c{number}"
