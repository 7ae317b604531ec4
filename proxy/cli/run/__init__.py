"""`keyless run`: serves until it's told to stop.

Nothing on the table that it prints may delay listening: tokens are got behind it.
"""

from __future__ import annotations

import asyncio
import io
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer

from proxy import __version__, logs, shortage
from proxy.admin.commands import answers
from proxy.app import Service
from proxy.cli.kit import shown
from proxy.cli.kit.audited import check_or_exit
from proxy.cli.kit.memory import keep_freed_memory
from proxy.cli.kit.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    StrictOption,
    asleep,
    command_app,
    fail,
    load_or_exit,
    print_rows,
    print_warnings,
)
from proxy.cli.kit.stop import on_hang_up, on_signals
from proxy.cli.run import commands, workers
from proxy.cli.sandbox import standing_by
from proxy.config.loaded import Loaded
from proxy.config.model import Config
from proxy.process.reload import Reloader, Replace
from proxy.sink import Sink

WorkerOption = Annotated[int | None, typer.Option(hidden=True)]
Reloading = Callable[[Replace], Reloader]

log = structlog.get_logger("keyless.run")

app = command_app()


@app.command()
def run(
    config: ConfigOption = DEFAULT_CONFIG,
    reload: Annotated[
        bool, typer.Option("--reload/--no-reload", help="Take over changes of the config files at once.")
    ] = True,
    strict: StrictOption = False,
    worker: WorkerOption = None,
) -> None:
    """Serve the config's routes until SIGINT or SIGTERM, which let running requests end; a second one doesn't.

    SIGHUP reads the config again.
    """
    if worker is not None:
        lifeline, post = workers.take_post(worker)
        with logs.serving(post.loaded.config.log):
            _run(workers.work(lifeline, post))
        return
    began = time.time()
    shortage.raise_limit()
    loaded = load_or_exit(config, strict=strict)
    count = workers.how_many(loaded.config.workers)
    reloader = _reloader(loaded, config, reload, began)
    with logs.serving(loaded.config.log), _saying() as out:
        check_or_exit(loaded)
        _warn_of_descriptors(loaded.config)
        if count == 1:
            _run(_serve(loaded, config, reloader, out))
        else:
            # Not on uvloop: it starts no process in a group of its own, and nothing here has to be fast.
            asyncio.run(_supervise(loaded, config, count, reloader, out))


def _warn_of_descriptors(config: Config) -> None:
    """Of each worker, which may get all connections."""
    wanted = config.limits.max_connections * len(config.listen) * shortage.PER_CONNECTION
    if wanted > shortage.limit():
        told = {"limit": shortage.limit(), "wanted": wanted}
        log.warning("limits.max_connections can't be reached: too few file descriptors (`ulimit -n`)", **told)


def _reloader(loaded: Loaded, path: Path, reload: bool, began: float) -> Reloading:
    return lambda replace: Reloader(loaded, replace, path, began, unasked=reload)


def _run(serving: Coroutine[Any, Any, None]) -> None:
    keep_freed_memory()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(serving)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 -- it doesn't exist on Windows
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(loaded: Loaded, path: Path, reloader: Reloading, out: Sink) -> None:
    told = on_signals()
    async with standing_by(loaded.config) as sandbox, Service(loaded) as service:
        service.started()
        try:
            listeners = await service.listen()
        except OSError as error:
            fail(f"can't listen: {error.strerror or error}")
        with _said(out):
            introduce(loaded, path, [listener.url for listener in listeners], sandbox)
        async with (
            reloader(service.replace) as reloading,
            commands.answering(path, answers(lambda: service.view) | commands.reload(reloading.ask)),
        ):
            on_hang_up(reloading.ask)
            await told.wait()
        with _said(out):
            print("stopping")


async def _supervise(loaded: Loaded, path: Path, count: int, reloader: Reloading, out: Sink) -> None:
    supervisor = workers.supervisor(loaded, path, count)
    told = on_signals(at_once=supervisor.abandon)
    async with standing_by(loaded.config) as sandbox, supervisor:
        listeners = await workers.listen(supervisor, told)
        if listeners:
            with _said(out):
                introduce(loaded, path, [listener.url for listener in listeners], sandbox, count)
            relayed = commands.relayed(supervisor.private, count)
            async with (
                reloader(supervisor.replace) as reloading,
                commands.answering(path, relayed | commands.reload(reloading.ask)),
            ):
                on_hang_up(reloading.ask)
                await told.wait()
        with _said(out):
            print("stopping")


@contextmanager
def _saying() -> Iterator[Sink]:
    """What goes to stdout: who does not read it, or has gone, neither ends the proxy nor holds it up."""
    out = Sink(logs.descriptor(sys.stdout))
    try:
        yield out
    finally:
        out.drain()


@contextmanager
def _said(out: Sink) -> Iterator[None]:
    with redirect_stdout(io.StringIO()) as text:
        yield
    out.write(text.getvalue())


def introduce(loaded: Loaded, path: Path, urls: list[str], sandbox: str, count: int = 1) -> None:
    """Where, which routes, what is ready, and how to look after it."""
    config, secrets = loaded.config, shown.secrets_of(loaded)
    several = f", {count} workers" if count > 1 else ""
    print(f"keyless {__version__} on {', '.join(urls)} ({path}{several})")
    if sandbox:
        print(sandbox)
    print_rows(
        [
            (prefix, shown.url(route.upstream, secrets), route.provider, _readiness(loaded, route.provider))
            for prefix, route in config.routes.items()
        ]
        or [("no routes",)]
    )
    print_warnings(loaded)
    print(f"status: `keyless status`, or {urls[0]}{config.admin.path}status. Ctrl-C stops.")


def _readiness(loaded: Loaded, provider: str) -> str:
    if provider in loaded.unconfigured:
        return asleep(loaded.unconfigured[provider])
    return "ready" if provider in loaded.config.providers else "ready, without a credential"
