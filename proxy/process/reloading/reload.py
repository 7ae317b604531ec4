"""Reads config and secrets again while the proxy runs; hands on what has changed.

Owns: when to look, and that what can't be read changes nothing (docs/traps.md 40). Must not know: what is said of it
(tidings.py), what becomes of a new config (succession.py), what a secret is.

What an edit may not bring unasked (held_back.py) is held back until the operator asks for a reload, as SIGHUP does.

Files are watched by their folders, since editors and Kubernetes replace them: whatever happens there, it is the files'
own stamps that tell. What can't be watched is asked every `secrets.reread`; what failed, sooner.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Self

from proxy.config.load import again, load
from proxy.config.loaded import Loaded
from proxy.errors import ConfigError, HeldBack, Problem
from proxy.logger import get_logger
from proxy.logs.bugs import kind
from proxy.process.reloading.changes import (
    Changes,
    changed_secrets,
    changes,
    check_listeners,
    need_a_restart,
    without_secrets,
)
from proxy.process.reloading.held_back import check_commands, check_hosts
from proxy.process.reloading.stamps import Stamps, folders_of, stamps, stamps_of_names, touched
from proxy.process.reloading.tidings import Tidings
from proxy.tasks import Tasks, aside, freed

log = get_logger("keyless.reload")

FIRST_RETRY = 5.0
_WATCH: dict[str, Any] = {
    "watch_filter": None,
    "recursive": False,
    "step": 50,  # milliseconds of quiet after a change: who writes a file in two pieces is done by then
    "debounce": 400,
    # What changes before the watch is up makes no event, nor does anything on some network file systems.
    "yield_on_timeout": True,
    "rust_timeout": 1000,
}

_EMPTY = "nothing stands there; somebody may be about to write it, or it is a pipe that was read already"

Replace = Callable[[Loaded, Changes], Awaitable[None]]


class News(NamedTuple):
    """What was read, and all that is to be said of it: compared in a thread, as large configs take their time."""

    fresh: Loaded
    different: Changes
    secrets: Changes
    restart: list[str]
    whole: bool
    held_back: tuple[str, ...] = ()


class Reloader:
    """`replace` is given each config that differs from the last, and whose secrets are others, to be written down.

    `path`: the config file, if it's to be read again; `unasked`: also without `ask`.
    `since`: Unix time from before it was loaded. What has changed after that may have been read too early. `quietly`
    is entered around each reading.
    """

    def __init__(
        self,
        loaded: Loaded,
        replace: Replace,
        path: Path | None = None,
        since: float = math.inf,
        quietly: Callable[[], AbstractContextManager[None]] = nullcontext,
        unasked: bool = True,
    ) -> None:
        self._first = self._loaded = loaded
        self._replace = replace
        self._path = path
        self._quietly = quietly
        self._unasked = unasked and path is not None
        self._asked = False
        self._stamps: Stamps | None = None if touched(loaded.files, since) else self._look()
        self._stirred = asyncio.Event()
        self._moved = asyncio.Event()
        self._tasks = Tasks()
        self._retry = FIRST_RETRY
        self.tidings = Tidings(self.ask)

    async def __aenter__(self) -> Self:
        self._tasks.spawn(self._watching(), "watch the config's files")
        self._tasks.spawn(self._running(), "read secrets again")
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._tasks.close()

    # -------------------------------------------------------------- when

    def ask(self) -> None:
        """Read all of it again, and take over whatever it says: the operator has said so."""
        self._asked = True
        self._stirred.set()

    async def _running(self) -> None:
        clock = asyncio.get_running_loop().time
        due = clock() + self._pause()
        if self._stamps is None:
            self._stirred.set()
        while True:
            # Not wait_for: before Python 3.12 it may swallow a cancellation that comes with the event.
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._stirred.wait()
            self._stirred.clear()
            is_due = clock() >= due
            if self._asked:
                self._asked = False
                await self.reread(asked=True)
                is_due = True
            elif self._look() != self._stamps or (is_due and self._loaded.asks_outside):
                await self.reread()
                is_due = True
            if is_due:
                due = clock() + self._pause()

    def _pause(self) -> float:
        """Seconds until the sources that can't be watched are asked again."""
        usual = self._loaded.config.secrets.reread
        if not self._loaded.fails:
            self._retry = FIRST_RETRY
            return usual
        pause, self._retry = self._retry, self._retry * 2
        return min(usual, pause)

    async def _watching(self) -> None:
        import watchfiles  # noqa: PLC0415 -- not at every start of a command

        while True:
            self._moved.clear()
            folders = folders_of(self._loaded.files)
            try:
                async for _ in watchfiles.awatch(*folders, stop_event=self._moved, **_WATCH):
                    self._stirred.set()
            except (OSError, RuntimeError) as error:  # too many watches, or a folder that went away just now
                self.tidings.unwatched(type(error).__name__)
                await asyncio.sleep(min(FIRST_RETRY, self._loaded.config.secrets.reread))

    def _look(self) -> Stamps:
        """What is different when a file is, however it was replaced."""
        files = self._loaded.files
        return stamps(files) | (stamps_of_names(files) if self._unasked else {})

    # -------------------------------------------------------------- what

    async def reread(self, asked: bool = False) -> bool:
        """Read again now. True if something has changed."""
        self._stamps = self._look()
        with self._quietly():
            try:
                return await self._take_over(asked)
            except Exception as error:
                # A bug here must not end the reloading for good. Its message may quote a secret.
                self.tidings.broken(f"internal error, please report it: {kind(error)}")
                return False

    async def _take_over(self, asked: bool) -> bool:
        try:
            news = await aside(self._read, asked)
            if news.held_back:
                return await self._hold_back(news.held_back)
            if news.different or self._loaded.held_back:
                await self._replace(news.fresh, news.secrets)
        except ConfigError as error:
            self.tidings.broken(*map(str, error.problems))
            return False
        before, self._loaded = self._loaded, news.fresh
        if before.files != news.fresh.files:
            self._stamps = self._look()
            self._moved.set()
        told = news.different if news.whole else without_secrets(news.different, news.secrets)
        self.tidings.taken(told, news.restart, news.fresh.kept, before.kept)
        if news.restart and need_a_restart(before, news.fresh):
            log.warning("some changes need a restart", settings=news.restart)
        retired = [before]
        del before
        await freed(retired)
        return bool(news.different)

    def _read(self, asked: bool) -> News:
        """In a thread: sources may take their time. Raises ConfigError."""
        before, whole = self._loaded, self._path is not None and (asked or self._unasked)
        try:
            fresh = self._load(whole, asked)
            check_listeners(self._first, fresh)
            if not asked:
                check_commands((self._first, before), fresh)
                check_hosts((self._first, before), fresh)
        except HeldBack as held:
            return News(before, {}, {}, [], whole, held.reasons)
        secrets = changed_secrets(before, fresh, whole)
        return News(fresh, changes(before, fresh), secrets, need_a_restart(self._first, fresh), whole)

    def _load(self, whole: bool, asked: bool) -> Loaded:
        loaded, written = self._loaded, self._loaded.written
        permitted = None if asked else self._first.commands | loaded.commands
        if not whole or self._path is None or written is None:
            return again(loaded, commands=permitted)
        fresh = load(
            self._path,
            environ=written.environ,
            strict=written.strict,
            catalogue=written.catalogue,
            known=loaded.values,
            commands=permitted,
        )
        if fresh.written is not None and not fresh.written.document.tree and written.document.tree:
            raise ConfigError([Problem(str(self._path), 1, "config", _EMPTY)])
        return fresh

    async def _hold_back(self, reasons: tuple[str, ...]) -> bool:
        """Said once, however often it is tried; who looks at the status sees it, too."""
        if reasons != self._loaded.held_back:
            self.tidings.held_back(reasons)
            self._loaded = replace(self._loaded, held_back=reasons)
            await self._replace(self._loaded, {})
        return False
