"""`keyless run`: serves until it's told to stop.

The table that it prints delays neither listening nor an answer: tokens are got behind it, and a thread prints it.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from proxy import shortage
from proxy.admin.commands import answers
from proxy.app import Service
from proxy.cli.kit.announce import Announcer
from proxy.cli.kit.audited import check_or_exit
from proxy.cli.kit.memory import keep_freed_memory
from proxy.cli.kit.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    StrictOption,
    command_app,
    fail,
    load_or_exit,
)
from proxy.cli.kit.standby import standing_by
from proxy.cli.kit.stop import on_hang_up, on_signals
from proxy.cli.run import commands, workers
from proxy.cli.run import offline as apart
from proxy.cli.run import takeover as taking
from proxy.cli.run.readiness import READY, STOPPING, notify
from proxy.cli.run.said import introduction, stopping
from proxy.config.loaded import Loaded
from proxy.config.model import Config
from proxy.config.secrets.seal import Unsealable
from proxy.logger import get_logger
from proxy.logs import setup
from proxy.process.build import Build, running
from proxy.process.garbage import keep, undisturbed
from proxy.process.inherited import Sockets, from_systemd
from proxy.process.lending.lender import Lender
from proxy.process.lending.offering import offer
from proxy.process.reloading.reload import Reloader, Replace

WorkerOption = Annotated[int | None, typer.Option(hidden=True)]
Reloading = Callable[[Replace], Reloader]

log = get_logger("keyless.run")


class Start(NamedTuple):
    """`sockets` are systemd's; `takeover`: from another process, if one runs."""

    loaded: Loaded
    path: Path
    reloader: Reloading
    sockets: Sockets
    takeover: bool


app = command_app()


@app.command()
def run(
    config: ConfigOption = DEFAULT_CONFIG,
    reload: Annotated[
        bool, typer.Option("--reload/--no-reload", help="Take over changes of the config files at once.")
    ] = True,
    strict: StrictOption = False,
    takeover: Annotated[
        bool, typer.Option("--takeover", help="Take the place of a proxy that runs with this config, if there is one.")
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask nobody: answer from the replies that routes with `cache` have kept.")
    ] = False,
    worker: WorkerOption = None,
) -> None:
    """Serve the config's routes until SIGINT or SIGTERM, which let running requests end; a second one doesn't.

    SIGHUP reads the config again.
    """
    if worker is not None:
        lifeline, post = workers.take_post(worker)
        with setup.serving(post.loaded.config.log, shared=True):
            _run(workers.work(lifeline, post))
        return
    began = time.time()
    shortage.raise_limit()
    loaded = apart.chosen(load_or_exit(config, strict=strict), offline)
    count = workers.how_many(loaded.config.workers)
    if takeover and count > 1:
        fail("--takeover is for `workers: 1`: several workers have a queue each; let systemd hold their sockets", 2)
    start = Start(loaded, config, _reloader(loaded, config, reload, began), _from_systemd(loaded.config), takeover)
    with setup.serving(loaded.config.log, shared=count > 1):
        check_or_exit(loaded)
        if running() is Build.COMPILING:
            log.info("serving from the sources; what is being compiled counts from the next start")
        _warn_of_descriptors(loaded.config)
        if count == 1:
            keep_freed_memory()
            _run(_serve(start))
        else:
            # Not on uvloop: it starts no process in a group of its own, and nothing here has to be fast.
            asyncio.run(_supervise(start, count))


def _from_systemd(config: Config) -> Sockets:
    try:
        return from_systemd([door.listener for door in config.doors], os.environ)
    except OSError as error:
        fail(f"can't listen: {error.strerror or error}")


def _warn_of_descriptors(config: Config) -> None:
    """Of each worker, which may get all connections."""
    wanted = config.limits.max_connections * len(config.doors) * shortage.PER_CONNECTION
    if wanted > shortage.limit():
        told = {"limit": shortage.limit(), "wanted": wanted}
        log.warning("limits.max_connections can't be reached: too few file descriptors (`ulimit -n`)", **told)


def _reloader(loaded: Loaded, path: Path, reload: bool, began: float) -> Reloading:
    return lambda take_over: Reloader(
        loaded, apart.staying(take_over, loaded), path, began, undisturbed, unasked=reload
    )


def _run(serving: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(serving)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 -- it doesn't exist on Windows
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(start: Start) -> None:
    told = on_signals()
    left = await _left(start)
    with Announcer() as announcer:
        async with standing_by(start.loaded.config) as sandbox, _service(start, left) as service:
            lender = _lender(service, left)
            service.started()
            keep()
            try:
                await service.listen()
                if left is not None:
                    await left.ready()
            except OSError as error:
                fail(f"can't listen: {error.strerror or error}")
            except taking.TakeoverFailed as error:
                fail(str(error))
            doors = service.doors
            async with commands.answering(start.path) as runtime, start.reloader(service.replace) as reloading:
                service.desk.reloads = reloading.tidings
                reloading.tidings.failed = service.figures.not_reloaded
                runtime.answer(answers(lambda: service.view), commands.reload(reloading.ask))
                runtime.answer(lender.answers(), taking.leave(service, lender, runtime.leave, told.set))
                announcer.say(partial(introduction, start.loaded, start.path, doors, sandbox))
                on_hang_up(reloading.ask)
                notify(READY, os.environ)
                await told.wait()
            notify(STOPPING, os.environ)
            announcer.say(stopping(service.counts().requests))


async def _left(start: Start) -> taking.Left | None:
    try:
        return await taking.take(start.path) if start.takeover else None
    except taking.TakeoverFailed as error:
        fail(f"can't take over: {error}")


@asynccontextmanager
async def _service(start: Start, left: taking.Left | None) -> AsyncIterator[Service]:
    async with Service(start.loaded, inherited=start.sockets if left is None else left.sockets) as service:
        if left is not None:
            try:
                await service.take_over(left.document)
            except (ValueError, Unsealable):
                log.warning("what the former process kept in memory can't be read here; tokens are fetched anew")
        yield service


def _lender(service: Service, left: taking.Left | None) -> Lender:
    lender = Lender(service.sessions, lambda names: offer(service.loaded, service.doors, names), time.time)
    if left is not None:
        lender.go_on(left.sessions, left.connections)
    return lender


async def _supervise(start: Start, count: int) -> None:
    supervisor = workers.supervisor(start.loaded, start.path, count, start.sockets)
    told = on_signals(at_once=supervisor.abandon)
    with Announcer() as announcer:
        async with standing_by(start.loaded.config) as sandbox, supervisor:
            doors = await workers.listen(supervisor, told)
            if doors:
                async with (
                    commands.answering(start.path) as runtime,
                    start.reloader(supervisor.replace) as reloading,
                    commands.telling(supervisor.private, reloading.tidings),
                ):
                    reloading.tidings.failed = commands.not_reloaded(supervisor.private, count)
                    relayed = commands.relayed(supervisor.private, count)
                    sessions = supervisor.sessions
                    spread = commands.spread(supervisor.private, count, sessions)
                    lender = Lender(sessions, lambda names: offer(supervisor.loaded, doors, names), time.time, spread)
                    runtime.answer(relayed, lender.answers(), commands.reload(reloading.ask), taking.refuse())
                    announcer.say(partial(introduction, start.loaded, start.path, doors, sandbox, count))
                    on_hang_up(reloading.ask)
                    notify(READY, os.environ)
                    await told.wait()
            notify(STOPPING, os.environ)
            announcer.say(stopping(None))
