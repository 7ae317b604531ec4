"""The parent of several workers on one port: starts them, restarts them, ends them.

Owns: processes, and what they share: the port (shared_sockets.py) and a private directory (private_folder.py). Must not
know: what a worker does. It holds no token and forwards nothing, so that nothing a client sends can harm it.

Workers are forked by a process that has loaded their code and does nothing else (fork_server.py), not from here: the
supervisor has a loop, threads and secrets. Ctrl-C reaches the supervisor alone, which lets them drain.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Self

from proxy.audit.journal import secrets_changed
from proxy.config.loaded import Loaded
from proxy.errors import KeylessError
from proxy.logger import get_logger
from proxy.process.forks import Fork, Forks
from proxy.process.inherited import Sockets
from proxy.process.private_folder import PrivateFolder
from proxy.process.reloading.changes import Changes
from proxy.process.shared_sockets import SharedSockets
from proxy.process.worker_post import READY, WorkerPost, framed
from proxy.serve.sessions import Sessions
from proxy.tasks import spawn
from proxy.tokens.cell import LONGEST_WAIT
from proxy.tokens.store.open import open_records
from proxy.values.listen import Door
from proxy.wire.inbound.server import DRAIN_SECONDS

log = get_logger("keyless.supervisor")

GRACE = DRAIN_SECONDS + LONGEST_WAIT + 1.5
"""Seconds from asking a worker to end until it is killed: one that is spending a refresh token waits for the next."""
YOUNG = 10.0
"""A worker that did not live this long may die of its start: the next one waits."""
FIRST_PAUSE, LAST_PAUSE = 1.0, 30.0


class WorkersFailed(KeylessError):  # noqa: N818 -- it says what is the case
    """A worker could not be started, right at the beginning; it has said why. `code` is its exit code."""

    def __init__(self, number: int, code: int) -> None:
        self.code = code
        super().__init__(f"worker {number} could not start (exit code {code})")


def next_pause(previous: float, lived: float) -> float:
    """Seconds before a dead worker is started anew, told the last pause and how long it lived."""
    return 0.0 if lived >= YOUNG else min(LAST_PAUSE, max(FIRST_PAUSE, previous * 2))


class Supervisor:
    """`command` starts what forks workers (forks.py). `sockets` listen already."""

    def __init__(
        self,
        loaded: Loaded,
        count: int,
        command: Sequence[str],
        grace: float = GRACE,
        sockets: Sockets = MappingProxyType({}),
    ) -> None:
        self.loaded = loaded
        self._grace = grace
        self._count = count
        self._forks = Forks(command)
        self._given = sockets
        self._sockets = SharedSockets()
        self._private: PrivateFolder | None = None
        self._news: dict[int, asyncio.Queue[tuple[Changes, Loaded]]] = {}
        self._alive: dict[int, Fork] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()
        self.sessions = Sessions()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stop()
        await self._forks.close()
        self._sockets.close()
        if self._private is not None:
            self._private.leave()

    async def listen(self) -> list[Door]:
        """Back when every worker listens. Raises OSError, StoreDown or WorkersFailed."""
        for listener, route in self.loaded.config.doors:
            self._sockets.open(listener, self._given.get(listener.address, ()), route)
        self._private = PrivateFolder.new()
        await self._open_store(self._private)
        self.loaded = self._shared(self.loaded, self._private)
        ready = []
        for number in range(self._count):
            post = WorkerPost(number, self._count, self._private.path, self.loaded, self._sockets.inherited)
            listens = asyncio.get_running_loop().create_future()
            self._keepers.append(spawn(self._keep(post, listens), f"worker {number}"))
            ready.append(listens)
        await asyncio.gather(*ready)
        return self._sockets.doors

    @property
    def private(self) -> Path:
        """The workers' folder; once it listens."""
        assert self._private is not None  # noqa: S101 -- it listens
        return self._private.path

    def abandon(self) -> None:
        """End at once: the operator will not wait. The caller exits."""
        self._forks.abandon()
        for worker in self._alive.values():
            worker.kill()
        self._sockets.close()
        if self._private is not None:
            shutil.rmtree(self._private.path, ignore_errors=True)

    async def replace(self, loaded: Loaded, secrets: Changes) -> None:
        """Let all workers serve this config from now on, and those that are started later.

        One of them writes down whose secrets are others.
        """
        assert self._private is not None  # noqa: S101 -- it listens
        self.loaded = self._shared(loaded, self._private)
        for news in self._news.values():
            news.put_nowait((secrets, self.loaded))
            secrets = {}
        secrets_changed(None, secrets)  # no worker was there

    async def _open_store(self, private: PrivateFolder) -> None:
        """Opened here once: what is wrong with it is said once, and its key is made before many want it."""
        config = self.loaded.config
        await open_records(_store(config.store, private), config.store_key, self.loaded.folder).close()

    def _shared(self, loaded: Loaded, private: PrivateFolder) -> Loaded:
        """The config as the workers get it: ports that are known, and a store that they share."""
        shared = loaded.with_config(store=_store(loaded.config.store, private)).at(self._sockets.doors)
        return replace(shared, written=None)  # only whoever reads the files needs what was written in them

    # -------------------------------------------------------------- one worker

    async def _keep(self, post: WorkerPost, listens: asyncio.Future[None]) -> None:
        """Keep this post manned until the supervisor stops; only its first worker may fail for good."""
        loop = asyncio.get_running_loop()
        pause = 0.0
        while not self._stopping.is_set():
            began = loop.time()
            code = await self._man(post, listens)
            if self._stopping.is_set():
                break
            if not listens.done():
                listens.set_exception(WorkersFailed(post.number, 1 if code is None else code))
                return
            pause = next_pause(pause, loop.time() - began)
            log.warning("worker ended", worker=post.number, code=code, restart_in=pause)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
        listens.cancel()

    async def _man(self, post: WorkerPost, listens: asyncio.Future[None]) -> int | None:
        """One worker from its start to its end: its exit code, if that could be known."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                try:
                    worker = await self._forks.fork(theirs, chain.from_iterable(post.inherited.values()))
                except OSError as error:
                    log.error("worker not started", worker=post.number, reason=error.strerror)  # noqa: TRY400 -- says all
                    return 1
            self._alive[post.number] = worker
            news = self._news[post.number] = asyncio.Queue()
            post = replace(post, loaded=self.loaded, sessions=tuple(self.sessions))
            telling = None
            if self._stopping.is_set():
                worker.terminate()
            try:
                await self._brief(ours, post, listens)
                telling = spawn(_tell(ours, news), f"news for worker {post.number}")
                return await _end_of(worker, ours)
            finally:
                del self._alive[post.number], self._news[post.number]
                if telling is not None:
                    telling.cancel()
                    await asyncio.wait((telling,))

    async def _brief(self, ours: socket.socket, post: WorkerPost, listens: asyncio.Future[None]) -> None:
        """Tell it its post and hear that it listens, or that it never will."""
        loop = asyncio.get_running_loop()
        ours.setblocking(False)
        try:
            await loop.sock_sendall(ours, post.to_bytes())
            is_ready = await loop.sock_recv(ours, 1) == READY
        except OSError:
            return
        if is_ready and not listens.done():
            listens.set_result(None)
        elif is_ready:
            log.info("worker restarted", worker=post.number, pid=self._alive[post.number].pid)

    # -------------------------------------------------------------- the end

    async def _stop(self) -> None:
        """Ask all to drain; who does not end in time is killed."""
        self._stopping.set()
        if not self._keepers:
            return
        for worker in self._alive.values():
            worker.terminate()
        _, late = await asyncio.wait(self._keepers, timeout=self._grace)
        for number, worker in self._alive.items():
            log.warning("worker killed: it did not end in time", worker=number)
            worker.kill()
        if len(late) > len(self._alive):  # one waits for a fork that does not come
            self._forks.abandon()
        if late:
            await asyncio.wait(late)


async def _end_of(worker: Fork, ours: socket.socket) -> int | None:
    """Its exit code. Where who forked it has died, the worker goes on, and its end is that of its lifeline."""
    code = await worker.ended
    if code is None:
        with suppress(OSError):
            while await asyncio.get_running_loop().sock_recv(ours, 1):
                pass
    return code


async def _tell(ours: socket.socket, news: asyncio.Queue[tuple[Changes, Loaded]]) -> None:
    """Every new config, to a worker that listens; one that is gone needs none."""
    with suppress(OSError):
        while True:
            await asyncio.get_running_loop().sock_sendall(ours, framed(*await news.get()))


def _store(configured: str, private: PrivateFolder) -> str:
    return f"memory:{private.path / 'store'}" if configured == "memory" else configured
