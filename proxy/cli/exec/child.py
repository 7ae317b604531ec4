"""The program as a child that has the terminal to itself: its signals, its stops and its end are passed on as they are.

Owns: the process. Must not know: why it is run, what serves it meanwhile.

It stays in this process's group, so that the terminal speaks to it directly: what Ctrl-C, Ctrl-\\, Ctrl-Z and a resize
send reaches it without us, and is not sent a second time. When it stops, so does this process, which is what the shell
waits for.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

MISSING, UNFIT = 127, 126
"""What shells say of a program that isn't there, and of one that can't be run."""

_OF_TERMINAL = (signal.SIGINT, signal.SIGQUIT, signal.SIGWINCH)
_PASSED_ON = (*_OF_TERMINAL, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCONT)
_STOPS = (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
_IGNORED_BY_PYTHON = [signal.SIGPIPE, signal.SIGXFSZ]


class Unstartable(Exception):  # noqa: N818 -- it says what is the case
    """In a shell's words; `code` is its exit code."""

    def __init__(self, text: str, code: int) -> None:
        self.code = code
        super().__init__(text)


def unstartable(command: str, error: OSError) -> Unstartable:
    if isinstance(error, FileNotFoundError):
        words = error.strerror if "/" in command else "command not found"
        return Unstartable(f"{command}: {words}", MISSING)
    return Unstartable(f"{command}: {error.strerror}", UNFIT)


class Child:
    """`ended()` once; while it runs, signals to this process are its."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        """Starts it. Raises Unstartable."""
        self._loop = asyncio.get_running_loop()
        self._status: asyncio.Future[int] = self._loop.create_future()
        self._handled: list[int] = []
        self._listen()
        try:
            self.pid = os.posix_spawnp(command[0], list(command), dict(environ), setsigdef=_IGNORED_BY_PYTHON)
        except OSError as error:
            self._listen_no_more()
            raise unstartable(command[0], error) from None

    async def ended(self) -> int:
        """Its wait status."""
        self._look()  # it may have ended before anybody listened
        try:
            return await self._status
        finally:
            self._listen_no_more()

    def _listen(self) -> None:
        for number in _PASSED_ON:
            self._handle(number, partial(self._pass_on, number))
        for number in _STOPS:  # it stops because of its own; we because of it
            self._handle(number, lambda: None)
        self._handle(signal.SIGCHLD, self._look)

    def _handle(self, number: int, handler: partial[None] | object) -> None:
        """What was ignored when we were started stays ignored, for the child, too."""
        if signal.getsignal(number) is not signal.SIG_IGN:
            self._loop.add_signal_handler(number, handler)  # type: ignore[arg-type]
            self._handled.append(number)

    def _listen_no_more(self) -> None:
        for number in self._handled:
            self._loop.remove_signal_handler(number)
        self._handled.clear()

    def _pass_on(self, number: int) -> None:
        if number in _OF_TERMINAL and has_terminal():
            return
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def _look(self) -> None:
        while not self._status.done():
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
            if pid == 0:
                return
            if os.WIFSTOPPED(status):
                self._stop()
            else:
                self._status.set_result(status)

    def _stop(self) -> None:
        """Until the shell continues this process; where none would, the kernel takes no notice (an orphaned group)."""
        self._loop.remove_signal_handler(signal.SIGTSTP)
        os.kill(os.getpid(), signal.SIGTSTP)
        self._handle(signal.SIGTSTP, lambda: None)


def has_terminal() -> bool:
    """Whether this process group is the one that the terminal speaks to."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def end_as(status: int) -> int:
    """The exit code; or the end by the same signal, without a core of ours."""
    if os.WIFEXITED(status):
        return os.WEXITSTATUS(status)
    number = os.WTERMSIG(status)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return 128 + number
