"""Workers by a fork server, seen from who asks for them: also by one that can't fork, or dies."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from proxy.process.fork_server import FAILED, NOTICE
from proxy.process.forks import Fork, Forks

PATIENCE = 30
ROOT = Path(__file__).parent.parent.parent

BEGIN = f"""
import os, signal, socket, sys
sys.path.insert(0, {str(ROOT)!r})
control = socket.socket(fileno=int(sys.argv[1]))
"""
SERVE = "from proxy.process.fork_server import serve\nlifeline = socket.socket(fileno=serve(control))\n"
READY = SERVE + "lifeline.send(b'r')\nsys.exit(lifeline.recv(1)[0] if lifeline.recv(1) else 0)"
WORKER = BEGIN + READY


class Asker:
    """Asks for workers, and holds our ends of their lifelines."""

    def __init__(self, program: str, patience: float) -> None:
        self.forks = Forks([sys.executable, "-c", program], patience)
        self._lifelines: list[socket.socket] = []

    async def ask(self, *inherited: int) -> tuple[Fork, socket.socket]:
        """One that has begun."""
        ours, theirs = socket.socketpair()
        self._lifelines.append(ours)
        ours.setblocking(False)
        with theirs:
            fork = await self.forks.fork(theirs, inherited)
        async with asyncio.timeout(PATIENCE):
            assert await asyncio.get_running_loop().sock_recv(ours, 1) == b"r"
        return fork, ours

    def server(self) -> asyncio.subprocess.Process:
        assert self.forks._server is not None
        return self.forks._server._process

    async def close(self) -> None:
        await self.forks.close()
        for lifeline in self._lifelines:
            lifeline.close()


@asynccontextmanager
async def asker(program: str, patience: float = PATIENCE) -> AsyncIterator[Asker]:
    made = Asker(program, patience)
    try:
        yield made
    finally:
        await made.close()


async def end(fork: Fork) -> int | None:
    async with asyncio.timeout(PATIENCE):
        return await fork.ended


async def test_one_server_for_all_that_are_asked_for_at_once() -> None:
    async with asker(WORKER) as made:
        workers = await asyncio.gather(*(made.ask() for _ in range(4)))
        assert len({fork.pid for fork, _ in workers}) == 4
        for number, (_, lifeline) in enumerate(workers):
            lifeline.send(bytes((0, number)))
        assert [await end(fork) for fork, _ in workers] == [0, 1, 2, 3]


async def test_descriptors_keep_their_numbers() -> None:
    """A worker is told of listening sockets by number."""
    reads, writes = os.pipe()
    program = BEGIN + SERVE + f"os.write({writes}, b'here')\nlifeline.send(b'r')"
    async with asker(program) as made:
        await made.ask(writes)
        assert os.read(reads, 9) == b"here"
    os.close(reads)
    os.close(writes)


async def test_signals() -> None:
    async with asker(WORKER) as made:
        (first, _one), (second, _other) = await made.ask(), await made.ask()
        first.terminate()
        second.kill()
        assert (await end(first), await end(second)) == (-15, -9)
        first.kill()  # it has ended: nothing happens


async def test_what_cannot_be_forked_is_an_error_and_the_next_may_be() -> None:
    program = BEGIN + f"socket.recv_fds(control, 1, 1)\ncontrol.send({NOTICE.pack(FAILED, 11, 0)!r})\n" + READY
    async with asker(program) as made:
        with pytest.raises(BlockingIOError, match="temporarily unavailable"):
            await made.ask()
        fork, lifeline = await made.ask()
        lifeline.close()
        assert await end(fork) == 0


async def test_no_interpreter() -> None:
    async with asker(WORKER) as made:
        made.forks._command = ("/nowhere/python",)
        with pytest.raises(FileNotFoundError):
            await made.ask()


async def test_a_server_that_dies_at_once() -> None:
    async with asker("import sys; sys.exit(1)") as made:
        for _ in range(2):
            with pytest.raises(OSError):  # noqa: PT011 -- broken off before it was asked, or after
                await made.ask()


async def test_after_a_servers_death_its_workers_stay_and_another_one_forks() -> None:
    async with asker(WORKER) as made:
        before, lifeline = await made.ask()
        made.server().kill()
        assert await end(before) is None
        after, other = await made.ask()
        assert after.pid != before.pid
        lifeline.send(b"ab")  # read, so it was there
        other.close()
        assert await end(after) == 0
        while True:
            with suppress(BlockingIOError):
                assert lifeline.recv(1) == b""
                return
            await asyncio.sleep(0.01)


async def test_one_that_does_not_end_by_itself_is_killed() -> None:
    stubborn = BEGIN + "lifeline = socket.recv_fds(control, 1, 1)\ncontrol.close()\nsignal.pause()"
    async with asker(stubborn, 0.05) as made:
        with pytest.raises(OSError, match="forks workers has ended"):
            await made.ask()
        process = made.server()
    assert process.returncode == -9
