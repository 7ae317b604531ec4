"""Reads secrets again while the proxy runs, and with `--reload` the whole config; hands on what has changed.

Owns: when to look, what is said of it, and that what can't be read changes nothing (docs/traps.md 40). Must not know:
what becomes of a new config (succession.py), what a secret is.

Files are watched by their folders, since editors and Kubernetes replace them: whatever happens there, it is the files'
own stamps that tell. What can't be watched is asked every `secrets.reread`; what failed, sooner.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any, NamedTuple, Self

import structlog

from proxy.config.load import again, load
from proxy.config.loaded import Loaded
from proxy.errors import ConfigError
from proxy.process.changes import Changes, changed_secrets, changes, check_listeners, need_a_restart
from proxy.tasks import Tasks

log = structlog.get_logger("keyless.reload")

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

_COARSE = 0.05
"""Seconds that a file system's clock may be behind."""

Stamps = dict[str, object]
Replace = Callable[[Loaded, Changes], Awaitable[None]]


class News(NamedTuple):
    """What was read, and all that is to be said of it: compared in a thread, as large configs take their time."""

    fresh: Loaded
    different: Changes
    secrets: Changes
    restart: list[str]


class Reloader:
    """`replace` is given each config that differs from the last, and whose secrets are others, to be written down.

    `path`: the config file, if it's to be read again.
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
    ) -> None:
        self._first = self._loaded = loaded
        self._replace = replace
        self._path = path
        self._quietly = quietly
        self._stamps: Stamps | None = None if _touched(loaded.files, since) else self._look()
        self._stirred = asyncio.Event()
        self._moved = asyncio.Event()
        self._tasks = Tasks()
        self._retry = FIRST_RETRY
        self._broken = ""
        self._kept: tuple[str, ...] = ()
        self._unwatched = ""

    async def __aenter__(self) -> Self:
        self._tasks.spawn(self._watching(), "watch the config's files")
        self._tasks.spawn(self._running(), "read secrets again")
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._tasks.close()

    # -------------------------------------------------------------- when

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
            if self._look() != self._stamps or (is_due and self._loaded.asks_outside):
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
            folders = _folders(self._loaded.files)
            try:
                async for _ in watchfiles.awatch(*folders, stop_event=self._moved, **_WATCH):
                    self._stirred.set()
            except (OSError, RuntimeError) as error:  # too many watches, or a folder that went away just now
                self._complain(f"{type(error).__name__}")
                await asyncio.sleep(min(FIRST_RETRY, self._loaded.config.secrets.reread))

    def _complain(self, why: str) -> None:
        if self._unwatched != why:
            log.warning("files can't be watched; they are looked at now and then", reason=why)
        self._unwatched = why

    def _look(self) -> Stamps:
        """What is different when a file is, however it was replaced."""
        stamps: Stamps = {str(path): _stamp(path) for path in self._loaded.files}
        if self._path is not None:  # a new file may be one that `include` takes
            stamps |= {f"{folder}/*": _names(folder) for folder in {path.parent for path in self._loaded.files}}
        return stamps

    # -------------------------------------------------------------- what

    async def reread(self) -> bool:
        """Read again now. True if something has changed."""
        self._stamps = self._look()
        with self._quietly():
            return await self._take_over()

    async def _take_over(self) -> bool:
        try:
            news = await asyncio.to_thread(self._read)
            if news.different:
                await self._replace(news.fresh, news.secrets)
        except ConfigError as error:
            self._refuse(error)
            return False
        if self._broken:
            log.info("the config can be read again")
            self._broken = ""
        self._tell_kept(news.fresh.kept)
        before, self._loaded = self._loaded, news.fresh
        if before.files != news.fresh.files:
            self._stamps = self._look()
            self._moved.set()
        self._tell(news)
        if need_a_restart(before, news.fresh):
            log.warning("some changes need a restart", settings=news.restart)
        retired = [before]
        del before
        await asyncio.to_thread(retired.clear)  # to free a large config takes a while
        return bool(news.different)

    def _read(self) -> News:
        """In a thread: sources may take their time. Raises ConfigError."""
        before, fresh = self._loaded, self._load()
        check_listeners(self._first, fresh)
        secrets = changed_secrets(before, fresh, self._path is not None)
        return News(fresh, changes(before, fresh), secrets, need_a_restart(self._first, fresh))

    def _load(self) -> Loaded:
        written = self._loaded.written
        if self._path is None or written is None:
            return again(self._loaded)
        how = {"environ": written.environ, "catalogue": written.catalogue}
        return load(self._path, strict=written.strict, known=self._loaded.values, **how)  # type: ignore[arg-type]

    # -------------------------------------------------------------- what is said

    def _refuse(self, error: ConfigError) -> None:
        """Once, however often it is tried."""
        if str(error) != self._broken:
            problems = [str(problem) for problem in error.problems]
            log.error("the config can't be used as it is now; what was read before stays in service", problems=problems)
        self._broken = str(error)

    def _tell_kept(self, kept: tuple[str, ...]) -> None:
        if kept and kept != self._kept:
            log.warning("secrets can't be read any more; their last values stay in use", sources=list(kept))
        elif self._kept and not kept:
            log.info("secrets can be read again")
        self._kept = kept

    def _tell(self, news: News) -> None:
        """Names only. What is new about a provider because of its secret is said by the audit log."""
        different = dict(news.different)
        if self._path is None:
            of_secrets = {"providers_changed": news.secrets.get("providers", ()), "providers_added": ()}
            different = {what: _without(names, of_secrets.get(what, ())) for what, names in different.items()}
            different.pop("settings", None)
        if different := {what: names for what, names in different.items() if names}:
            log.info("config reloaded", **different)


def _without(names: Iterable[str], others: Iterable[str]) -> list[str]:
    left_out = frozenset(others)
    return [name for name in names if name not in left_out]


def _touched(files: Iterable[Path], since: float) -> bool:
    """Whether one of them, or the folder where a link is swapped, has changed later than that; rather too often."""
    for place in {place for path in files for place in (path, path.parent)}:
        with suppress(OSError, ValueError):
            if max(place.stat().st_ctime, place.lstat().st_ctime) > since - _COARSE:
                return True
    return False


def _stamp(path: Path) -> object:
    try:
        stat = path.stat()
    except (OSError, ValueError):
        return None
    return stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_size


def _names(folder: Path) -> object:
    return tuple(sorted(str(path) for path in folder.glob("*.y*ml")))


def _folders(files: Iterable[Path]) -> set[Path]:
    """Where each file lies, and what it leads to; of a folder that isn't there, the one above."""
    folders = set()
    for place in {place for path in files for place in (path, _real(path))}:
        folder = place.parent
        while not folder.is_dir() and folder != folder.parent:
            folder = folder.parent
        folders.add(folder)
    return folders


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError):  # a link that leads to itself
        return path
