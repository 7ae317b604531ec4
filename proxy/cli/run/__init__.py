"""`keyless run`: serves until it's told to stop.

The table that it prints delays neither listening nor an answer: tokens are got behind it, and a thread prints it.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from proxy import __version__, logs
from proxy.app import Service
from proxy.cli.kit import shown
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
    row_lines,
    warning_lines,
)
from proxy.cli.kit.stop import ENDING, on_signals
from proxy.cli.run import workers
from proxy.cli.sandbox import standing_by
from proxy.config.loaded import Loaded
from proxy.process.garbage import settle, undisturbed
from proxy.process.reload import Reloader, Replace

WorkerOption = Annotated[int | None, typer.Option(hidden=True)]
Reloading = Callable[[Replace], Reloader]

_STOPPING = "stopping\n"

app = command_app()


@app.command()
def run(
    config: ConfigOption = DEFAULT_CONFIG,
    reload: Annotated[bool, typer.Option("--reload", help="Take over changes of the config files at once.")] = False,
    strict: StrictOption = False,
    worker: WorkerOption = None,
) -> None:
    """Serve the config's routes until SIGINT or SIGTERM, which let running requests end; a second one doesn't."""
    if worker is not None:
        post = workers.take_post(worker)
        _run(workers.work(*post))
        return
    began = time.time()
    loaded = load_or_exit(config, strict=strict)
    logs.configure(loaded.config.log)
    check_or_exit(loaded)
    count = workers.how_many(loaded.config.workers)
    if count == 1:
        _run(_serve(loaded, config, _reloader(loaded, config, reload, began)))
    else:
        # Not on uvloop: it starts no process in a group of its own, and nothing here has to be fast.
        asyncio.run(_supervise(loaded, config, count, _reloader(loaded, config, reload, began)))


def _reloader(loaded: Loaded, path: Path, reload: bool, began: float) -> Reloading:
    return lambda replace: Reloader(loaded, replace, path if reload else None, began, undisturbed)


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


async def _serve(loaded: Loaded, path: Path, reloader: Reloading) -> None:
    told = on_signals()
    with Announcer() as announcer:
        async with standing_by(loaded.config) as sandbox, Service(loaded) as service:
            service.started()
            settle()
            try:
                listeners = await service.listen()
            except OSError as error:
                fail(f"can't listen: {error.strerror or error}")
            announcer.say(partial(introduction, loaded, path, [listener.url for listener in listeners], sandbox))
            async with reloader(service.replace):
                await told.wait()
            announcer.say(_STOPPING)


async def _supervise(loaded: Loaded, path: Path, count: int, reloader: Reloading) -> None:
    supervisor = workers.supervisor(loaded, path, count)
    # A hang-up ends what is served, as it does with one process; but it drains.
    told = on_signals((*ENDING, signal.SIGHUP), at_once=supervisor.abandon)
    with Announcer() as announcer:
        async with standing_by(loaded.config) as sandbox, supervisor:
            listeners = await workers.listen(supervisor, told)
            if listeners:
                urls = [listener.url for listener in listeners]
                announcer.say(partial(introduction, loaded, path, urls, sandbox, count))
                async with reloader(supervisor.replace):
                    await told.wait()
            announcer.say(_STOPPING)


def introduction(loaded: Loaded, path: Path, urls: list[str], sandbox: str, count: int = 1) -> str:
    """Where, which routes, what is ready, and how to look after it."""
    config, hidden = loaded.config, shown.Mask(shown.secrets_of(loaded))
    several = f", {count} workers" if count > 1 else ""
    rows = [
        (prefix, shown.url(route.upstream, hidden), route.provider, _readiness(loaded, route.provider))
        for prefix, route in config.routes.items()
    ]
    lines = [
        f"keyless {__version__} on {', '.join(urls)} ({path}{several})",
        *([sandbox] if sandbox else ()),
        *row_lines(rows or [("no routes",)]),
        *warning_lines(loaded),
        f"status: `keyless status`, or {urls[0]}{config.admin.path}status. Ctrl-C stops.",
    ]
    return "\n".join((*lines, ""))


def _readiness(loaded: Loaded, provider: str) -> str:
    if provider in loaded.unconfigured:
        return loaded.unconfigured[provider].asleep()
    if provider not in loaded.config.providers:
        return "ready, without a credential"
    by_person = getattr(loaded.config.providers[provider], "by_person", False)
    return f"ready once someone has logged in: `keyless login {provider}`" if by_person else "ready"
