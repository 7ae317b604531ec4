"""Workers by the fork server: asked for, and heard of when they end.

Owns: the process of the fork server, started when it is first needed and again when it has died. Must not know: what a
worker does, when one is wanted.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress

from proxy.process.fork_server import ASK, ENDED, FAILED, NOTICE
from proxy.tasks import spawn

PATIENCE = 5.0
"""Seconds for the fork server to end by itself: it only has to see that nobody asks."""


class Fork:
    """One worker. `ended` is its exit code; None where the fork server has died before it and nobody will know."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.ended: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)


class Forks:
    """`command` starts a fork server when the number of a descriptor is added to it."""

    def __init__(self, command: Sequence[str], patience: float = PATIENCE) -> None:
        self._command = tuple(command)
        self._patience = patience
        self._server: _Server | None = None
        self._starting = asyncio.Lock()

    async def fork(self, lifeline: socket.socket, inherited: Iterable[int]) -> Fork:
        """A worker that has `lifeline`, and the `inherited` descriptors under the numbers that they have here.

        Raises OSError: no memory, too many processes, or an upgrade that removed the interpreter.
        """
        async with self._starting:
            if self._server is None or self._server.has_died:
                self._server = await _Server.start(self._command, inherited)
        return await self._server.fork(lifeline)

    async def close(self) -> None:
        """The last worker has ended."""
        if self._server is not None:
            await self._server.close(self._patience)

    def abandon(self) -> None:
        """End it at once."""
        if self._server is not None:
            self._server.kill()


class _Server:
    def __init__(self, process: asyncio.subprocess.Process, control: socket.socket) -> None:
        self.has_died = False
        self._process = process
        self._control = control
        self._asked: deque[asyncio.Future[Fork]] = deque()
        self._forks: dict[int, Fork] = {}
        self._hearing = spawn(self._hear_all(), "news of workers")

    @classmethod
    async def start(cls, command: Sequence[str], inherited: Iterable[int]) -> _Server:
        """In a process group of its own: Ctrl-C reaches the supervisor alone. Raises OSError."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            try:
                process = await asyncio.create_subprocess_exec(
                    *command,
                    str(theirs.fileno()),
                    stdin=asyncio.subprocess.DEVNULL,
                    process_group=0,
                    pass_fds=(theirs.fileno(), *inherited),
                )
            except OSError:
                ours.close()
                raise
        return cls(process, ours)

    async def fork(self, lifeline: socket.socket) -> Fork:
        socket.send_fds(self._control, [ASK], [lifeline.fileno()])
        answer: asyncio.Future[Fork] = asyncio.get_running_loop().create_future()
        self._asked.append(answer)  # answered in the order of asking
        return await answer

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()

    async def close(self, patience: float) -> None:
        self._hearing.cancel()
        await asyncio.wait((self._hearing,))
        try:
            async with asyncio.timeout(patience):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()

    async def _hear_all(self) -> None:
        """Until it ends, whatever ended it."""
        heard = bytearray()
        try:
            with suppress(OSError):
                while piece := await asyncio.get_running_loop().sock_recv(self._control, 4096):
                    heard += piece
                    while len(heard) >= NOTICE.size:
                        self._hear(*NOTICE.unpack_from(heard))
                        del heard[: NOTICE.size]
        finally:
            self._forget()

    def _hear(self, what: int, number: int, code: int) -> None:
        if what == ENDED:
            self._forks.pop(number).ended.set_result(code)
            return
        answer = self._asked.popleft()
        if what == FAILED:
            _fail(answer, OSError(number, os.strerror(number)))
            return
        fork = self._forks[number] = Fork(number)
        if answer.cancelled():
            fork.kill()
        else:
            answer.set_result(fork)

    def _forget(self) -> None:
        self.has_died = True
        self._control.close()
        for answer in self._asked:
            _fail(answer, ConnectionError(None, "the process that forks workers has ended"))
        for fork in self._forks.values():
            fork.ended.set_result(None)
        self._asked.clear()
        self._forks.clear()


def _fail(answer: asyncio.Future[Fork], error: OSError) -> None:
    if not answer.cancelled():
        answer.set_exception(error)
