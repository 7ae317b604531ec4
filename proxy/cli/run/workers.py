"""`keyless run` with several workers: how they are forked, and what one does instead of `run`.

Must not know: how workers are looked after (process/supervisor.py).
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Literal

from proxy.admin.commands import answers
from proxy.app import Service
from proxy.cli.kit.memory import keep_freed_memory
from proxy.cli.kit.options import fail
from proxy.cli.kit.stop import on_signals
from proxy.cli.run.commands import worker_socket
from proxy.config.loaded import Loaded
from proxy.errors import ConfigError
from proxy.logger import get_logger
from proxy.process import fork_server
from proxy.process.garbage import settle, share, undisturbed
from proxy.process.inherited import Sockets
from proxy.process.lending.lender import told
from proxy.process.private_folder import PrivateFolder
from proxy.process.reloading.supervised import SupervisedReloads, failures
from proxy.process.runtime import Ask, Runtime
from proxy.process.supervisor import Supervisor, WorkersFailed
from proxy.process.worker_post import Lifeline, WorkerPost
from proxy.tasks import spawn
from proxy.tokens.store import StoreDown
from proxy.values.listen import Door
from proxy.wire.outbound.dial import public_context

PRELOADED = (
    *("uvloop", "proxy.tokens.calls.caller", "cryptography.fernet", "encodings.idna", "encodings.ascii"),
    *("proxy.auth.schemes.static", "proxy.auth.schemes.oauth2.scheme", "proxy.config.written.preset"),
)
"""What workers import beside this module once they serve: in one process instead of in each. It may be missing."""
ORPHANS_WAIT = 5.0
"""Seconds that a killed supervisor may take to let go of what it shared."""

log = get_logger("keyless.worker")


def how_many(workers: int | Literal["auto"]) -> int:
    """`auto`: one per CPU that this process may use."""
    if workers != "auto":
        return workers
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def supervisor(loaded: Loaded, path: Path, count: int, sockets: Sockets) -> Supervisor:
    """Exit code 1 where processes can't share a port."""
    if not hasattr(socket, "SO_REUSEPORT"):
        fail("several workers need SO_REUSEPORT, which this system lacks; set `workers: 1`")
    return Supervisor(loaded, count, command(path), sockets=sockets)


async def listen(supervisor: Supervisor, told: asyncio.Event) -> list[Door]:
    """Where it listens; nothing if it's told to end before that. One line and exit code 1 if it can't."""
    listening = spawn(supervisor.listen(), "listen")
    ending = spawn(told.wait(), "wait for the end")
    await asyncio.wait((listening, ending), return_when=asyncio.FIRST_COMPLETED)
    ending.cancel()
    if not listening.done():
        listening.cancel()
        return []
    try:
        return listening.result()
    except OSError as error:
        fail(f"can't listen: {error.strerror or error}")
    except StoreDown as error:
        fail(f"the store can't be used: {error}")
    except WorkersFailed as error:
        fail(str(error), error.code)


def command(config: Path) -> list[str]:
    """What starts their fork server when the number of a descriptor is added. `config` is for people who look at
    processes.
    """
    # Unless we were started with -m ourselves, a folder called proxy where the user happens to be is not us.
    safe = [] if getattr(sys.modules["__main__"], "__spec__", None) is not None else ["-P"]
    return [sys.executable, *safe, "-m", "proxy", "run", "-c", str(config), "--worker"]


def take_post(descriptor: int) -> tuple[Lifeline, WorkerPost]:
    """Back in each worker that is forked. Exit code 2 if no supervisor started this process, 1 if it's gone already."""
    try:
        control = socket.socket(fileno=descriptor)
    except OSError:
        fail("--worker is for processes that `keyless run` starts itself", 2)
    _preload()
    lifeline = Lifeline(fork_server.serve(control))
    try:
        return lifeline, lifeline.post()
    except (OSError, EOFError):
        fail("the supervisor is gone")


def _preload() -> None:
    """All that each worker would have for itself else, and that no config changes."""
    for name in PRELOADED:
        with suppress(ImportError):
            import_module(name)
    public_context()
    keep_freed_memory()
    share()


async def work(lifeline: Lifeline, post: WorkerPost) -> None:
    """Serve until a signal, or until the supervisor is no more: nobody could end this worker then."""
    ending = on_signals()
    patience = 0.0

    def orphaned() -> None:
        nonlocal patience
        patience = ORPHANS_WAIT
        ending.set()

    try:
        private = PrivateFolder(post.private)
    except OSError as error:
        fail(f"the workers' directory can't be used: {post.private}: {error.strerror}")
    try:
        sockets = {
            address: [socket.socket(fileno=number) for number in numbers] for address, numbers in post.inherited.items()
        }
        async with Service(post.loaded, post, inherited=sockets) as service:
            service.desk.reloads = SupervisedReloads(post.private)
            service.started()
            settle()
            try:
                await service.listen()
            except OSError as error:
                fail(f"can't listen: {error.strerror or error}")
            runtime = Runtime(worker_socket(post.private, post.number), _answers(service))
            try:
                runtime.open()
            except OSError as error:  # it serves all the same
                log.warning("no command can reach this worker", reason=error.strerror or str(error))
            lifeline.ready(orphaned)
            following = spawn(_follow(lifeline, service), "news from the supervisor")
            await ending.wait()
            following.cancel()
            await asyncio.wait((following,))
            await runtime.close()
    finally:
        lifeline.close()
        private.leave(patience)


def _answers(service: Service) -> dict[str, Ask]:
    return answers(lambda: service.view) | told(service.sessions) | failures(service.figures.not_reloaded)


async def _follow(lifeline: Lifeline, service: Service) -> None:
    while True:
        loaded, secrets = await lifeline.news()
        with undisturbed():
            try:
                await service.replace(loaded, secrets)
            except ConfigError:  # the supervisor, which has read it, says what is wrong
                service.figures.not_reloaded()
